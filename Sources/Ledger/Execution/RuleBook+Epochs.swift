import Primitives
import Wire

/// What happens between two validator epochs: clauses LG-22, LG-58 and LG-112.
extension RuleBook {
    /// Evidence is taken of the validator epoch that runs and of so many before it.
    package static let epochsAnswered: UInt64 = 8

    /// The limits of the block after `parent`, whose state is `view`: those of genesis, as votes have changed them.
    package static func limits(
        after parent: LedgerTip, from view: any StateView
    ) throws(StateError) -> NetworkLimits {
        let entry = try read(LimitsEntry.self, StateKey(.limits), from: view)
        return parent.record.endsEpoch ? entry.next : entry.now
    }

    /// The execution of a block that does not exist yet, with the validators and limits that would decide it.
    ///
    /// - Parameter recovery: begins a validator epoch here, whether or not one was due (rule LG-133).
    func begin(
        _ recovery: RecoveryDocument?, at time: Timestamp, on parent: LedgerTip, over view: any StateView
    ) throws(StateError) -> Execution {
        let entry = try Self.read(LimitsEntry.self, StateKey(.limits), from: view)
        let limits = parent.record.endsEpoch ? entry.next : entry.now
        let current = try Self.read(ValidatorList.self, StateKey(.validators), from: view)
        var next: ValidatorList?
        if let recovery {
            next = recovery.statement.list
        } else if parent.record.endsEpoch {
            next = try Self.read(ValidatorList.self, StateKey(.nextValidators), from: view)
        }
        let last = next.map { _ in Height(parent.record.height.rawValue + limits.epochHeights) }
        var execution = Execution(
            rules: self, view: view, height: parent.record.height.next, time: time, validators: next ?? current,
            limits: limits, epochEnd: last ?? parent.record.epochEnd)
        if let recovery {
            execution.set(StateKey(.recovery, number: recovery.statement.list.epoch.rawValue), recovery)
        }
        if next != nil { try turn(&execution, from: current, endsEpoch: parent.record.endsEpoch, entry) }
        var recent = try Self.readIfPresent(RecentRecordsEntry.self, StateKey(.recentRecords), from: view)
        if recent.note(parent.record, parent.recordID) { execution.set(StateKey(.recentRecords), recent) }
        return execution
    }

    /// LG-22: the next set and the next limits take over; LG-112: who is still owed to leave, leaves.
    private func turn(
        _ execution: inout Execution, from old: ValidatorList, endsEpoch: Bool, _ limits: LimitsEntry
    ) throws(StateError) {
        let current = execution.validators
        execution.set(StateKey(.validators), current)
        if endsEpoch, limits.now != limits.next {
            execution.set(StateKey(.limits), LimitsEntry(now: limits.next, next: limits.next))
        }
        execution.set(StateKey(.pastValidators, number: old.epoch.rawValue), old)
        if current.epoch.rawValue > Self.epochsAnswered {
            execution.clear(StateKey(.pastValidators, number: current.epoch.rawValue - Self.epochsAnswered - 1))
        }
        let known = try Self.readIfPresent(CulpritsEntry.self, StateKey(.culprits), from: execution.view).members
        let owed = known.filter { current.entry(of: $0) != nil }
        if owed != known { execution.set(StateKey(.culprits), CulpritsEntry(owed)) }
        let next = without(owed, current.entries, after: current, limits.next)
        execution.set(StateKey(.nextValidators), ValidatorList(epoch: current.epoch.next, next))
    }

    /// LG-58: why these may not be the next set after `current`; nil when they may.
    func failure(
        of entries: [ValidatorList.Entry], after current: ValidatorList, _ limits: NetworkLimits
    ) -> TransactionFailure? {
        let least = max(limits.validatorsMin, genesis.attestersNeeded)
        guard UInt64(entries.count) >= least, UInt64(entries.count) <= limits.validators,
            Set(entries.map(\.key)).count == entries.count
        else { return .changeNotPossible }
        let staying = Set(entries.map(\.member))
        let leaving = current.entries.count { !staying.contains($0.member) }
        return leaving <= Quorum.faultsBorne(by: current.entries.count) ? nil : .tooManyLeave
    }

    /// The set without those of `culprits` that it can spare, in ascending order (rule LG-112).
    func without(
        _ culprits: [MemberID], _ entries: [ValidatorList.Entry], after current: ValidatorList,
        _ limits: NetworkLimits
    ) -> [ValidatorList.Entry] {
        var left = entries
        for culprit in culprits {
            let smaller = left.filter { $0.member != culprit }
            if failure(of: smaller, after: current, limits) == nil { left = smaller }
        }
        return left
    }

    /// A value that some states have; nothing where it is missing.
    private static func readIfPresent<Entry: WireObject & Emptiable>(
        _ type: Entry.Type, _ key: StateKey, from view: any StateView
    ) throws(StateError) -> Entry {
        try view.value(for: key) == nil ? Entry.nothing : read(type, key, from: view)
    }
}

/// An entry of the state that stands for nothing while it is absent.
private protocol Emptiable {
    static var nothing: Self { get }
}

extension RecentRecordsEntry: Emptiable {
    fileprivate static var nothing: RecentRecordsEntry { RecentRecordsEntry() }
}

extension CulpritsEntry: Emptiable {
    fileprivate static var nothing: CulpritsEntry { CulpritsEntry([]) }
}
