import Crypto
package import EventLoop
import Ledger
import Links
import Primitives

extension NodeRuntime {
    /// Why nothing becomes final; nil while all is well.
    package var stallReport: StallReport? {
        get async {
            guard let stall = await chain.stall else { return nil }
            return StallReport(
                stall: stall, connected: Set(await mesh.connectedMembers), member: member,
                freeByteCount: diskSpace?.freeByteCount, names: namesInGenesis)
        }
    }

    private var namesInGenesis: [MemberID: String] {
        var hash = SHA256()
        let pairs = rules.genesis.members.map { ($0.memberID(with: &hash), $0.registration.name) }
        return Dictionary(pairs) { first, _ in first }
    }

    /// Room on the disk of the store.
    package var diskSpace: DiskSpace? { DiskSpace(at: settings.dataPath) }
}
