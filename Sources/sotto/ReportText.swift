internal import Ledger
internal import Node
internal import Primitives
internal import RPC
internal import Wire

/// What a checked bundle proves, said so that a person can repeat it.
struct ReportText {
    private let report: BundleCheck.Report

    init(_ report: BundleCheck.Report) { self.report = report }

    func show(_ invocation: Invocation) {
        let record = FinalRecord(report.record, signers: report.signers.count, of: report.signers.of)
        if invocation.wantsJSON {
            return Output.json([
                "holds": true, "chain": .string(report.rules.chain.hex), "network": .string(report.rules.genesis.name),
                "record": .string(report.recordID.description), "final": record.json,
                "handovers": .unsigned(UInt64(report.handovers)),
                "proven": .list(report.statements.map { .string(sentence($0)) }),
            ])
        }
        Output.line("network \(report.rules.genesis.name), chain \(report.rules.chain.hex)")
        Output.line(record.text + (report.handovers == 0 ? "" : ", reached by \(report.handovers) handovers"))
        for statement in report.statements { Output.line("holds: " + sentence(statement)) }
        Output.line("That was so as of this record; what came later, it does not say.")
    }

    private func sentence(_ statement: BundleCheck.Statement) -> String {
        switch statement {
        case .transaction(let leaf, let body):
            let result = TransactionResult(code: leaf.code)?.word ?? "failed with code \(leaf.code)"
            let place = "at height \(leaf.height), place \(leaf.index)"
            guard let body else { return "envelope \(leaf.envelope.hex): \(result) \(place); its body is not shown" }
            let author = body.transaction.from.hex.prefix(16)
            return "\(body.transaction.operation.name.rawValue) \(body.id.hex) by \(author)…: \(result) \(place)"
        case .fact(let key, let value):
            guard let value else { return LedgerSubject.text(key) + ": absent" }
            return LedgerSubject.text(key) + ": " + said(key, value)
        }
    }

    /// What a value says, for the kinds that people ask after; the rest is shown as it stands.
    private func said(_ key: StateKey, _ value: [UInt8]) -> String {
        switch key.prefix {
        case .member:
            if let entry = try? MemberEntry(decoding: value) {
                return "\(entry.standing), \(entry.roles.words.joined(separator: " and ")), since height \(entry.since)"
            }
        case .consent:
            if let entry = try? ConsentEntry(decoding: value) { return entry.isLive ? "stands" : "does not stand" }
        case .grant:
            if let entry = try? GrantEntry(decoding: value) {
                return (entry.isActive ? "active" : "revoked") + ", rights epoch \(entry.epoch)"
            }
        case .rights:
            if let entry = try? RightsEntry(decoding: value) {
                return "rights epoch \(entry.epoch); grants given before \(entry.floor) are void"
            }
        default: break
        }
        guard let node = try? IPLDNode(decoding: value) else { return "present, \(value.count) bytes" }
        return "present " + JSONValue(node).text
    }
}

/// Errors of a light client as a person reads them.
enum LightFault {
    static func explained<Value>(_ body: () async throws(LightError) -> Value) async throws(CommandError) -> Value {
        do throws(LightError) {
            return try await body()
        } catch {
            throw error.explained
        }
    }
}

extension LightError {
    var explained: CommandError {
        switch self {
        case .rpc(.unreachable):
            CommandError(.unreachable, "the node cannot be reached", hint: "is it running? check --node")
        case .rpc(.notRPC(let status)):
            CommandError(.unreachable, "the node answered HTTP \(status), not JSON-RPC", hint: "is this a Sotto node?")
        case .rpc(.refused(let error)):
            CommandError(.refused, "\(error.message) (\(error.number))")
        case .malformedAnswer(let method):
            CommandError(.refused, "the node's answer to \(method) cannot be read", hint: "is it of this version?")
        case .unproven(let method, let fault):
            CommandError(
                .refused, "the node's answer to \(method) does not hold: \(fault.sentence)",
                hint: "do not trust this node; ask another with --node")
        }
    }
}

extension ProofFault {
    /// The fault for people.
    var sentence: String {
        switch self {
        case .malformed: "the genesis document cannot be read"
        case .badGenesis: "the genesis document does not hold"
        case .otherChain: "it is of another network"
        case .wrongHeight: "the record is of another height than was asked for"
        case .unknownEpoch(let epoch): "no handover leads to validator epoch \(epoch)"
        case .wrongSet: "the record names another validator set than the one that decides there"
        case .notFinal: "the record is not signed by a quorum of its validators"
        case .notSealing: "a handover is not of the last record of its validator epoch"
        case .otherList: "a handover brings another validator set than its record names"
        case .badRecovery: "a recovery document is about another record, or not signed by enough operators"
        case .recoveredBelow(let height):
            "the operators let the ledger go on above height \(height), and gave up what validators had signed above it"
        case .notInLog: "the transaction is not in the log of the record"
        case .otherEnvelope: "the transaction is not the one in the log, or is not signed as it must be"
        case .badStateProof: "the state proof does not lead to the state root of the record"
        case .otherValue: "the state proof proves something else than is claimed"
        case .logNotExtended: "the later log does not begin with the earlier one"
        case .tooOld: "it is older than the trust period"
        case .forked: "the ledger was split: two final records of one height were found"
        }
    }
}
