internal import Crypto
internal import FoundationEssentials
internal import Ledger
internal import Primitives
internal import RPC
internal import Wire

/// `sotto ledger check-evidence|check-call`: what somebody shows to an auditor.
extension LedgerCommands {
    static let checkEvidence = Command(
        "ledger check-evidence", "Check that a validator signed twice, without a network.",
        description: """
            Reads evidence, as a transaction of the kind carries it, and says which key signed which two ballots that
            exclude each other. That the key was a validator's in that validator epoch stands on the ledger.
            """,
        arguments: [.init("FILE", "the evidence, dag-cbor")],
        flags: [.init("--chain", "HEX", "The chain that it must be of, 64 hexadecimal digits.")],
        example: "sotto ledger check-evidence evidence.sotto --chain 0d83…"
    ) { invocation throws(CommandError) in
        let path = try invocation.required(0, "FILE")
        guard let data = try? Data(contentsOf: URL(filePath: path)) else { throw CommandError("cannot read \(path)") }
        guard data.count < 1_024, let evidence = try? Evidence(decoding: [UInt8](data)) else {
            throw CommandError(.refused, "\(path) holds no evidence", hint: "a notarize with a nullify is none")
        }
        let chain = invocation.flag("--chain").map { ChainID(hex: $0) }
        if case .some(nil) = chain { throw CommandError(.usage, "--chain takes 64 hexadecimal digits") }
        if case .some(.some(let chain)) = chain, chain != evidence.chain {
            throw CommandError(.refused, "the evidence is of another chain: \(evidence.chain.hex)")
        }
        guard SignatureVerifier().verified(evidence, in: evidence.chain) != nil else {
            throw CommandError(.refused, "a signature in \(path) does not hold", hint: "it accuses nobody")
        }
        let ballots = [evidence.first, evidence.second]
        if invocation.wantsJSON {
            return Output.json([
                "holds": true, "chain": .string(evidence.chain.hex), "key": .string(evidence.key.hex),
                "epoch": .unsigned(evidence.epoch.rawValue), "view": .unsigned(evidence.view.rawValue),
                "ballots": .list(
                    ballots.map { ["kind": .string(String(describing: $0.kind)), "hash": .string($0.hash.hex)] }),
            ])
        }
        Output.line(
            "holds: key \(evidence.key.hex) signed both in validator epoch \(evidence.epoch), view \(evidence.view)")
        Output.line(Table.plain(ballots.map { [String(describing: $0.kind), $0.hash.hex] }))
        Output.line("chain \(evidence.chain.hex)")
    }

    static let checkCall = Command(
        "ledger check-call", "Check a call that a participant opened, against its home node's commitment.",
        description: """
            Asks a node for the commitment that the home node of the call put on the ledger for that interval, proven by
            the network's validators, and checks that the call stands under it. Prints the times, the keys of who took
            part, and the members whose certificates the file opens.
            """,
        arguments: [.init("FILE", "what sotto call opening wrote")], flags: NodeConnection.flags,
        example: "sotto ledger check-call call.sotto --home ./auditor"
    ) { invocation throws(CommandError) in
        let path = try invocation.required(0, "FILE")
        guard let data = try? Data(contentsOf: URL(filePath: path)), data.count < 1 << 22,
            let opening = try? CallOpening(decoding: [UInt8](data))
        else { throw CommandError(.refused, "\(path) is no opened call", hint: "sotto call opening writes one") }
        let state = try ProvenState(invocation)
        guard let commit = try await state.read(CommitEntry.self, opening.stateKey).0 else {
            throw CommandError(
                .refused,
                "home node \(opening.home.hex.prefix(12)) committed to nothing in interval \(opening.interval)")
        }
        var hash = SHA256()
        guard opening.holds(under: commit, with: &hash) else {
            throw CommandError(.refused, "the call does not stand under the commitment", hint: "the opening is false")
        }
        let members = OpenedSeats(opening, chain: state.chain).members
        let leaf = opening.leaf
        if invocation.wantsJSON {
            return Output.json([
                "holds": true, "call": .string(leaf.call.hex), "home": .string(opening.home.hex),
                "start": .unsigned(leaf.start * 60_000), "end": .unsigned(leaf.end * 60_000),
                "seats": .list(
                    leaf.seats.map { seat in
                        [
                            "key": .string(seat.key.hex),
                            "claimed": members[seat.key].map { .string($0.member.hex) } ?? .null,
                        ]
                    }),
            ])
        }
        Output.line("holds: one of at most \(opening.size) calls of \(opening.home.text(chain: state.chain))")
        Output.line("call \(leaf.call.hex), from minute \(leaf.start) to \(leaf.end)")
        for seat in leaf.seats {
            let who = members[seat.key].map {
                "\($0.member.text(chain: state.chain)), signed by \($0.key.hex.prefix(16))…"
            }
            Output.line("seat \(seat.key.hex.prefix(16))…  \(who ?? "not opened")")
        }
    }
}
