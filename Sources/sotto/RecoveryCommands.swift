internal import Crypto
internal import FoundationEssentials
internal import Ledger
internal import Node
internal import Primitives
internal import RPC
internal import Wire

/// `sotto recovery draft|sign|show|apply`: the day a quorum is lost for good.
enum RecoveryCommands {
    static let draft = Command(
        "recovery draft", "Say above which record the ledger shall go on, and who decides from there on.",
        description: """
            For the day more validators are lost for good than may fail. Reads the ledger of a stopped node: its newest
            record stays, with all before, and the members named decide everything after. They are members of the ledger
            already, active, with the role validator; the set may be smaller than a vote could make it, but not smaller
            than validatorsMin. Take the node that has got furthest: what only lost nodes hold above its newest record
            is given up. Nothing happens yet; the operators sign the file next.
            """,
        flags: [
            .init("--validators", "MEMBERS", "The ids of all that decide from then on, comma-separated."),
            .init("--output", "FILE", "Where to write. Default recovery.cbor."),
        ],
        example: "sotto recovery draft --validators did:sotto:…,did:sotto:… --home ./network/validator-1"
    ) { invocation throws(CommandError) in
        let words = try invocation.required("--validators", "MEMBERS").split(separator: ",")
        let path = invocation.flag("--output") ?? "recovery.cbor"
        let home = try HomeFiles(invocation)
        let ledger = try StoredLedger(home, invocation)
        defer { ledger.store.close() }
        var members: [MemberID] = []
        for word in words {
            members.append(try memberID(String(word.trimmingPrefix(" ")), chain: ledger.rules.chain))
        }
        let draft = try statement(members, ledger)
        guard !FileManager.default.fileExists(atPath: path) else {
            throw CommandError("\(path) exists", hint: "nothing was written; name another with --output")
        }
        try write(RecoveryDocument(draft.statement), to: path)
        if invocation.wantsJSON { return Output.json(json(RecoveryDocument(draft.statement), ledger.rules)) }
        say(draft.statement, was: draft.current, at: draft.time)
        Output.line(
            "\(path): needs \(RecoveryDocument.signaturesNeeded(of: ledger.rules.genesis.operators.count)) "
                + "of \(ledger.rules.genesis.operators.count) operators")
        Output.note("each operator signs it, one after the other: sotto recovery sign \(path)")
    }

    static let sign = Command(
        "recovery sign", "Add an operator's signature to a recovery document.",
        description: """
            Needs no network and no ledger: genesis.cbor in the data directory, and keys/operator.key there or the file
            named with --key. Shows what is signed, checks the signatures that are there, and writes the file again with
            one more. Read it first: whoever signs says that the validators missing in it are lost for good.
            """,
        arguments: [.init("FILE", "what sotto recovery draft wrote")],
        flags: [
            .init("--key", "FILE", "The operator's key file. Default keys/operator.key in the data directory."),
            .init("--output", "FILE", "Where to write. Default FILE itself."),
        ],
        example: "sotto recovery sign recovery.cbor --home ./operator-1"
    ) { invocation throws(CommandError) in
        let path = try invocation.required(0, "FILE")
        let home = try HomeFiles(invocation)
        let rules = try home.rules()
        let document = try read(path)
        try check(document, rules, path)
        let key = SigningKey(seed: try home.key(.operatorKey, at: invocation.flag("--key")))
        guard rules.genesis.operators.contains(key.publicKey) else {
            throw explain(.notOperator(key.publicKey), path)
        }
        guard !document.isSigned(by: key.publicKey) else {
            throw CommandError(
                .refused, "operator \(key.publicKey.hex.prefix(16))… has signed \(path) already",
                hint: "the next operator signs with another key")
        }
        let statement = document.statement
        let signature = key.signature(.recovery, chain: rules.chain, body: statement.encoded)
        let signed = RecoveryDocument(
            statement, signatures: document.signatures + [CoSignature(key: key.publicKey, signature: signature)])
        let output = invocation.flag("--output") ?? path
        try write(signed, to: output)
        if invocation.wantsJSON { return Output.json(json(signed, rules)) }
        say(statement)
        say(signed, rules, output)
    }

    static let show = Command(
        "recovery show", "Show a recovery document, who signed it, and who is missing.",
        description: """
            Reads the file and genesis.cbor in the data directory, checks every signature, and prints what the operators
            say. Whether it fits a ledger, sotto recovery apply finds out.
            """,
        arguments: [.init("FILE", "the document")], example: "sotto recovery show recovery.cbor --home ./operator-1"
    ) { invocation throws(CommandError) in
        let path = try invocation.required(0, "FILE")
        let rules = try HomeFiles(invocation).rules()
        let document = try read(path)
        try check(document, rules, path)
        if invocation.wantsJSON { return Output.json(json(document, rules)) }
        say(document.statement)
        say(document, rules, path)
    }

    static let apply = Command(
        "recovery apply", "Let a stopped node go on from a recovery document.",
        description: """
            Checks that more than two thirds of the operators signed, that the newest record of this node's ledger is
            the one named, and that the new validators are members that may decide. From then on the node is in the new
            validator epoch: it never votes in the old one again, and the first block of the new one carries the
            document. Run it on every node of the new set, then start them; other nodes follow by themselves. A node
            that has not got as far starts without it and catches up first.
            """,
        arguments: [.init("FILE", "the document, with enough signatures")],
        flags: [
            .init("--replace", "Take it in place of another one about the same record that has led to no block here.")
        ],
        example: "sotto recovery apply recovery.cbor --home ./network/validator-1"
    ) { invocation throws(CommandError) in
        let path = try invocation.required(0, "FILE")
        let document = try read(path)
        let ledger = try StoredLedger(try HomeFiles(invocation), invocation)
        defer { ledger.store.close() }
        do throws(RecoveryRefusal) {
            try ledger.store.recover(by: document, ledger.rules, replacing: invocation.has("--replace"))
        } catch {
            throw explain(error, path, ledger)
        }
        if invocation.wantsJSON { return Output.json(json(document, ledger.rules)) }
        say(document.statement)
        Output.line("this node goes on in validator epoch \(document.statement.list.epoch); sotto start")
    }

    // MARK: Steps

    private struct Draft {
        let statement: RecoveryStatement
        let current: ValidatorList
        let time: Timestamp
    }

    private static func statement(_ members: [MemberID], _ ledger: StoredLedger) throws(CommandError) -> Draft {
        guard Set(members).count == members.count else {
            throw CommandError(.usage, "--validators names a member twice")
        }
        guard !ledger.rules.genesis.operators.isEmpty else { throw explain(.noOperators, "genesis.cbor") }
        do {
            let tip = try ledger.store.tip()
            guard tip.record.height > .zero else {
                throw CommandError(
                    .refused, "the ledger has no block yet", hint: "without one, make a network anew: sotto testnet")
            }
            var entries: [ValidatorList.Entry] = []
            for member in members {
                guard let bytes = try ledger.store.value(for: StateKey(.member, member)),
                    let entry = try? MemberEntry(decoding: bytes)
                else { throw explain(.unknownMember(member), "--validators") }
                entries.append(ValidatorList.Entry(member: member, key: entry.keys.sign))
            }
            let statement = RecoveryStatement(
                list: ValidatorList(epoch: tip.record.epoch.next, entries), chain: ledger.rules.chain,
                height: tip.record.height, record: tip.recordID)
            if let fault = try ledger.rules.fault(of: statement, on: tip, over: ledger.store) {
                throw explain(fault, "--validators")
            }
            let current = try RuleBook.validatorLists(from: ledger.store).current
            return Draft(statement: statement, current: current, time: tip.record.time)
        } catch let error as CommandError {
            throw error
        } catch {
            throw CommandError("the ledger cannot be read: \(error)", hint: "sotto ledger verify")
        }
    }

    private static func check(
        _ document: RecoveryDocument, _ rules: RuleBook, _ path: String
    ) throws(CommandError) {
        guard let checks = document.signatureChecks(in: rules.chain) else { throw explain(.otherChain, path) }
        guard !rules.genesis.operators.isEmpty else { throw explain(.noOperators, path) }
        for check in checks {
            guard rules.genesis.operators.contains(check.key) else { throw explain(.notOperator(check.key), path) }
            guard SignatureVerifier().isValid(check) else { throw badSignature(check.key, path) }
        }
    }

    private static func read(_ path: String) throws(CommandError) -> RecoveryDocument {
        guard let data = try? Data(contentsOf: URL(filePath: path)) else { throw CommandError("cannot read \(path)") }
        guard data.count < 1 << 20, let document = try? RecoveryDocument(decoding: [UInt8](data)) else {
            throw CommandError(
                .refused, "\(path) is no recovery document",
                hint: "signatures stand in ascending order of keys, each once; sotto recovery draft begins one")
        }
        return document
    }

    private static func write(_ document: RecoveryDocument, to path: String) throws(CommandError) {
        guard (try? Data(document.encoded).write(to: URL(filePath: path), options: .atomic)) != nil else {
            throw CommandError("cannot write \(path)")
        }
    }
}
