internal import Ledger
internal import Node
internal import Primitives
internal import RPC

/// `sotto recording erase`.
enum ErasureCommand {
    static let command = Command(
        "recording erase", "Erase a recording for good, as its rights holder.",
        description: """
            Marks the recording as erased on the ledger: its seals and policies go, no key of it is ever released again,
            and every node shows the transactions that carry them no more and removes them from its disk, ten minutes
            later unless it is set otherwise. Whoever has made a copy keeps it. What stays is that there was a
            recording, who consented, and who watched. Nothing undoes it. Needs --yes.
            """,
        arguments: [.init("ID", "the recording, 64 hexadecimal digits")],
        flags: MemberConnection.flags + [.init("--yes", "Really erase it.")],
        example: "sotto recording erase 4f…c1 --yes --home ./alice"
    ) { invocation throws(CommandError) in
        guard let recording = RecordingID(hex: try invocation.required(0, "ID")) else {
            throw CommandError(.usage, "ID is a recording's id of 64 hexadecimal digits", hint: "sotto recording list")
        }
        guard invocation.has("--yes") else {
            throw CommandError(.usage, "nothing undoes an erasure", hint: "if it shall be: add --yes")
        }
        let client = try await MemberConnection.open(invocation)
        let outcome = try await explained { () async throws(HomeError) in
            try await client.submit(.erase(.recording(recording)))
        }
        if invocation.wantsJSON { return Output.json(outcome.json) }
        Output.line("erased at height \(outcome.height)")
    }
}
