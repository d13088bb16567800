internal import Crypto
internal import FoundationEssentials
internal import Ledger
internal import Node
internal import Primitives
internal import RPC
internal import Wire

/// `sotto ledger proof|consistency|bundle|check`: what an auditor asks a node, and checks without it.
extension LedgerCommands {
    static let proof = Command(
        "ledger proof", "Prove a transaction or a fact of the state, and check the proof here.",
        description: """
            Asks a node for a proof against its newest record, and checks it against the genesis document of the data
            directory before anything is printed: that the record is final, and that the transaction stands in its log,
            or what its state holds, or that it holds nothing.

            WHAT is tx for a transaction, or a kind of fact, each with the ids that name it (64 hexadecimal digits, or a
            member's did:sotto:…): \(LedgerSubject.kinds).
            """,
        arguments: [
            .init("WHAT", "tx, or a kind of fact"), .init("ID", required: false, "its first id"),
            .init("ID", required: false, "its second id, for kinds that have one"),
        ],
        flags: NodeConnection.flags, example: "sotto ledger proof grant 6a7c… did:sotto:… --home ./alice"
    ) { invocation throws(CommandError) in
        let rules = try HomeFiles(invocation).rules()
        let subject = try LedgerSubject(invocation.arguments, chain: rules.chain)
        let ledger = try NodeConnection(invocation).provenLedger(rules)
        switch subject {
        case .transaction(let id):
            let bundle = try await LightFault.explained { () throws(LightError) in try await ledger.inclusion(of: id) }
            show(bundle, id, ledger, invocation)
        case .fact(let key):
            let fact = try await LightFault.explained { () throws(LightError) in try await ledger.fact(key) }
            show(fact, key, ledger, invocation)
        }
    }

    private static func show(
        _ bundle: InclusionBundle, _ id: TransactionID, _ ledger: ProvenLedger, _ invocation: Invocation
    ) {
        let result = TransactionResult(code: bundle.leaf.code)?.word ?? "unknown"
        let final = FinalRecord(bundle.record, bundle.finality, ledger)
        if invocation.wantsJSON {
            return Output.json([
                "holds": true, "id": .string(id.hex), "height": .unsigned(bundle.leaf.height.rawValue),
                "result": .string(result), "final": final.json, "bundle": .string(Hex.encode(bundle.encoded)),
            ])
        }
        Output.line("holds: \(result) at height \(bundle.leaf.height), leaf \(bundle.index) of the log")
        Output.line(final.text)
    }

    private static func show(
        _ fact: ProvenFact, _ key: StateKey, _ ledger: ProvenLedger, _ invocation: Invocation
    ) {
        let final = FinalRecord(fact.record, fact.finality, ledger)
        let value = fact.value.flatMap { try? IPLDNode(decoding: $0) }.map { JSONValue($0) }
        if invocation.wantsJSON {
            return Output.json([
                "holds": true, "kind": .string(key.prefix.word), "key": .string(Hex.encode(key.bytes)),
                "value": value ?? .null, "bytes": fact.value.map { .string(Hex.encode($0)) } ?? .null,
                "final": final.json,
            ])
        }
        Output.line("holds: \(LedgerSubject.text(key)): " + (fact.value == nil ? "absent" : "present"))
        if let value { Output.json(value) }
        Output.line(final.text)
    }

    static let consistency = Command(
        "ledger consistency", "Prove that a log of one size is the beginning of a later one.",
        description: """
            Asks a node for the roots of the log at both sizes and for the proofs between them and its newest record,
            and checks them against the genesis document of the data directory. With --root, the older root must be the
            one that you have kept: then nothing that stood in the log at that size was changed or taken away.
            """,
        arguments: [.init("FROM", "the older size, in transactions"), .init("TO", "the newer size")],
        flags: NodeConnection.flags + [.init("--root", "HEX", "The root that you know for FROM.")],
        example: "sotto ledger consistency 100 250 --root 2528… --home ./alice"
    ) { invocation throws(CommandError) in
        guard let from = UInt64(try invocation.required(0, "FROM")), let to = UInt64(try invocation.required(1, "TO")),
            from <= to
        else { throw CommandError(.usage, "FROM and TO are whole numbers, FROM not above TO") }
        let known = invocation.flag("--root").map { Digest(hex: $0) }
        if case .some(nil) = known { throw CommandError(.usage, "--root takes 64 hexadecimal digits") }
        let rules = try HomeFiles(invocation).rules()
        let ledger = try NodeConnection(invocation).provenLedger(rules)
        let proof = try await LightFault.explained { () throws(LightError) in
            try await ledger.consistency(from: from, to: to)
        }
        if let known, let root = known, root != proof.fromRoot {
            throw CommandError(
                .refused, "the log of \(from) transactions has another root here: \(proof.fromRoot.hex)",
                hint: "one of the two ledgers is not the network's; keep both roots and ask a second node")
        }
        let final = FinalRecord(proof.proven.record, proof.proven.finality, ledger)
        if invocation.wantsJSON {
            return Output.json([
                "holds": true, "fromRoot": .string(proof.fromRoot.hex), "toRoot": .string(proof.toRoot.hex),
                "final": final.json,
            ])
        }
        Output.line("holds: the log of \(from) is the beginning of the log of \(to)")
        Output.line(Table.plain([["root of \(from)", proof.fromRoot.hex], ["root of \(to)", proof.toRoot.hex]]))
        Output.line(final.text)
    }

    static let bundle = Command(
        "ledger bundle", "Write all that an offline check of one fact needs to a file.",
        description: """
            Fetches a proof bundle from a node: the genesis document, the handovers from its validators to those of the
            newest record, the record with its finality proof, and the proof of one transaction or fact. The file is
            checked before it is written. sotto ledger check and Scripts/verify --proof check it without a network.
            WHAT and its ids are those of sotto ledger proof.
            """,
        arguments: [
            .init("WHAT", "tx, or a kind of fact"), .init("ID", required: false, "its first id"),
            .init("ID", required: false, "its second id, for kinds that have one"),
        ],
        flags: NodeConnection.flags + [.init("--output", "FILE", "Where to write.")],
        example: "sotto ledger bundle consent 6a7c… a90a… --output proof.sotto --home ./alice"
    ) { invocation throws(CommandError) in
        let path = try invocation.required("--output", "FILE")
        let rules = try HomeFiles(invocation).rules()
        let subject = try LedgerSubject(invocation.arguments, chain: rules.chain)
        let node = NodeLedger(try NodeConnection(invocation).client)
        let bundle = try await LightFault.explained { () throws(LightError) in
            switch subject {
            case .transaction(let id): try await node.bundle(of: [id], [])
            case .fact(let key): try await node.bundle(of: [], [key])
            }
        }
        let report = try checked(bundle, rules.chain, of: "the node's bundle")
        guard (try? Data(bundle.encoded).write(to: URL(filePath: path))) != nil else {
            throw CommandError("cannot write \(path)")
        }
        ReportText(report).show(invocation)
        Output.note("\(bundle.encoded.count) bytes in \(path); check it anywhere: sotto ledger check \(path)")
    }

    static let check = Command(
        "ledger check", "Check a proof bundle without a network.",
        description: """
            Reads a file of sotto ledger bundle and says exactly what it proves: of which network, as of which record,
            and signed by how many validators. Nothing is asked of anybody. Name the network that you trust with --chain
            or --genesis; otherwise the file names itself, and proves only what that network says.
            """,
        arguments: [.init("FILE", "the bundle")],
        flags: [
            .init("--chain", "HEX", "The chain that it must be of, 64 hexadecimal digits."),
            .init("--genesis", "FILE", "Or the genesis document that it must begin with."),
        ],
        example: "sotto ledger check proof.sotto --genesis ./genesis.cbor"
    ) { invocation throws(CommandError) in
        let path = try invocation.required(0, "FILE")
        let chain = try chain(invocation)
        guard let data = try? Data(contentsOf: URL(filePath: path)) else { throw CommandError("cannot read \(path)") }
        guard data.count <= ProofBundle.byteCountMax, let bundle = try? ProofBundle(decoding: [UInt8](data)) else {
            throw CommandError(
                .refused, "\(path) is no proof bundle",
                hint: "sotto ledger bundle makes one; a chain is checked by "
                    + "Scripts/verify")
        }
        ReportText(try checked(bundle, chain, of: path)).show(invocation)
        if chain == nil {
            Output.note("the file named its network itself; give --chain or --genesis to hold it against one you trust")
        }
    }

    private static func chain(_ invocation: Invocation) throws(CommandError) -> ChainID? {
        if let text = invocation.flag("--chain") {
            guard let chain = ChainID(hex: text) else {
                throw CommandError(.usage, "--chain takes 64 hexadecimal digits")
            }
            return chain
        }
        guard let path = invocation.flag("--genesis") else { return nil }
        guard let data = try? Data(contentsOf: URL(filePath: path)) else { throw CommandError("cannot read \(path)") }
        return ChainID(raw: SHA256.hash([UInt8](data)).raw)
    }

    private static func checked(
        _ bundle: ProofBundle, _ chain: ChainID?, of name: String
    ) throws(CommandError) -> BundleCheck.Report {
        do throws(ProofFault) {
            return try BundleCheck.check(bundle, chain: chain)
        } catch {
            throw CommandError(.refused, "\(name) proves nothing: \(error.sentence)", hint: "do not trust its source")
        }
    }
}
