internal import Crypto
internal import FoundationEssentials
internal import Node
internal import Primitives
internal import RPC
internal import Signalling
internal import Wire

/// `sotto number publish|find|release`.
enum NumberCommands {
    private static let numberFlag = Command.Flag("--number", "NUMBER", "The phone number, with its country code: +49….")

    static let publish = Command(
        "number publish", "Make yourself findable under a phone number.",
        description: """
            Writes your sealed record into the DHT, for less than a day; repeat it daily. The first time, and after each
            month, a registrar must have the number attested: --registrar names the data directory of one, as the
            operator of a test network has it. The registrar and the validators that attest learn the number; nobody
            else does. What is kept for the next time lies in numbers/ of the data directory.
            """,
        flags: MemberConnection.flags + [
            numberFlag,
            .init("--registrar", "DIRECTORY", "The data directory of a registrar, which learns the number."),
            .init("--mailbox", "ID", "Your mailbox at your home node, 64 hexadecimal digits."),
            .init("--prekeys", "CID", "The content identifier of your signed prekey bundle."),
        ],
        example: "sotto number publish --number +4915112345678 --registrar ./network/registrar --mailbox … --prekeys …"
    ) { invocation throws(CommandError) in
        let number = try number(invocation)
        guard let mailbox = MailboxID(hex: try invocation.required("--mailbox", "ID")) else {
            throw CommandError(.usage, "--mailbox takes 64 hexadecimal digits")
        }
        guard let prekeys = CID(text: try invocation.required("--prekeys", "CID")) else {
            throw CommandError(.usage, "--prekeys takes a content identifier")
        }
        let home = try HomeFiles(invocation)
        let client = try await MemberConnection.open(invocation, home: home)
        let published = try await publish(
            number, mailbox: MailboxAddress(node: client.node, mailbox: mailbox), prekeys: prekeys,
            registrar: invocation.flag("--registrar"), home: home, client: client)
        if invocation.wantsJSON {
            return Output.json([
                "location": .string(published.listing.location.hex),
                "commitment": .string(published.listing.commitment.hex),
                "attestedUntil": .unsigned(published.listing.expiry.rawValue),
                "expiry": .unsigned(published.expiry.rawValue), "copies": .unsigned(published.copies),
            ])
        }
        Output.line("published at \(published.copies) nodes until \(date(published.expiry))")
        Output.line("attested until \(date(published.listing.expiry))")
    }

    static let find = Command(
        "number find", "Find the member behind a phone number.",
        description: """
            Looks the number up and checks everything that the record says. Neither your home node nor the validators
            learn the number; they count your lookups.
            """,
        flags: MemberConnection.flags + [numberFlag],
        example: "sotto number find --number +4915112345678"
    ) { invocation throws(CommandError) in
        let number = try number(invocation)
        let client = try await MemberConnection.open(invocation)
        let found: NumberDirectory.Found
        do throws(NumberError) {
            found = try await NumberDirectory(home: client).find(number)
        } catch {
            throw error.explained(client.chain)
        }
        warn(of: found.faulty, client.chain)
        let (member, node) = (found.record.member, found.record.mailbox.node)
        if invocation.wantsJSON {
            return Output.json([
                "member": .string(member.hex), "did": .string(member.text(chain: client.chain)),
                "node": .string(node.hex), "mailbox": .string(found.record.mailbox.mailbox.hex),
                "prekeys": .string(found.record.prekeys.description), "location": .string(found.location.hex),
                "expiry": .unsigned(found.expiry.rawValue),
                "attestedUntil": .unsigned(found.record.expiry.rawValue),
            ])
        }
        Output.line(
            Table.plain([
                ["member", member.text(chain: client.chain)], ["home node", node.text(chain: client.chain)],
                ["until", date(found.expiry)],
            ]))
    }

    static let release = Command(
        "number release", "Give a phone number up.",
        description: """
            Ends the attestations of the numbers that this data directory has published: no node stores their records
            any more. With --location only that one.
            """,
        flags: MemberConnection.flags + [.init("--location", "ID", "Only the record at this location.")],
        example: "sotto number release"
    ) { invocation throws(CommandError) in
        let home = try HomeFiles(invocation)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: home.path + "/numbers")) ?? []
        let locations = names.filter { $0.hasSuffix(".listing") }.map { String($0.dropLast(".listing".count)) }
            .filter { invocation.flag("--location") == nil || invocation.flag("--location") == $0 }.sorted()
            .compactMap { DHTKey(hex: $0) }
        guard !locations.isEmpty else { throw CommandError("nothing is published from \(home.path)") }
        let client = try await MemberConnection.open(invocation, home: home)
        for location in locations {
            guard let listing = listing(location, in: home) else { continue }
            do throws(NumberError) {
                try await NumberDirectory(home: client).release(listing)
            } catch {
                throw error.explained(client.chain)
            }
            try? FileManager.default.removeItem(atPath: home.path + "/" + file(location))
            Output.line("released \(location.hex)")
        }
    }

    // MARK: Steps

    /// Publishes a number and keeps what serves the next time.
    /// - Parameter registrar: the data directory of a registrar, asked only when the number must be attested.
    static func publish(
        _ number: PhoneNumber, mailbox: MailboxAddress, prekeys: CID, registrar: String?, home: HomeFiles,
        client: HomeClient
    ) async throws(CommandError) -> NumberDirectory.Published {
        var evidence: NumberDirectory.Evidence?
        if let registrar {
            let key = SigningKey(seed: try HomeFiles(registrar).key(.sign))
            let chain = client.chain
            evidence = { claim throws(NumberError) in
                key.sign(.numberStatement, chain: chain, body: claim.encoded).encoded
            }
        }
        let published: NumberDirectory.Published
        do throws(NumberError) {
            published = try await NumberDirectory(home: client).publish(
                number, mailbox: mailbox, prekeys: prekeys, listing: { location in listing(location, in: home) },
                evidence: evidence)
        } catch {
            throw error.explained(client.chain)
        }
        try HomeFiles(home.path + "/numbers").make(isBare: true)
        try home.write(file(published.listing.location), published.listing.encoded, replacing: true)
        warn(of: published.faulty, client.chain)
        return published
    }

    static func number(_ invocation: Invocation) throws(CommandError) -> PhoneNumber {
        guard let number = PhoneNumber(try invocation.required("--number", "NUMBER")) else {
            throw CommandError(.usage, "--number takes a number with its country code", hint: "+49 151 12345678")
        }
        return number
    }

    private static func file(_ location: DHTKey) -> String { "numbers/\(location.hex).listing" }

    private static func listing(_ location: DHTKey, in home: HomeFiles) -> NumberListing? {
        guard home.exists(file(location)), let bytes = try? home.read(file(location)) else { return nil }
        return try? NumberListing(decoding: bytes)
    }

    private static func warn(of faulty: [MemberID], _ chain: ChainID) {
        for validator in faulty { Output.note("bad share from validator \(validator.text(chain: chain))") }
    }

    private static func date(_ time: Timestamp) -> String {
        Date(timeIntervalSince1970: Double(time.rawValue / 1_000)).formatted(.iso8601)
    }
}

extension NumberError {
    /// What a person reads.
    func explained(_ chain: ChainID) -> CommandError {
        switch self {
        case .home(let error): error.explained
        case .noPhoneKey: CommandError(.settings, "the network has no key for phone numbers")
        case .tooFewShares(_, _, let refusals, _, _) where refusals.contains(.quota):
            CommandError(.refused, "the lookups of the day are used up", hint: "try again tomorrow")
        case .tooFewShares(let have, let need, let refusals, let faulty, let unreadable):
            CommandError(
                .refused,
                messages: ["only \(have) of \(need) validators gave a good answer"]
                    + Set(refusals.map(\.rawValue)).sorted().map { "validators refused: \($0)" }
                    + faulty.map { "bad share from \($0.text(chain: chain))" }
                    + unreadable.map { "unreadable answer from \($0.text(chain: chain))" })
        case .notListed: CommandError("nobody is listed under this number")
        case .untrue(let fault): CommandError(.refused, "the record does not hold: \(fault.rawValue)")
        case .evidenceNeeded:
            CommandError(
                "the number is not attested in this month", hint: "pass --registrar DIRECTORY, or ask a registrar")
        case .notAttested: CommandError(.refused, "the ledger does not show the attestation")
        case .crypto(let error): CommandError("\(error)")
        case .ristretto(let error): CommandError("\(error)")
        }
    }
}
