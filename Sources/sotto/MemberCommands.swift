internal import Crypto
internal import FoundationEssentials
internal import Ledger
internal import Node
internal import Primitives
internal import RPC
internal import Wire

/// `sotto member admit|rotate|remove|list`.
enum MemberCommands {
    static let admit = Command(
        "member admit", "Admit a new member, as a registrar.",
        description: """
            Sends the registration that sotto init wrote to the ledger, signed by the registrar whose data directory
            --home names, and waits until it is final.
            """,
        arguments: [.init("REGISTRATION", "the new member's registration.cbor")], flags: MemberConnection.flags,
        example: "sotto member admit ./alice/registration.cbor --home ./network/registrar"
    ) { invocation throws(CommandError) in
        let file = try invocation.required(0, "REGISTRATION")
        guard let data = try? Data(contentsOf: URL(filePath: file)),
            let registration = try? SignedRegistration(decoding: [UInt8](data))
        else { throw CommandError(.usage, "\(file) is no registration") }
        let client = try await MemberConnection.open(invocation)
        let outcome = try await explained { () async throws(HomeError) in
            try await client.submit(.memberAdmit(MemberAdmit(registration: registration)))
        }
        var hash = SHA256()
        report(registration.memberID(with: &hash), "admitted", outcome, client.chain, invocation)
    }

    static let rotate = Command(
        "member rotate", "Replace the keys of the member of this data directory.",
        description: """
            Puts the keys that sotto keys new wrote to DIRECTORY in the place of the present ones, on the ledger first
            and then in the data directory; the old ones stay beside them as *.old.key. A validator changes its signing
            key alone, and votes with the old one until its validator epoch ends. Run it where the validator's node has
            its data directory: the running node takes the new key from there, or says key_missing in its log; then
            start it again before the epoch ends.
            """,
        arguments: [.init("DIRECTORY", "the directory with the new keys")], flags: MemberConnection.flags,
        example: "sotto member rotate ./alice/next --home ./alice"
    ) { invocation throws(CommandError) in
        let home = try HomeFiles(invocation)
        let next = HomeFiles(try invocation.required(0, "DIRECTORY"))
        guard try SignerFields.isFile(Settings.read(invocation)) else {
            throw CommandError(
                .refused,
                "the key of this node does not lie in its data directory, and only such a key is changed here",
                hint: "register another member with the new key, and let it take this one's place: sotto init --key, "
                    + "sotto validator propose --join … --leave …")
        }
        let client = try await MemberConnection.open(invocation, home: home)
        let done = try await KeyRotation(home: home, next: next, client: client).run()
        if let outcome = done.transaction {
            report(client.member, "rotated", outcome, client.chain, invocation)
        } else {
            Output.note("the ledger has this key already; the files are in their places now")
        }
        if let height = done.lastHeight { Output.note("it votes with the new key after height \(height)") }
    }

    static let remove = Command(
        "member remove", "Remove a member for good, as a registrar or as the member itself.",
        description: "The member's id is never admitted again. Nothing of what it did leaves the ledger.",
        arguments: [.init("MEMBER", "its id, in hexadecimal or as did:sotto:…")], flags: MemberConnection.flags,
        example: "sotto member remove did:sotto:… --home ./network/registrar"
    ) { invocation throws(CommandError) in
        let text = try invocation.required(0, "MEMBER")
        let client = try await MemberConnection.open(invocation)
        let member = try memberID(text, chain: client.chain)
        let outcome = try await explained { () async throws(HomeError) in
            try await client.submit(.memberRemove(MemberRemove(member: member)))
        }
        report(member, "removed", outcome, client.chain, invocation)
    }

    static let list = Command(
        "member list", "List the members.",
        description: "Asks a node for the members the ledger names, as the node has it.",
        flags: NodeConnection.flags + [.init("--role", "ROLE", "Only person, node, validator or registrar.")],
        example: "sotto member list --role validator"
    ) { invocation throws(CommandError) in
        let connection = try NodeConnection(invocation)
        var members: [JSONValue] = []
        while true {
            var params: [JSONValue.Member] = []
            if let role = invocation.flag("--role") { params.append(.init("role", .string(role))) }
            if let last = members.last?["id"] { params.append(.init("after", last)) }
            let page = try await connection.call("member.list", .object(params))
            let list = page["members"]?.list ?? []
            members += list
            guard page["more"]?.boolean ?? false, !list.isEmpty else { break }
        }
        if invocation.wantsJSON { return Output.json(.list(members)) }
        Output.line(
            Table.titled(
                ["member", "roles", "standing", "since"],
                members.map { member in
                    [
                        member["did"]?.string ?? "-",
                        (member["roles"]?.list ?? []).compactMap(\.string).joined(separator: ","),
                        member["standing"]?.string ?? "-", String(member["since"]?.unsigned ?? 0),
                    ]
                }))
    }

    private static func report(
        _ member: MemberID, _ what: String, _ outcome: TransactionOutcome, _ chain: ChainID, _ invocation: Invocation
    ) {
        if invocation.wantsJSON {
            let members = [JSONValue.Member("member", .string(member.hex))] + (outcome.json.members ?? [])
            return Output.json(.object(members))
        }
        Output.line("\(member.text(chain: chain)) \(what) at height \(outcome.height)")
    }
}
