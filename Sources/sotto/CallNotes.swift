internal import Crypto
internal import EventLoop
internal import FoundationEssentials
internal import Ledger
internal import Node
internal import Primitives
internal import RPC
internal import Signalling
internal import Wire

/// Who stands behind the seats of an opened call, as far as its certificates say.
struct OpenedSeats {
    struct Claim {
        let member: MemberID
        /// The key that signed the certificate; whose it was, the ledger says.
        let key: PublicKey
    }

    private(set) var members: [PublicKey: Claim] = [:]

    /// Passes over what is no certificate of this call, not committed to by a seat, or badly signed.
    init(_ opening: CallOpening, chain: ChainID) {
        let commitments = Dictionary(opening.leaf.seats.map { ($0.key, $0.certificate) }) { first, _ in first }
        var hash = SHA256()
        for bytes in opening.certificates {
            guard let opened = try? CertificateOpening(decoding: bytes),
                let certificate = try? CallCertificate(decoding: opened.certificate.body),
                certificate.call == opening.leaf.call, certificate.roster == opening.leaf.roster,
                commitments[certificate.callKey]
                    == CallCertificate.commitment(to: opened.certificate, salt: opened.salt, with: &hash),
                SignatureVerifier().isValid(opened.certificate.signatureCheck(kind: .callKey, chain: chain))
            else { continue }
            members[certificate.callKey] = Claim(member: certificate.member, key: opened.certificate.key)
        }
    }
}

/// A leaf of a call under its home node's commitment, kept in the caller's data directory until somebody asks for it.
enum CallNotes {
    static let flag = Command.Flag(
        "--commit", "Put this call under the home node's commitment, and keep what opens it. Default: no trace.")

    static let opening = Command(
        "call opening", "Write what shows to an auditor that a call took place.",
        description: """
            For a call that was made with --commit: fetches its path to the home node's commitment, which stands on the
            ledger once the interval of the call is over, and writes it with the call's leaf and the certificates of who
            took part. Whoever has the file can check all of it: sotto ledger check-call.
            """,
        arguments: [.init("CALL", "the call's id, as sotto call printed it")],
        flags: MemberConnection.flags + [.init("--output", "FILE", "Where to write.")],
        example: "sotto call opening 77ab… --output call.sotto --home ./alice"
    ) { invocation throws(CommandError) in
        let path = try invocation.required("--output", "FILE")
        let home = try HomeFiles(invocation)
        let name = name(of: try invocation.required(0, "CALL"))
        guard home.exists(name) else {
            throw CommandError(.refused, "no such call is kept here", hint: "was it made with --commit?")
        }
        guard let kept = try? CallOpening(decoding: try home.read(name)) else {
            throw CommandError("\(home.path)/\(name) is damaged")
        }
        let client = try await MemberConnection.open(invocation, home: home)
        var hash = SHA256()
        let leaf = kept.leaf.hash(with: &hash).hex
        let answer = try await explained { () async throws(HomeError) in
            try await client.signed("call.path", ["leaf": .string(leaf), "interval": .unsigned(kept.interval)])
        }
        guard let index = answer["index"]?.unsigned, let size = answer["size"]?.unsigned,
            let list = answer["path"]?.list
        else { throw CommandError(.refused, "the home node's answer cannot be read") }
        let opening = CallOpening(
            home: kept.home, leaf: kept.leaf, path: list.compactMap { $0.string.flatMap { Digest(hex: $0) } },
            size: size,
            certificates: kept.certificates, index: index, interval: kept.interval)
        guard (try? Data(opening.encoded).write(to: URL(filePath: path))) != nil else {
            throw CommandError("cannot write \(path)")
        }
        if invocation.wantsJSON { return Output.json(["path": .string(path), "size": .unsigned(size)]) }
        Output.line("one of at most \(size) calls, in \(path)")
    }

    private static func salt() -> Digest { Digest(SecureRandom.bytes(count: Bytes32.byteCount)) ?? .zero }

    private static func name(of call: String) -> String { "calls/\(call.filter(\.isHexDigit).lowercased()).note" }

    /// Hands the leaf in and keeps what opens it. A failure is told and ends nothing: the call is over.
    static func keep(
        _ session: CallSession, since start: Timestamp, _ client: HomeClient, _ home: HomeFiles, _ teller: CallTeller
    ) async {
        guard let roster = await session.roster, let own = await session.certificate,
            let other = await session.peerCertificate
        else { return }
        var hash = SHA256()
        let openings = [own, other].map { CertificateOpening(salt: salt(), certificate: $0) }
        let seats = zip([roster.ownKey, roster.peerKey], openings).map { key, opening in
            CallLeaf.Seat(
                key: key,
                certificate: CallCertificate.commitment(
                    to: opening.certificate, salt: opening.salt, with: &hash))
        }
        let leaf = CallLeaf(
            call: roster.call, salt: salt(), seats: seats, start: start.rawValue / 60_000,
            end: max(start, SystemTime.utc).rawValue / 60_000, policy: hash.finish(), roster: roster.hash)
        do {
            let answer = try await explained { () async throws(HomeError) in
                try await client.signed("call.note", ["leaf": .string(leaf.hash(with: &hash).hex)])
            }
            guard let interval = answer.unsigned else { throw CommandError("the home node's answer cannot be read") }
            // Its path is not known before the interval is over.
            let note = CallOpening(
                home: client.node, leaf: leaf, path: [], size: 1, certificates: openings.map { $0.encoded }, index: 0,
                interval: interval)
            try HomeFiles(home.path + "/calls").make(isBare: true)
            try home.write(name(of: roster.call.hex), note.encoded, replacing: true)
            teller.say(
                "committed", "committed: sotto call opening \(roster.call.hex) shows it once its interval is over",
                ["call": .string(roster.call.hex), "interval": .unsigned(interval)])
        } catch {
            teller.say("notCommitted", "the home node did not take the call's leaf")
        }
    }
}
