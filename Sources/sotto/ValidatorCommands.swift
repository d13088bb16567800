internal import Crypto
internal import FoundationEssentials
internal import Ledger
internal import Node
internal import Primitives
internal import RPC
internal import Wire

/// `sotto validator list|proposals|prove|propose|vote`: who decides, and how that changes.
enum ValidatorCommands {
    // MARK: What stands

    static let list = Command(
        "validator list", "Show who decides now, who will, and the limits that votes may change.",
        description: """
            Every line is proven by the network's validators before it is printed. A member that is to leave was shown
            to have signed twice.
            """,
        flags: NodeConnection.flags, example: "sotto validator list --home ./alice"
    ) { invocation throws(CommandError) in
        let source = try ProvenState(invocation)
        let (current, record) = try await source.read(ValidatorList.self, StateKey(.validators))
        let next = try await source.read(ValidatorList.self, StateKey(.nextValidators)).0
        let culprits = try await source.read(CulpritsEntry.self, StateKey(.culprits)).0?.members ?? []
        guard let current, let next, let limits = try await source.read(LimitsEntry.self, StateKey(.limits)).0 else {
            throw CommandError(.refused, "the ledger holds no validators", hint: "is the node of this version?")
        }
        let ids = Set(current.entries.map(\.member)).union(next.entries.map(\.member)).sorted()
        let changes = LimitChanges.ranges.map { name, range in
            (name, limits.now[limit: name] ?? 0, limits.next[limit: name] ?? 0, range)
        }
        if invocation.wantsJSON {
            return Output.json([
                "epoch": .unsigned(record.epoch.rawValue), "epochEnd": .unsigned(record.epochEnd.rawValue),
                "height": .unsigned(record.height.rawValue),
                "validators": .list(current.entries.map { .string($0.member.hex) }),
                "next": .list(next.entries.map { .string($0.member.hex) }),
                "toLeave": .list(culprits.map { .string($0.hex) }),
                "limits": .object(
                    changes.map { .init($0.0, ["now": .unsigned($0.1), "next": .unsigned($0.2)]) }),
            ])
        }
        Output.line(
            "validator epoch \(record.epoch), at height \(record.height); it ends with height \(record.epochEnd)")
        Output.line(
            Table.titled(
                ["validator", "now", "next epoch", ""],
                ids.map { id in
                    [
                        id.text(chain: source.chain), current.entry(of: id) == nil ? "-" : "decides",
                        next.entry(of: id) == nil ? "-" : "decides", culprits.contains(id) ? "signed twice" : "",
                    ]
                }))
        Output.line(
            Table.titled(
                ["limit", "now", "next epoch", "a vote may set"],
                changes.map { [$0.0, "\($0.1)", "\($0.2)", "\($0.3.lowerBound) to \($0.3.upperBound)"] }))
    }

    static let proposals = Command(
        "validator proposals", "List the open proposals.",
        description: "With who voted for each, and how many votes make it take effect at the validator epoch's end.",
        flags: NodeConnection.flags, example: "sotto validator proposals --home ./alice"
    ) { invocation throws(CommandError) in
        let source = try ProvenState(invocation)
        let (entry, record) = try await source.read(ProposalsEntry.self, StateKey(.proposals))
        let current = try await source.read(ValidatorList.self, StateKey(.validators)).0
        let needed = Quorum.size(of: current?.entries.count ?? 0)
        let open = (entry?.proposals ?? []).filter { $0.until >= record.time }
        if invocation.wantsJSON { return Output.json(.list(open.map { json($0, needed) }), pretty: false) }
        if open.isEmpty { return Output.note("no open proposals") }
        for proposal in open {
            Output.line("proposal \(proposal.id.hex)")
            for member in proposal.joins { Output.line("  joins   \(member.text(chain: source.chain))") }
            for member in proposal.leaves { Output.line("  leaves  \(member.text(chain: source.chain))") }
            for change in proposal.limits.list { Output.line("  sets    \(change.name) = \(change.value)") }
            let count = proposal.votes.count { current?.entry(of: $0) != nil }
            Output.line("  votes   \(count) of the \(needed) needed, until \(proposal.until)")
        }
    }

    private static func json(_ proposal: ProposalsEntry.Proposal, _ needed: Int) -> JSONValue {
        [
            "id": .string(proposal.id.hex), "joins": .list(proposal.joins.map { .string($0.hex) }),
            "leaves": .list(proposal.leaves.map { .string($0.hex) }),
            "limits": .object(proposal.limits.list.map { .init($0.name, .unsigned($0.value)) }),
            "until": .unsigned(proposal.until.rawValue), "votes": .list(proposal.votes.map { .string($0.hex) }),
            "needed": .unsigned(UInt64(needed)),
        ]
    }

    // MARK: What changes it

    static let prove = Command(
        "validator prove", "Show that a future validator holds its key and has caught up.",
        description: """
            Run it where the future validator is: asks its own node for a recent record, signs that with the member's
            key and prints the word for sotto validator propose --join. It holds for about ten minutes.
            """,
        flags: NodeConnection.flags, example: "sotto validator prove --home ./validator-5"
    ) { invocation throws(CommandError) in
        let home = try HomeFiles(invocation)
        let source = try ProvenState(invocation)
        let (member, keys) = (try home.member(), try SignerFields.deviceKeys(invocation, home))
        guard let recent = try await source.read(RecentRecordsEntry.self, StateKey(.recentRecords)).0?.list.last else {
            throw CommandError(.refused, "the node knows no recent record", hint: "is it running and caught up?")
        }
        let body = ValidatorJoin.body(member: member, height: recent.height, record: recent.record)
        let join = ValidatorJoin(
            member: member, key: keys.sign.publicKey, height: recent.height, record: recent.record,
            signature: keys.sign.signature(.validatorJoin, chain: source.chain, body: body))
        guard join.signature != StatementSigning.nothing else {
            throw CommandError(
                .refused, "the key does not sign this",
                hint: "a sotto signer signs what its node says; run this where the key itself is")
        }
        let word = Hex.encode(join.encoded)
        if invocation.wantsJSON {
            return Output.json(["member": .string(member.hex), "join": .string(word)], pretty: false)
        }
        Output.line(word)
    }

    static let propose = Command(
        "validator propose", "Propose that validators join or leave, or that limits change, as a validator.",
        description: """
            Everything in one proposal takes effect together, with the votes of more than two thirds of the validators,
            when the validator epoch ends; proposing counts as a vote. No more validators leave in one epoch than may
            fail at once. Several values of a flag are separated by commas.
            """,
        flags: MemberConnection.flags + [
            .init("--join", "WORDS", "What sotto validator prove printed for each that joins."),
            .init("--leave", "MEMBERS", "The ids of those that leave."),
            .init("--limit", "CHANGES", "Limits as NAME=VALUE; sotto validator list shows names and bounds."),
        ],
        example: "sotto validator propose --leave did:sotto:… --limit delta=50 --home ./network/validator-1"
    ) { invocation throws(CommandError) in
        let client = try await MemberConnection.open(invocation)
        let proposal = try proposal(invocation, client.chain)
        let outcome = try await explained { () async throws(HomeError) in
            try await client.submit(.validatorPropose(proposal))
        }
        if invocation.wantsJSON { return Output.json(outcome.json) }
        Output.line("proposal \(outcome.id.hex) at height \(outcome.height)")
        Output.note("the others vote with: sotto validator vote \(outcome.id.hex)")
    }

    static let vote = Command(
        "validator vote", "Vote for a proposal, as a validator.",
        description: "A vote cannot be taken back. Who is against a proposal does not vote.",
        arguments: [.init("PROPOSAL", "its id, from sotto validator proposals")], flags: MemberConnection.flags,
        example: "sotto validator vote 5f0c… --home ./network/validator-2"
    ) { invocation throws(CommandError) in
        guard let id = TransactionID(hex: try invocation.required(0, "PROPOSAL")) else {
            throw CommandError(.usage, "PROPOSAL is an id of 64 hexadecimal digits", hint: "sotto validator proposals")
        }
        let client = try await MemberConnection.open(invocation)
        let outcome = try await explained { () async throws(HomeError) in
            try await client.submit(.validatorVote(ValidatorVote(proposal: id)))
        }
        if invocation.wantsJSON { return Output.json(outcome.json) }
        Output.line("voted at height \(outcome.height)")
    }

    private static func proposal(
        _ invocation: Invocation, _ chain: ChainID
    ) throws(CommandError) -> ValidatorPropose {
        func words(_ flag: String) -> [String] {
            (invocation.flag(flag) ?? "").split(separator: ",").map { $0.trimmingPrefix(" ") }.map(String.init)
        }
        var joins: [ValidatorJoin] = []
        for word in words("--join") {
            guard let bytes = Hex.decode(word), let join = try? ValidatorJoin(decoding: bytes) else {
                throw CommandError(.usage, "--join takes what sotto validator prove prints")
            }
            joins.append(join)
        }
        var leaves: [MemberID] = []
        for word in words("--leave") { leaves.append(try memberID(word, chain: chain)) }
        var values: [String: UInt64] = [:]
        for word in words("--limit") {
            let pair = word.split(separator: "=", maxSplits: 1).map(String.init)
            guard pair.count == 2, let value = UInt64(pair[1]),
                let range = LimitChanges.ranges.first(where: { $0.name == pair[0] })?.range
            else {
                let names = LimitChanges.ranges.map(\.name)
                let nearest = Spelling.nearest(to: pair.first ?? "", among: names)
                throw CommandError(
                    .usage, "--limit takes NAME=VALUE, and \(word) is none that a vote may change",
                    hint: nearest.map { "did you mean: \($0)=…" } ?? "names: \(names.joined(separator: ", "))")
            }
            guard range.contains(value) else {
                throw CommandError(.usage, "\(pair[0]) may be \(range.lowerBound) to \(range.upperBound)")
            }
            values[pair[0]] = value
        }
        let proposal = ValidatorPropose(joins: joins, leaves: leaves, limits: LimitChanges(values) ?? .none)
        guard (try? ValidatorPropose(decoding: proposal.encoded)) != nil else {
            throw CommandError(
                .usage, "a proposal names at least one change, and nobody twice", hint: "--join, --leave or --limit")
        }
        return proposal
    }
}

/// Facts of the ledger, proven by the network's validators, for commands that need no member.
struct ProvenState {
    let chain: ChainID
    private let ledger: ProvenLedger

    init(_ invocation: Invocation) throws(CommandError) {
        let rules = try HomeFiles(invocation).rules()
        chain = rules.chain
        ledger = try NodeConnection(invocation).provenLedger(rules)
    }

    /// What stands under a key, nil when nothing does, and the record that proves it.
    func read<Entry: WireObject>(
        _ type: Entry.Type, _ key: StateKey
    ) async throws(CommandError) -> (Entry?, Record) {
        let fact = try await LightFault.explained { () throws(LightError) in try await ledger.fact(key) }
        guard let bytes = fact.value else { return (nil, fact.record) }
        guard let entry = try? Entry(decoding: bytes) else {
            throw CommandError(.refused, "the ledger's \(key.prefix.word) cannot be read", hint: "upgrade sotto")
        }
        return (entry, fact.record)
    }
}
