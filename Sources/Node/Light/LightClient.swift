import Consensus
import Crypto
package import Ledger
package import Primitives
import Wire

/// Follows a ledger by its records alone, and notices when there are two.
///
/// It begins with the genesis document, or with a checkpoint that is younger than the trust period, and goes from
/// validator epoch to validator epoch by the records that hand over, then to newer records of the epoch it has reached.
/// A record is taken only when the set that it knows made it final and its log begins with the log before. Two records
/// of one height that are both final mean that more than a third of a set signed both: the client takes nothing any
/// more, and keeps the two proofs and the votes in them that contradict each other.
///
/// Pure: who is asked, when, and what the clock says comes from outside.
package struct LightClient: Sendable, Equatable {
    package private(set) var trail: ValidatorTrail
    /// The newest record taken; nil while that is the record of the genesis document.
    package private(set) var head: ProvenRecord?
    /// Set once, for good.
    package private(set) var alarm: ForkAlarm?
    private let trustPeriod: UInt64

    /// What came of a comparison.
    package enum Comparison: Sendable, Equatable {
        case agrees
        /// There are two final records: the client must stop.
        case contradicts(ForkAlarm)
    }

    /// Begins with the genesis document.
    package init(_ rules: RuleBook) throws(ProofFault) {
        trail = try ValidatorTrail(rules)
        trustPeriod = rules.genesis.limits.trustPeriod
    }

    /// Begins with a checkpoint.
    ///
    /// - Throws: `tooOld` beyond the trust period, by which the keys of its validators may have become somebody
    ///   else's; otherwise the fault in it.
    package init(_ rules: RuleBook, from checkpoint: LightCheckpoint, at now: Timestamp) throws(ProofFault) {
        trustPeriod = rules.genesis.limits.trustPeriod
        let record = checkpoint.proven.record
        guard let set = try? ValidatorSet(decoding: checkpoint.list.encoded), set.epoch == record.epoch else {
            throw .otherList
        }
        trail = ValidatorTrail(rules, beginningWith: set)
        var hash = SHA256()
        try trail.check(record, checkpoint.proven.finality, with: &hash)
        guard now.milliseconds(since: record.time) <= trustPeriod else { throw .tooOld }
        head = checkpoint.proven
    }

    /// Where another client, or this one after a restart, may begin; nil before the first record.
    package var checkpoint: LightCheckpoint? {
        guard let head, let set = trail.set(of: head.record.epoch),
            let list = try? ValidatorList(decoding: set.encoded)
        else { return nil }
        return LightCheckpoint(list: list, proven: head)
    }

    /// Whether what it knows is young enough to be led further from.
    package func isFresh(at now: Timestamp) -> Bool {
        guard let head else { return true }
        return now.milliseconds(since: head.record.time) <= trustPeriod
    }

    /// Whether a record is final by a set that this client knows.
    package func check(_ proven: ProvenRecord) throws(ProofFault) {
        var hash = SHA256()
        try trail.check(proven.record, proven.finality, with: &hash)
    }

    /// Goes on to the next validator epoch; its handover's record is then the newest.
    package mutating func follow(_ handover: Handover) throws(ProofFault) {
        if alarm != nil { throw .forked }
        if handover.recovery != nil, let head, head.record.height > handover.record.height {
            throw .recoveredBelow(handover.record.height)
        }
        var hash = SHA256()
        try trail.follow(handover, with: &hash)
        let proven = ProvenRecord(record: handover.record, finality: handover.finality)
        if isNewer(proven.record) { head = proven }
    }

    /// Goes on to a newer record.
    ///
    /// - Parameter growth: shows that its log begins with that of the record before (RFC 9162 section 2.1.4).
    /// - Throws: the fault in it; nothing changes then. A record that is not newer is no fault and changes nothing.
    package mutating func advance(to proven: ProvenRecord, growth: [Digest]) throws(ProofFault) {
        if alarm != nil { throw .forked }
        try check(proven)
        guard isNewer(proven.record) else { return }
        if let old = head?.record {
            var hash = SHA256()
            guard proven.record.time > old.time,
                MerkleTree.isConsistent(
                    oldSize: old.logSize, oldRoot: old.logRoot, newSize: proven.record.logSize,
                    newRoot: proven.record.logRoot, proof: growth, with: &hash)
            else { throw .logNotExtended }
        }
        head = proven
    }

    /// Holds what one node says of a height against what another does.
    ///
    /// - Throws: the fault in either: then nothing can be said.
    package func compare(_ one: ProvenRecord, with other: ProvenRecord) throws(ProofFault) -> Comparison {
        try check(one)
        try check(other)
        guard one.record.height == other.record.height else { throw .wrongHeight }
        if one.record == other.record { return .agrees }
        return .contradicts(ForkAlarm(one, other, in: trail.context))
    }

    /// Stops for good: there are two ledgers, and nobody here can say which is the network's.
    package mutating func stop(for alarm: ForkAlarm) { self.alarm = self.alarm ?? alarm }

    private func isNewer(_ record: Record) -> Bool { record.height > head?.record.height ?? .zero }
}
