internal import Ledger
internal import Node
internal import Primitives
internal import RPC
internal import Wire

/// What the recovery commands tell people.
extension RecoveryCommands {
    static func say(_ statement: RecoveryStatement, was current: ValidatorList? = nil, at time: Timestamp? = nil) {
        let chain = statement.chain
        var rows = [
            ["network", chain.hex], ["last record", "height \(statement.height), \(statement.record)"],
            ["begins", "validator epoch \(statement.list.epoch) at height \(statement.height.next)"],
        ]
        if let time { rows.append(["its time", "\(time) ms since 1970 UTC"]) }
        for entry in statement.list.entries {
            let isNew = current.map { $0.entry(of: entry.member) == nil } ?? false
            rows.append(["decides", entry.member.text(chain: chain) + (isNew ? "  (was no validator)" : "")])
        }
        for entry in current?.entries ?? [] where statement.list.entry(of: entry.member) == nil {
            rows.append(["leaves", entry.member.text(chain: chain)])
        }
        Output.line(Table.plain(rows))
    }

    static func say(_ document: RecoveryDocument, _ rules: RuleBook, _ path: String) {
        let operators = rules.genesis.operators
        let rows = operators.map { ["operator \($0.hex)", document.isSigned(by: $0) ? "signed" : "not yet"] }
        Output.line(Table.plain(rows))
        let (have, needed) = (document.signatures.count, RecoveryDocument.signaturesNeeded(of: operators.count))
        Output.line(
            have < needed
                ? "\(path): \(have) of \(needed) signatures, \(needed - have) missing"
                : "\(path): \(have) signatures, enough; sotto recovery apply \(path), on every node of the new set")
    }

    static func json(_ document: RecoveryDocument, _ rules: RuleBook) -> JSONValue {
        let statement = document.statement
        return [
            "chain": .string(statement.chain.hex), "height": .unsigned(statement.height.rawValue),
            "record": .string(statement.record.description), "epoch": .unsigned(statement.list.epoch.rawValue),
            "validators": .list(statement.list.entries.map { .string($0.member.hex) }),
            "signers": .list(document.signatures.map { .string($0.key.hex) }),
            "needed": .unsigned(
                UInt64(RecoveryDocument.signaturesNeeded(of: rules.genesis.operators.count))),
        ]
    }

    static func explain(_ refusal: RecoveryRefusal, _ path: String, _ ledger: StoredLedger) -> CommandError {
        switch refusal {
        case .fault(let fault): explain(fault, path)
        case .badSignature(let key): badSignature(key, path)
        case .otherApplied(let known):
            CommandError(
                .refused,
                "this node goes on from another document about this record already, with "
                    + "\(known.statement.list.entries.count) validators",
                hint: "--replace takes \(path) instead; then every node of both sets must, or there are two ledgers")
        case .headNotFinal:
            CommandError(
                .refused, "the newest record has no certificate of its own in this store",
                hint: "start the node once, so that it catches up with the others, or apply on another")
        case .store(let error): StoredLedger.explain(error, path)
        }
    }

    static func badSignature(_ key: PublicKey, _ path: String) -> CommandError {
        CommandError(
            .refused, "\(path): the signature of operator \(key.hex) does not hold",
            hint: "the file was changed after it was signed; begin again from the draft")
    }

    /// A fault for people, with what they can do.
    static func explain(_ fault: RecoveryFault, _ path: String) -> CommandError {
        switch fault {
        case .otherChain:
            CommandError(.refused, "\(path) is of another network", hint: "is genesis.cbor the right one?")
        case .noOperators:
            CommandError(
                .refused, "genesis names no operators, so nobody can recover this network",
                hint: "restore the lost nodes from their backups")
        case .notOperator(let key):
            CommandError(
                .refused, "\(path): \(key.hex) is no operator of this network",
                hint: "genesis.json lists the operators' keys; name the key file with --key")
        case .tooFewSignatures(let have, let needed):
            CommandError(
                .refused, "\(path) has \(have) signatures and needs \(needed)",
                hint: "sotto recovery show lists who is missing")
        case .otherHeight(let height):
            CommandError(
                .refused, "this ledger stands at height \(height), \(path) is about another",
                hint: "a node that is behind starts and catches up first; one that is ahead holds blocks that the "
                    + "document gives up: then sign a new draft made here")
        case .otherRecord:
            CommandError(
                .refused, "\(path) is about another record of this height",
                hint: "there are two ledgers: sotto ledger verify, and sotto light alarm, show which validators signed "
                    + "both")
        case .otherEpoch(let epoch):
            CommandError(.refused, "\(path) must begin validator epoch \(epoch)", hint: "draft again from this ledger")
        case .setSize(let least, let most):
            CommandError(
                .refused, "the new set may have \(least) to \(most) members", hint: "sotto member list names members")
        case .repeatedKey: CommandError(.refused, "\(path): two members of the new set have one key")
        case .unknownMember(let member):
            CommandError(
                .refused, "\(path): \(member.hex) is no member of this ledger",
                hint: "nobody can be admitted while the ledger stands still")
        case .notValidator(let member):
            CommandError(
                .refused, "\(path): \(member.hex) is not an active member with the role validator",
                hint: "name another")
        case .otherKey(let member):
            CommandError(
                .refused, "\(path): \(member.hex) has another signing key on the ledger",
                hint: "draft again from this ledger")
        }
    }
}
