internal import Consensus
internal import FoundationEssentials
internal import Ledger
internal import Node
internal import Primitives
internal import RPC

/// What a proof is asked of: a transaction, or a fact by its kind and ids.
enum LedgerSubject: Sendable {
    case transaction(TransactionID)
    case fact(StateKey)

    /// The kinds of facts with the ids that each takes, for help and hints.
    static var kinds: String {
        StatePrefix.allCases.map { prefix in
            prefix.word + String(repeating: " ID", count: prefix.partCount)
        }.joined(separator: ", ")
    }

    init(_ words: [String], chain: ChainID) throws(CommandError) {
        let kind = words.first ?? ""
        if words.count == 1, let id = TransactionID(hex: kind) {
            self = .transaction(id)
            return
        }
        if kind == "tx" {
            guard words.count == 2, let id = TransactionID(hex: words[1]) else {
                throw CommandError(.usage, "tx takes a transaction's id, 64 hexadecimal digits")
            }
            self = .transaction(id)
            return
        }
        guard let prefix = StatePrefix(word: kind) else {
            let nearest = Spelling.nearest(to: kind, among: StatePrefix.allCases.map(\.word) + ["tx"])
            throw CommandError(
                .usage, "there is no kind of fact \(kind)", hint: nearest.map { "did you mean: \($0)" } ?? Self.kinds)
        }
        var parts: [Bytes32] = []
        for word in words.dropFirst() { parts.append(try Self.part(word, chain)) }
        guard let key = StateKey(prefix, parts: parts) else {
            throw CommandError(.usage, "\(kind) takes \(prefix.partCount) ids, and \(parts.count) were given")
        }
        self = .fact(key)
    }

    /// An id, a member in its text form, or a number, which stands in a part's last 8 bytes.
    private static func part(_ word: String, _ chain: ChainID) throws(CommandError) -> Bytes32 {
        if let raw = Bytes32(hex: word) { return raw }
        if let member = MemberID(text: word, chain: chain) { return member.raw }
        if let number = UInt64(word) { return Bytes32(words: (0, 0, 0, number)) }
        throw CommandError(
            .usage, "\(word) is no id", hint: "64 hexadecimal digits, did:sotto:… of this network, or a whole number")
    }

    /// A key for people.
    static func text(_ key: StateKey) -> String {
        ([key.prefix.word] + key.parts.map { String($0.hex.prefix(16)) + "…" }).joined(separator: " ")
    }
}

/// The record that a proof leans on, in words.
struct FinalRecord {
    private let record: Record
    private let signers: Int
    private let validators: Int?

    init(_ record: Record, _ finality: FinalityProof?, _ ledger: ProvenLedger) {
        self.init(record, signers: finality?.signerCount ?? 0, of: ledger.validatorCount(of: record.epoch))
    }

    init(_ record: Record, signers: Int, of validators: Int?) {
        self.record = record
        self.signers = signers
        self.validators = validators
    }

    var text: String {
        if record.height == .zero { return "as of the genesis document; no block is final yet" }
        let time = Date(timeIntervalSince1970: Double(record.time.rawValue) / 1_000).formatted(.iso8601)
        return "final: record \(record.height) of \(time), signed by \(signers) of \(validators ?? 0) validators of "
            + "validator epoch \(record.epoch)"
    }

    var json: JSONValue {
        [
            "height": .unsigned(record.height.rawValue), "time": .unsigned(record.time.rawValue),
            "epoch": .unsigned(record.epoch.rawValue), "signers": .unsigned(UInt64(signers)),
            "validators": validators.map { .unsigned(UInt64($0)) } ?? .null,
        ]
    }
}

extension NodeConnection {
    /// The node's ledger as far as it is proven.
    func provenLedger(_ rules: RuleBook) throws(CommandError) -> ProvenLedger {
        do throws(ProofFault) {
            return try ProvenLedger(rules, node: NodeLedger(client))
        } catch {
            throw CommandError(.settings, "genesis.cbor has no validators")
        }
    }
}
