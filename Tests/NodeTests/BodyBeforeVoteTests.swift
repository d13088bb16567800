import Consensus
import Crypto
import EventLoop
import Ledger
import Node
import Primitives
import Synchronization
import Testing
import Wire

/// A signer that looks, each time it is asked for a notarize vote, at how often the store was synced.
private final class LookingSigner: VoteSigning {
    private let signer: LocalSigner
    private let chain = Mutex<ChainActor?>(nil)
    private let counts = Mutex<[UInt64]>([])

    init(_ key: SigningKey) { signer = LocalSigner(SoftwareKey(key)) }

    var publicKey: PublicKey { signer.publicKey }
    /// For each notarize vote in turn, the synced writes before it was signed.
    var syncedWrites: [UInt64] { counts.withLock { $0 } }

    func look(at actor: ChainActor?) { chain.withLock { $0 = actor } }

    func signatures(over preimages: [[UInt8]]) -> [Result<Signature, SigningRefusal>] {
        let chain = chain.withLock { $0 }
        for preimage in preimages {
            guard let (kind, _, _) = SigningKind.parse(preimage), kind == .notarize else { continue }
            // Signers are asked on the chain's thread.
            let count = chain?.assumeIsolated { $0.statistics.syncedWrites } ?? 0
            counts.withLock { $0.append(count) }
        }
        return signer.signatures(over: preimages)
    }

    func promises(
        on chain: ChainID, knowing known: [SigningGuard.Promise]
    ) throws(SigningRefusal) -> [SigningGuard.Promise] { try signer.promises(on: chain, knowing: known) }
}

@Suite("The body before the vote", .timeLimit(.minutes(1)), .serialized)
struct BodyBeforeVoteTests {
    @Test("S-7: a block's body is on the disk before the signer has the vote, which it would say again on its own")
    func order() async throws {
        let documents = try Documents(validators: 1)
        let scratch = try Scratch()
        let loop = try EpollLoop(name: "chain")
        let store = try ChainStore(path: scratch.path + "/ledger", rules: documents.rules)
        let node = documents.nodes[0]
        let signer = LookingSigner(node.keys.sign)
        let chain = try ChainActor(
            on: loop, rules: documents.rules, store: store, member: node.member, signer: signer, network: .none,
            log: .silent)
        signer.look(at: chain)
        await chain.start()
        for _ in 0..<3 {
            #expect(try await chain.execute(try documents.admission(), within: .seconds(20)).result == .succeeded)
        }
        await chain.stop()
        signer.look(at: nil)
        loop.stop()
        let counts = signer.syncedWrites
        #expect(counts.count >= 3)
        for (index, count) in counts.enumerated() { #expect(count > index, "notarize vote \(index)") }
    }
}
