import Consensus
import EventLoop
package import Ledger
package import Primitives
import Wire

/// Why a light client does not go on.
package enum FollowError: Error, Sendable {
    /// The node that is followed cannot be asked, or what it says does not hold.
    case node(LightError)
    case store(LightStoreError)
    /// What is remembered is older than the trust period.
    case expired(Timestamp)
    /// Two final records of one height: see the alarm.
    case forked(ForkAlarm)
    /// A checkpoint does not hold.
    case badCheckpoint(ProofFault)
}

/// The shell of a light client: asks one node for what is new, holds it against what witnesses say, and remembers.
///
/// A record is taken when enough witnesses show the very same one, each with a proof that holds. A witness that is
/// silent, behind or wrong does not count and stops nothing but that. One that shows another final record does: then
/// the first height is sought at which the two ledgers part, and the alarm is written to disk before it is raised.
package actor LightFollower {
    /// Witnesses that must agree, of those that there are.
    package static let witnessesNeeded = 2

    /// What one round brought.
    package enum Round: Sendable, Equatable {
        /// The node has nothing newer.
        case unchanged
        /// A newer record was taken; so many witnesses showed the same.
        case advanced(ProvenRecord, witnesses: Int)
        /// A newer record that too few witnesses showed; it was not taken.
        case unconfirmed(ProvenRecord, witnesses: Int)
    }

    package nonisolated let rules: RuleBook
    private let primary: NodeLedger
    private let witnesses: [NodeLedger]
    private let store: LightStore
    private let log: Log
    private var client: LightClient
    private var isBusy = false

    /// Goes on from what the store remembers; otherwise from `checkpoint`, otherwise from the genesis document.
    package init(
        _ rules: RuleBook, primary: NodeLedger, witnesses: [NodeLedger], store: LightStore,
        from checkpoint: LightCheckpoint? = nil, at now: Timestamp = SystemTime.utc, log: Log
    ) async throws(FollowError) {
        self.rules = rules
        self.primary = primary
        self.witnesses = witnesses
        self.store = store
        self.log = log
        let remembered: (LightCheckpoint?, ForkAlarm?)
        do throws(LightStoreError) {
            remembered = (try await store.checkpoint(), try await store.alarm())
        } catch {
            throw .store(error)
        }
        if let alarm = remembered.1 { throw .forked(alarm) }
        do throws(ProofFault) {
            if let start = remembered.0 ?? checkpoint {
                client = try LightClient(rules, from: start, at: now)
            } else {
                client = try LightClient(rules)
            }
        } catch {
            if error == .tooOld, let start = remembered.0 { throw .expired(start.proven.record.time) }
            throw .badCheckpoint(error)
        }
    }

    /// The newest record taken; nil while that is the record of the genesis document.
    package var head: ProvenRecord? { client.head }

    /// Where another client may begin; nil before the first record.
    package var checkpoint: LightCheckpoint? { client.checkpoint }

    /// What stopped this client.
    package var alarm: ForkAlarm? { client.alarm }

    /// Asks once for what is new. One round at a time: a second call meanwhile finds nothing.
    package func round() async throws(FollowError) -> Round {
        if let alarm = client.alarm { throw .forked(alarm) }
        guard !isBusy else { return .unchanged }
        isBusy = true
        defer { isBusy = false }
        let newest = try await record(of: primary, at: nil)
        while client.trail.newest.epoch < newest.record.epoch {
            if let unconfirmed = try await followHandovers(to: newest.record.epoch) { return unconfirmed }
        }
        try check(newest)
        guard newest.record.height > client.head?.record.height ?? .zero else {
            try await holdAgainstHead(newest)
            return .unchanged
        }
        let agreeing = try await confirm(newest)
        guard agreeing >= needed else { return .unconfirmed(newest, witnesses: agreeing) }
        try await advance(to: newest)
        return .advanced(newest, witnesses: agreeing)
    }

    /// How many witnesses show the very record that `proven` is.
    ///
    /// - Throws: `forked` when one shows another final one.
    package func confirm(_ proven: ProvenRecord) async throws(FollowError) -> Int {
        if let alarm = client.alarm { throw .forked(alarm) }
        var agreeing = 0
        for (index, witness) in witnesses.enumerated() {
            guard let other = try? await record(of: witness, at: proven.record.height) else {
                log(.info, "witness_silent", ["witness": .count(index), "height": .counter(proven.record.height)])
                continue
            }
            switch try? client.compare(proven, with: other) {
            case .agrees: agreeing += 1
            case .contradicts(let alarm): throw .forked(try await part(alarm, witness))
            case nil:
                log(.warning, "witness_unproven", ["witness": .count(index), "height": .counter(proven.record.height)])
            }
        }
        return agreeing
    }

    /// How many witnesses must agree.
    package var needed: Int { min(Self.witnessesNeeded, witnesses.count) }

    // MARK: Steps

    private func record(of node: NodeLedger, at height: Height?) async throws(FollowError) -> ProvenRecord {
        do throws(LightError) {
            return try await node.record(at: height).proven
        } catch {
            throw .node(error)
        }
    }

    private func check(_ proven: ProvenRecord) throws(FollowError) {
        do throws(ProofFault) {
            try client.check(proven)
        } catch {
            throw .node(.unproven(method: "ledger.record", error))
        }
    }

    /// Goes some validator epochs further; what it stops at when too few witnesses show the same.
    private func followHandovers(to epoch: ValidatorEpoch) async throws(FollowError) -> Round? {
        let handovers: [Handover]
        do throws(LightError) {
            handovers = try await primary.handovers(from: client.trail.newest.epoch)
        } catch {
            throw .node(error)
        }
        guard !handovers.isEmpty else { throw .node(.unproven(method: "ledger.handovers", .unknownEpoch(epoch))) }
        for handover in handovers {
            let proven = ProvenRecord(record: handover.record, finality: handover.finality)
            try check(proven)
            let agreeing = try await confirm(proven)
            guard agreeing >= needed else { return .unconfirmed(proven, witnesses: agreeing) }
            do throws(ProofFault) {
                try client.follow(handover)
            } catch {
                throw .node(.unproven(method: "ledger.handovers", error))
            }
            if let checkpoint = client.checkpoint { try await save(checkpoint, after: handover) }
        }
        return nil
    }

    private func advance(to newest: ProvenRecord) async throws(FollowError) {
        var growth: [Digest] = []
        if let old = client.head?.record {
            do throws(LightError) {
                growth = try await primary.consistency(from: old.logSize, to: newest.record.logSize).path
            } catch {
                throw .node(error)
            }
        }
        do throws(ProofFault) {
            try client.advance(to: newest, growth: growth)
        } catch {
            // A final record whose log does not begin with the one that was final before: somewhere below they part.
            if error == .logNotExtended, let head = client.head {
                try await holdAgainstHead(try await record(of: primary, at: head.record.height))
            }
            throw .node(.unproven(method: "ledger.record", error))
        }
        if let checkpoint = client.checkpoint { try await save(checkpoint) }
    }

    /// What the node says of the head's own height must be the head.
    private func holdAgainstHead(_ proven: ProvenRecord) async throws(FollowError) {
        guard let head = client.head, proven.record.height == head.record.height else { return }
        guard case .contradicts(let alarm) = try? client.compare(head, with: proven) else { return }
        throw .forked(try await raise(alarm))
    }

    /// Seeks the first height at which the node and a witness part, and stops there.
    private func part(_ found: ForkAlarm, _ witness: NodeLedger) async throws(FollowError) -> ForkAlarm {
        var alarm = found
        var agreed = client.head?.record.height ?? .zero
        while alarm.first.record.height.rawValue > agreed.rawValue + 1 {
            let middle = Height(agreed.rawValue + (alarm.first.record.height.rawValue - agreed.rawValue) / 2)
            guard let one = try? await record(of: primary, at: middle),
                let other = try? await record(of: witness, at: middle),
                let comparison = try? client.compare(one, with: other)
            else { break }
            switch comparison {
            case .agrees: agreed = middle
            case .contradicts(let earlier): alarm = earlier
            }
        }
        return try await raise(alarm)
    }

    /// Writes the alarm to disk, and stops.
    private func raise(_ alarm: ForkAlarm) async throws(FollowError) -> ForkAlarm {
        client.stop(for: alarm)
        log(
            .error, "ledger_forked",
            ["height": .counter(alarm.first.record.height), "culprits": .count(alarm.evidence.count)])
        do throws(LightStoreError) {
            try await store.save(alarm)
        } catch {
            throw .store(error)
        }
        return alarm
    }

    private func save(_ checkpoint: LightCheckpoint, after handover: Handover? = nil) async throws(FollowError) {
        do throws(LightStoreError) {
            try await store.save(checkpoint, after: handover)
        } catch {
            throw .store(error)
        }
    }
}
