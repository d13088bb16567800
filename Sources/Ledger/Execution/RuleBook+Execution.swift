package import Primitives
import Wire

extension RuleBook {
    /// Makes the block of these transactions on `parent`, whose state is `view` (seam: prepare, and the first half of
    /// process).
    ///
    /// - Throws: `BlockFault` when the transactions or the time cannot make a block at all.
    package func execute(
        _ transactions: [Verified<ParsedTransaction>], recovery: Verified<RecoveryDocument>? = nil,
        at time: Timestamp, on parent: LedgerTip, over view: any StateView, with hash: inout some Hashing
    ) throws(BlockFault) -> ExecutedBlock {
        guard time > parent.record.time else { throw .timeNotLater }  // LG-20
        let parsed = transactions.map(\.value)
        let outcome: Result<ExecutedBlock, BlockFault>
        do throws(StateError) {
            outcome = try run(parsed, recovery?.value, at: time, on: parent, over: view, with: &hash)
        } catch {
            throw .state(error)
        }
        return try outcome.get()
    }

    /// Makes a proposer's block: like `execute`, but a transaction that may not stand in a block at `time` is left out
    /// and named, with its fault, instead of spoiling the block (seam: prepare).
    ///
    /// - Throws: `BlockFault.timeNotLater`, `.tooManyTransactions`, `.tooLarge` or `.state`.
    package func prepare(
        _ candidates: [Verified<ParsedTransaction>], recovery: Verified<RecoveryDocument>? = nil,
        at time: Timestamp, on parent: LedgerTip, over view: any StateView, with hash: inout some Hashing
    ) throws(BlockFault) -> (block: ExecutedBlock, faults: [(id: TransactionID, fault: TransactionFault)]) {
        var fit: [Verified<ParsedTransaction>] = []
        var faults: [(id: TransactionID, fault: TransactionFault)] = []
        var seen: Set<TransactionID> = []
        do throws(StateError) {
            let execution = try begin(recovery?.value, at: time, on: parent, over: view)
            for candidate in candidates {
                let fault = try execution.fault(of: candidate.value)
                let id = candidate.value.id
                if let fault {
                    faults.append((id, fault))
                } else if seen.insert(id).inserted {
                    fit.append(candidate)
                }
            }
        } catch {
            throw .state(error)
        }
        return (try execute(fit, recovery: recovery, at: time, on: parent, over: view, with: &hash), faults)
    }

    /// Who decides now, and who would from the next validator epoch on: what the engine votes with.
    package static func validatorLists(
        from view: any StateView
    ) throws(StateError) -> (current: ValidatorList, next: ValidatorList) {
        (
            try read(ValidatorList.self, StateKey(.validators), from: view),
            try read(ValidatorList.self, StateKey(.nextValidators), from: view)
        )
    }

    /// Executes a proposed block and holds its record against what came of it (seam: process; rule LG-25).
    ///
    /// - Throws: `BlockFault` when the block is invalid.
    package func process(
        _ record: Record, _ transactions: [Verified<ParsedTransaction>],
        recovery: Verified<RecoveryDocument>? = nil, on parent: LedgerTip, over view: any StateView,
        with hash: inout some Hashing
    ) throws(BlockFault) -> ExecutedBlock {
        guard record.parent == parent.recordID, record.chain == chain else { throw .otherRecord }
        let executed = try execute(
            transactions, recovery: recovery, at: record.time, on: parent, over: view, with: &hash)
        guard executed.record == record else { throw .otherRecord }
        return executed
    }

    /// The state and record of height 0: what the genesis document says, with no transaction. The shell commits it
    /// like any finalised block.
    package func genesisBlock(with hash: inout some Hashing) throws(StateError) -> ExecutedBlock {
        let store = MemoryState()
        var list: [ValidatorList.Entry] = []
        var registrars: UInt64 = 0
        var entries: [(MemberID, MemberEntry)] = []
        for signed in genesis.members {
            let registration = signed.registration
            let id = signed.memberID(with: &hash)
            entries.append((id, MemberEntry(keys: registration.keys, roles: registration.roles, since: .zero)))
            if registration.roles.contains(.registrar) { registrars += 1 }
            if registration.roles.contains(.validator) {
                list.append(ValidatorList.Entry(member: id, key: registration.keys.sign))
            }
        }
        let validators = ValidatorList(epoch: .zero, list)
        var execution = Execution(
            rules: self, view: store, height: .zero, time: genesis.time, validators: validators,
            limits: genesis.limits, epochEnd: Height(genesis.limits.epochHeights))
        for (id, entry) in entries {
            execution.set(StateKey(.member, id), entry)
            for key in entry.keys.signingKeys {
                execution.set(StateKey(.signingKey, key), OwnerEntry(member: id))
            }
        }
        execution.set(StateKey(.registrars), RegistrarsEntry(count: registrars))
        execution.set(StateKey(.validators), validators)
        execution.set(StateKey(.nextValidators), ValidatorList(epoch: ValidatorEpoch(1), list))
        execution.set(StateKey(.limits), LimitsEntry(now: genesis.limits, next: genesis.limits))
        for keys in genesis.threshold { execution.set(Self.thresholdKey(keys.purpose), keys) }
        return try close(execution, nil, [], [], on: nil, with: &hash)
    }

    /// Where the public side of a threshold key stands.
    package static func thresholdKey(_ purpose: ThresholdPurpose) -> StateKey {
        StateKey(.thresholdKeys, number: UInt64(purpose.rawValue))
    }

    private func run(
        _ transactions: [ParsedTransaction], _ recovery: RecoveryDocument?, at time: Timestamp,
        on parent: LedgerTip, over view: any StateView, with hash: inout some Hashing
    ) throws(StateError) -> Result<ExecutedBlock, BlockFault> {
        if let recovery, let fault = try fault(of: recovery, on: parent, over: view) {
            return .failure(.recovery(fault))
        }
        var execution = try begin(recovery, at: time, on: parent, over: view)
        guard UInt64(transactions.count) <= execution.limits.blockTransactions else {  // LG-21
            return .failure(.tooManyTransactions)
        }
        guard transactions.reduce(0, { $0 + UInt64($1.bytes.count) }) <= execution.limits.blockBytes else {
            return .failure(.tooLarge)
        }
        var results: [TransactionResult] = []
        results.reserveCapacity(transactions.count)
        for (index, transaction) in transactions.enumerated() {
            if let fault = try execution.fault(of: transaction) {
                return .failure(.transaction(index: index, fault))
            }
            results.append(try execution.run(transaction, with: &hash))
        }
        return .success(try close(execution, recovery, transactions, results, on: parent, with: &hash))
    }

    /// Computes the roots and the record (rules LG-23 and LG-24).
    private func close(
        _ execution: Execution, _ recovery: RecoveryDocument?, _ transactions: [ParsedTransaction],
        _ results: [TransactionResult],
        on parent: LedgerTip?, with hash: inout some Hashing
    ) throws(StateError) -> ExecutedBlock {
        var log = parent?.log ?? MerkleFrontier()
        let logNodes = Audit.append(transactions, results, at: execution.height, to: &log, with: &hash)
        var changes: [StateTree.Change] = []
        changes.reserveCapacity(execution.writes.count)
        for (key, value) in execution.writes {
            changes.append(
                StateTree.Change(key: key.hashed(with: &hash), value: value.map { hash.digest($0) }))
        }
        let tree = try StateTree.update(
            parent?.state, with: changes, version: execution.height, in: execution.view, with: &hash)
        let next = try execution.nextValidatorList()
        let record = Record(
            time: execution.time, chain: chain, epoch: execution.validators.epoch, height: execution.height,
            parent: parent?.recordID, transactionRoot: Audit.transactionRoot(transactions, with: &hash),
            logRoot: log.root(with: &hash), logSize: log.size, epochEnd: execution.epochEnd, stateRoot: tree.rootHash,
            resultsRoot: Audit.resultsRoot(transactions, results, with: &hash),
            validatorSet: execution.validators.digest(with: &hash), nextValidatorSet: next.digest(with: &hash))
        let tip = LedgerTip(record: record, recordID: record.cid(with: &hash), log: log, state: tree.root)
        return ExecutedBlock(
            tip: tip, recovery: recovery, transactions: transactions, results: results, writes: execution.writes,
            tree: tree,
            logNodes: logNodes, memories: execution.memories)
    }

    /// A value that every state has.
    static func read<Entry: WireObject>(
        _ type: Entry.Type, _ key: StateKey, from view: any StateView
    ) throws(StateError) -> Entry {
        guard let bytes = try view.value(for: key) else { throw .unreadable(key) }
        do throws(WireError) {
            return try Entry(decoding: bytes)
        } catch {
            throw .unreadable(key)
        }
    }
}

extension Execution {
    /// Who would decide from the next validator epoch on, as things stand after this block.
    func nextValidatorList() throws(StateError) -> ValidatorList {
        let key = StateKey(.nextValidators)
        guard let written = writes[key], let bytes = written else {
            return try RuleBook.read(ValidatorList.self, key, from: view)
        }
        do throws(WireError) {
            return try ValidatorList(decoding: bytes)
        } catch {
            throw .unreadable(key)
        }
    }
}
