import EventLoop
import Kademlia
import Links
import Primitives
import Wire

/// Puts its members' records again and again while they live, so that they stay with the nodes that are closest now.
/// The records are signed by their writers: a home node can repeat one, and neither change nor prolong it.
actor RecordKeeper {
    /// Records of all members.
    static let recordsMax = 10_000
    /// Records of one member: its numbers, each in at most two location epochs.
    static let perMemberMax = 8
    static let repeatEvery = Duration.seconds(600)

    private struct Kept {
        let object: SignedObject
        let evidence: [UInt8]
        let member: MemberID
        let expiry: Timestamp
    }

    private let dht: DHTNode
    private var kept: [DHTKey: Kept] = [:]
    private var rounds: Task<Void, Never>?

    init(dht: DHTNode) { self.dht = dht }

    /// Takes a record to keep; false when the member, or the node, has as many as may be.
    func keep(_ object: SignedObject, _ record: StoredRecord, evidence: [UInt8], for member: MemberID) -> Bool {
        let now = SystemTime.utc
        kept = kept.filter { $0.value.expiry > now }
        let others = kept.filter { $0.key != record.location }
        guard others.count < Self.recordsMax, others.values.count(where: { $0.member == member }) < Self.perMemberMax
        else { return false }
        kept[record.location] = Kept(object: object, evidence: evidence, member: member, expiry: record.expiry)
        if rounds == nil {
            rounds = Task { [weak self] in  // Ended by `stop`.
                while !Task.isCancelled {
                    do { try await Task.sleep(for: Self.repeatEvery) } catch { return }
                    await self?.putAgain()
                }
            }
        }
        return true
    }

    func forget(_ location: DHTKey) { kept[location] = nil }

    func stop() {
        rounds?.cancel()
        rounds = nil
        kept = [:]
    }

    private func putAgain() async {
        let now = SystemTime.utc
        kept = kept.filter { $0.value.expiry > now }
        for (_, entry) in kept.sorted(by: { $0.key < $1.key }) {
            // A put that fails is made up for by the next round.
            _ = try? await dht.put(entry.object, evidence: entry.evidence)
        }
    }
}
