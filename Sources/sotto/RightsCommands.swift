internal import FoundationEssentials
internal import Ledger
internal import Node
internal import Primitives
internal import RPC
internal import Rights
internal import Wire

/// `sotto rights publish|grant|revoke|show`.
enum RightsCommands {
    static let publish = Command(
        "rights publish", "Publish a sealed recording under a policy.",
        description: """
            Has the holders put the first outer layer over the recording, and publishes it. Without a flag those may
            play it who are granted it. A policy file is an ODRL 2.2 document in the profile urn:sotto:odrl:1. Who may
            play is also bounded by what each participant consented to.
            """,
        arguments: [.init("ID", "the recording, 64 hexadecimal digits")],
        flags: MemberConnection.flags + [
            .init("--policy", "FILE", "A policy, ODRL in JSON."),
            .init("--allow-anyone", "Every member of the network may play it."),
        ],
        example: "sotto rights publish 4f…c1 --home ./alice"
    ) { invocation throws(CommandError) in
        let recording = try recordingID(invocation)
        let client = try await MemberConnection.open(invocation)
        let policy = try policy(invocation, recording, client.chain)
        let outcome: TransactionOutcome
        do throws(LayerRequest.Failure) {
            outcome = try await LayerRequest(home: client, recording: recording).publish(policy: policy.encoded)
        } catch {
            throw error.explained
        }
        report("published", outcome, invocation)
    }

    static let grant = Command(
        "rights grant", "Let a member play a recording.",
        description: "The grant holds as far as the policy lets grantees, until it is revoked.",
        arguments: [.init("ID", "the recording, 64 hexadecimal digits")],
        flags: MemberConnection.flags + [.init("--viewer", "MEMBER", "Who: did:sotto:… or 64 hexadecimal digits.")],
        example: "sotto rights grant 4f…c1 --viewer did:sotto:… --home ./alice"
    ) { invocation throws(CommandError) in
        let recording = try recordingID(invocation)
        let text = try invocation.required("--viewer", "MEMBER")
        let client = try await MemberConnection.open(invocation)
        let viewer = try memberID(text, chain: client.chain)
        let outcome = try await explained { () async throws(HomeError) in
            try await RightsHolder(client: client).grant(recording, to: viewer)
        }
        report("granted", outcome, invocation)
    }

    static let revoke = Command(
        "rights revoke", "End a member's rights in a recording, or everybody's.",
        description: """
            From the record that is printed on, no key is released to whom it concerns, and open leases are void. The
            holders then change the outer layer; when more than half of them have agreed, a copy of the keys of before
            opens nothing that is fetched any more. What was shown already stays with whoever kept it.
            """,
        arguments: [.init("ID", "the recording, 64 hexadecimal digits")],
        flags: MemberConnection.flags + [
            .init("--viewer", "MEMBER", "Only this member. Default everybody.")
        ],
        example: "sotto rights revoke 4f…c1 --viewer did:sotto:… --home ./alice"
    ) { invocation throws(CommandError) in
        let recording = try recordingID(invocation)
        let client = try await MemberConnection.open(invocation)
        var viewer: MemberID?
        if let text = invocation.flag("--viewer") { viewer = try memberID(text, chain: client.chain) }
        let done = try await explained { () async throws(HomeError) in
            try await RightsHolder(client: client).revoke(recording, viewer: viewer)
        }
        if invocation.wantsJSON {
            return Output.json(
                [
                    "height": .unsigned(done.height.rawValue), "epoch": .unsigned(done.epoch.rawValue),
                    "rotated": done.rotated.map { .unsigned($0.rawValue) } ?? .null,
                    "milliseconds": done.milliseconds.map { .unsigned($0) } ?? .null,
                ], pretty: false)
        }
        Output.line("revoked: holds from record \(done.height), rights epoch \(done.epoch)")
        if let rotated = done.rotated, let milliseconds = done.milliseconds {
            Output.line("outer layer: the holders agreed on the new one by record \(rotated), \(milliseconds) ms later")
        } else {
            Output.line("outer layer: the holders have not agreed on the new one yet; sotto rights show says when")
        }
    }

    static let show = Command(
        "rights show", "Show the policy, the grants and who watched.",
        description: "What the ledger says of the rights in a recording, as the home node has it.",
        arguments: [.init("ID", "the recording, 64 hexadecimal digits")], flags: MemberConnection.flags,
        example: "sotto rights show 4f…c1 --home ./alice"
    ) { invocation throws(CommandError) in
        let recording = try recordingID(invocation)
        let client = try await MemberConnection.open(invocation)
        let rights = try await explained { () async throws(HomeError) in
            try await client.signed("rights.get", ["recording": .string(recording.hex)])
        }
        if invocation.wantsJSON { return Output.json(rights) }
        Output.line(page(rights, client.chain))
    }

    // MARK: Policies

    private static func policy(
        _ invocation: Invocation, _ recording: RecordingID, _ chain: ChainID
    ) throws(CommandError) -> Policy {
        if let path = invocation.flag("--policy") {
            guard !invocation.has("--allow-anyone") else {
                throw CommandError(.usage, "--policy and --allow-anyone contradict each other")
            }
            return try policy(file: path, recording, chain)
        }
        do throws(PolicyError) {
            let assignee: PolicyAssignee = invocation.has("--allow-anyone") ? .anyone : .grantee
            return try Policy(permit: [PolicyRule(.play, to: assignee)])
        } catch {
            throw CommandError("the policy cannot be made: \(error)")
        }
    }

    private static func policy(
        file path: String, _ recording: RecordingID, _ chain: ChainID
    ) throws(CommandError) -> Policy {
        guard let data = try? Data(contentsOf: URL(filePath: path)) else {
            throw CommandError(.usage, "cannot read \(path)")
        }
        let json: JSONValue
        do throws(JSONError) {
            json = try JSONValue(parsing: String(decoding: data, as: UTF8.self))
        } catch {
            throw CommandError(.usage, "\(path) is not JSON")
        }
        let document: ODRLDocument
        do throws(PolicyError) {
            document = try ODRLDocument(json.node, chain: chain)
        } catch {
            throw CommandError(.usage, "\(path): \(error)", hint: "the profile is urn:sotto:odrl:1; nothing is skipped")
        }
        guard document.target == nil || document.target == recording else {
            throw CommandError(.usage, "\(path) is about another recording")
        }
        return document.policy
    }

    // MARK: Pages

    private static func report(_ what: String, _ outcome: TransactionOutcome, _ invocation: Invocation) {
        if invocation.wantsJSON {
            return Output.json(
                ["transaction": .string(outcome.id.hex), "height": .unsigned(outcome.height.rawValue)], pretty: false)
        }
        Output.line("\(what): holds from record \(outcome.height)")
    }

    private static func page(_ rights: JSONValue, _ chain: ChainID) -> String {
        func number(_ value: JSONValue?) -> String { value?.unsigned.map { String($0) } ?? "-" }
        func member(_ value: JSONValue?) -> String {
            value?.string.flatMap { MemberID(hex: $0) }?.text(chain: chain) ?? "-"
        }
        guard let epoch = rights["epoch"]?.unsigned else {
            return "not published: \(rights["senders"]?.list?.count ?? 0) senders have sealed"
        }
        var rows = [["owner", member(rights["owner"])], ["rights epoch", String(epoch)]]
        let isAgreed = rights["rooted"]?.unsigned == epoch
        rows.append(["outer layer", isAgreed ? "agreed" : "being rotated from epoch \(number(rights["rooted"]))"])
        rows.append(["holders", "\(rights["holders"]?.list?.count ?? 0)"])
        var text = Table.plain(rows)
        let grants = (rights["grants"]?.list ?? []).map {
            [
                member($0["viewer"]), $0["active"]?.boolean ?? false ? "active" : "revoked",
                "epoch \(number($0["epoch"]))",
            ]
        }
        if !grants.isEmpty { text += "\n\n" + Table.titled(["grants", "", ""], grants) }
        let leases = (rights["leases"]?.list ?? []).map {
            [
                member($0["viewer"]), number($0["group"]), number($0["groups"]), number($0["viewings"]),
                number($0["seeks"]),
            ]
        }
        if !leases.isEmpty {
            text += "\n\n" + Table.titled(["watched", "last minute", "minutes", "viewings", "seeks"], leases)
        }
        return text
    }
}

extension LayerRequest.Failure {
    /// What a person reads.
    var explained: CommandError {
        switch self {
        case .home(let error): error.explained
        case .unknownRecording: CommandError(.refused, "the ledger has no such recording")
        case .notSealed: CommandError(.refused, "nobody has sealed anything of the recording yet")
        case .noAgreement(let holders):
            CommandError(
                .timedOut,
                messages: ["the holders have not come to one outer layer"]
                    + holders.map { "holder \($0.member.hex.prefix(12)): \($0.state)" },
                hint: "try again; blocks may still be on their way")
        }
    }
}
