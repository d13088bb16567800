import Primitives
import Wire

/// Why a transaction stops: a result that is recorded, or a state that cannot be read.
enum Stop: Error {
    case refused(TransactionResult)
    case broken(StateError)

    static func failed(_ failure: TransactionFailure) -> Stop { .refused(.failed(failure)) }
}

/// The transactions of one block, one after the other, over the state of the parent. What a transaction writes is
/// kept aside until it has succeeded, so that a failed one changes nothing (rule LG-10).
struct Execution {
    let rules: RuleBook
    let view: any StateView
    let height: Height
    let time: Timestamp
    /// Who decides this block.
    let validators: ValidatorList
    /// What bounds it: genesis, as votes have changed it.
    let limits: NetworkLimits
    /// The last height of its validator epoch.
    let epochEnd: Height
    private(set) var writes: [StateKey: [UInt8]?] = [:]
    private(set) var memories: [TransactionID: ReplayMemory.Memory] = [:]
    private var pending: [StateKey: [UInt8]?] = [:]
    /// Members of the parent's state that were read already: nearly all transactions are by a few of them.
    private var members: [MemberID: MemberEntry] = [:]
    private static let membersMax = 1_024

    init(
        rules: RuleBook, view: any StateView, height: Height, time: Timestamp, validators: ValidatorList,
        limits: NetworkLimits, epochEnd: Height
    ) {
        self.rules = rules
        self.view = view
        self.height = height
        self.time = time
        self.validators = validators
        self.limits = limits
        self.epochEnd = epochEnd
    }

    // MARK: Entry

    /// The stateless check against this block (rules LG-4 to LG-6): what fails it may stand in no block.
    func fault(of transaction: ParsedTransaction) throws(StateError) -> TransactionFault? {
        let until = transaction.transaction.until
        if until < time { return .expired }  // LG-4
        if until.milliseconds(since: time) > limits.untilWindow { return .tooFarAhead }  // LG-5
        if try result(of: transaction.id) != nil { return .alreadyIncluded }  // LG-6
        return nil
    }

    /// Executes one transaction that passed the stateless check.
    mutating func run(_ parsed: ParsedTransaction, with hash: inout some Hashing) throws(StateError)
        -> TransactionResult
    {
        let result = try attempt(parsed, with: &hash)
        if result == .succeeded {
            writes.merge(pending) { _, new in new }
        }
        memories[parsed.id] = ReplayMemory.Memory(until: parsed.transaction.until, result: result)
        return result
    }

    /// What would become of a transaction, without keeping it.
    mutating func attempt(
        _ parsed: ParsedTransaction, with hash: inout some Hashing
    ) throws(StateError) -> TransactionResult {
        pending.removeAll(keepingCapacity: true)
        do throws(Stop) {
            try dispatch(parsed, with: &hash)
            return .succeeded
        } catch {
            switch error {
            case .refused(let result): return result
            case .broken(let error): throw error
            }
        }
    }

    private mutating func dispatch(_ parsed: ParsedTransaction, with hash: inout some Hashing) throws(Stop) {
        let transaction = parsed.transaction
        if transaction.operation.isByCallKey {
            let seat = try callKey(of: parsed)
            try checkPredecessor(transaction)
            try execute(transaction, key: transaction.from.callKey, seat)
        } else {
            let sender = try member(sending: parsed)
            try checkPredecessor(transaction)
            try execute(parsed, sender, with: &hash)
        }
    }

    /// LG-11: the sender is a member, signed with its current key, and may act.
    private mutating func member(sending parsed: ParsedTransaction) throws(Stop) -> MemberEntry {
        guard let sender = try member(parsed.transaction.from.member) else { throw .failed(.unknownSender) }
        guard sender.keys.sign == parsed.envelope.key else { throw .failed(.wrongKey) }
        guard sender.standing == .active else { throw .failed(.senderNotActive) }
        return sender
    }

    /// What stands for a member now, decoded once for each block unless the block changes it.
    private mutating func member(_ id: MemberID) throws(Stop) -> MemberEntry? {
        let key = StateKey(.member, id)
        guard pending[key] == nil, writes[key] == nil else { return try read(MemberEntry.self, key) }
        if let known = members[id] { return known }
        let entry = try read(MemberEntry.self, key)
        if members.count < Self.membersMax { members[id] = entry }
        return entry
    }

    /// LG-12: the sender is a registered per-call key, and signed itself.
    private func callKey(of parsed: ParsedTransaction) throws(Stop) -> CallKeyEntry {
        let key = parsed.transaction.from.callKey
        guard key == parsed.envelope.key else { throw .failed(.wrongKey) }
        return try require(CallKeyEntry.self, StateKey(.callKey, key), or: .callKeyUnknown)
    }

    /// LG-13: what it comes after has succeeded.
    private func checkPredecessor(_ transaction: Transaction) throws(Stop) {
        guard let after = transaction.after else { return }
        guard try broken({ () throws(StateError) in try result(of: after) }) == .succeeded else {
            throw .failed(.predecessorMissing)
        }
    }

    private mutating func execute(
        _ parsed: ParsedTransaction, _ sender: MemberEntry, with hash: inout some Hashing
    ) throws(Stop) {
        let from = parsed.transaction.from.member
        switch parsed.transaction.operation {
        case .memberAdmit(let op): try admit(op, from, sender, with: &hash)
        case .memberRotate(let op): try rotate(op, from, sender)
        case .memberSuspend(let op): try suspend(op, from, sender)
        case .memberRemove(let op): try remove(op, from, sender)
        case .numberAttest(let op): try attest(op, from)
        case .numberRelease(let op): try release(op, from)
        case .validatorPropose(let op): try propose(op, from, id: parsed.id)
        case .validatorVote(let op): try vote(op, from)
        case .evidence(let op): try record(op, with: &hash)
        case .callCommit(let op): try commit(op, from, sender)
        case .callOpen(let op): try open(op, from, sender, id: parsed.id, with: &hash)
        case .callAccept(let op): try accept(op, from, sender, with: &hash)
        case .callEnd(let op): try end(op, from, sender)
        case .rightsPublish(let op): try publish(op, from)
        case .rightsLimit(let op): try limit(op, from)
        case .rightsGrant(let op): try grant(op, from)
        case .rightsRevoke(let op): try revoke(op, from)
        case .rightsRotate(let op): try rotate(op, from)
        case .rightsLease(let op): try lease(op, from)
        case .erase(.recording(let recording)): try erase(recording, by: from)
        case .consentGive, .consentWithdraw, .recordingSeal, .erase(.callKey):
            preconditionFailure("an operation by a per-call key reached the members' operations")
        }
    }

    private mutating func execute(_ transaction: Transaction, key: PublicKey, _ seat: CallKeyEntry) throws(Stop) {
        switch transaction.operation {
        case .consentGive(let op): try give(op, key, seat)
        case .consentWithdraw(let op): try withdraw(op, key, seat)
        case .recordingSeal(let op): try seal(op, key, seat)
        case .erase(.callKey(let own)):
            guard own == key else { throw .failed(.notOwner) }
            try erase(own, by: seat)
        default: preconditionFailure("a member's operation reached the operations by a per-call key")
        }
    }

    // MARK: State

    /// What stands under a key now; nil when nothing does.
    func read<Entry: WireObject>(_ type: Entry.Type = Entry.self, _ key: StateKey) throws(Stop) -> Entry? {
        let bytes: [UInt8]?
        if let written = pending[key] {
            bytes = written
        } else if let written = writes[key] {
            bytes = written
        } else {
            do throws(StateError) {
                bytes = try view.value(for: key)
            } catch {
                throw .broken(error)
            }
        }
        guard let bytes else { return nil }
        do throws(WireError) {
            return try Entry(decoding: bytes)
        } catch {
            throw .broken(.unreadable(key))
        }
    }

    func require<Entry: WireObject>(
        _ type: Entry.Type = Entry.self, _ key: StateKey, or failure: TransactionFailure
    ) throws(Stop) -> Entry {
        guard let entry = try read(type, key) else { throw .failed(failure) }
        return entry
    }

    mutating func write(_ key: StateKey, _ entry: some WireObject) { pending.updateValue(entry.encoded, forKey: key) }

    mutating func remove(_ key: StateKey) { pending.updateValue(nil, forKey: key) }

    /// A value that genesis or a new validator epoch sets, outside any transaction.
    mutating func set(_ key: StateKey, _ entry: some WireObject) { writes.updateValue(entry.encoded, forKey: key) }

    /// Takes away what stands under a key, outside any transaction.
    mutating func clear(_ key: StateKey) { writes.updateValue(nil, forKey: key) }

    /// What became of a transaction whose `until` is not before this block's time. Older ones count for nothing, even
    /// where they are remembered still: that differs from node to node.
    func result(of id: TransactionID) throws(StateError) -> TransactionResult? {
        if let memory = memories[id] { return memory.result }
        guard let memory = try view.memory(of: id), memory.until >= time else { return nil }
        return memory.result
    }

    private func broken<Value>(_ body: () throws(StateError) -> Value) throws(Stop) -> Value {
        do throws(StateError) {
            return try body()
        } catch {
            throw .broken(error)
        }
    }

    /// LG-14: the sender has the role.
    func demand(_ role: Roles, of sender: MemberEntry) throws(Stop) {
        guard sender.roles.contains(role) else { throw .failed(.roleMissing) }
    }

    /// Whether `member` exists and may act.
    func isActive(_ member: MemberID, _ roles: Roles = []) throws(Stop) -> Bool {
        let key = StateKey(.member, member)
        var entry = pending[key] == nil && writes[key] == nil ? members[member] : nil
        if entry == nil { entry = try read(MemberEntry.self, key) }
        guard let entry else { return false }
        return entry.standing == .active && entry.roles.isSuperset(of: roles)
    }
}

extension Execution {
    /// Whose quota a transaction uses: its sender's, or that of the home node which registered its per-call key
    /// (rule LG-15).
    func charged(for parsed: ParsedTransaction) throws(StateError) -> MemberID {
        guard parsed.transaction.operation.isByCallKey else { return parsed.transaction.from.member }
        let key = StateKey(.callKey, parsed.transaction.from)
        return try RuleBook.read(CallKeyEntry.self, key, from: view).home
    }
}
