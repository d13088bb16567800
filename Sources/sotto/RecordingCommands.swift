internal import FoundationEssentials
internal import Ledger
internal import Node
internal import Primitives
internal import RPC
internal import Wire

/// `sotto recording list|show`.
enum RecordingCommands {
    static let list = Command(
        "recording list", "List the recordings that this member owns or takes part in.",
        description: """
            Owned recordings come from the ledger. Those that the member only takes part in are not on the ledger under
            its name; they come from the logs in this data directory.
            """,
        flags: MemberConnection.flags, example: "sotto recording list --home ./alice"
    ) { invocation throws(CommandError) in
        let home = try HomeFiles(invocation)
        let client = try await MemberConnection.open(invocation, home: home)
        var recordings = try await owned(client)
        for recording in home.recordedHere where !recordings.contains(recording) { recordings.append(recording) }
        var rows: [[String]] = []
        var objects: [JSONValue] = []
        for recording in recordings {
            guard let summary = try await summary(of: recording, client) else { continue }
            objects.append(summary.json)
            rows.append([
                recording.hex, summary.state, summary.entry.owner == client.member ? "owner" : "participant",
                String(summary.call.seats.count), String(summary.acceptedGroupCount),
                summary.rights.map { String($0.epoch.rawValue) } ?? "-",
            ])
        }
        if invocation.wantsJSON { return Output.json(.list(objects), pretty: false) }
        if rows.isEmpty { return Output.note("no recordings") }
        Output.line(Table.titled(["recording", "state", "role", "people", "minutes", "epoch"], rows))
    }

    static let show = Command(
        "recording show", "Show who agreed to a recording, who sealed what, and who holds it.",
        description: "Every fact is proven by the network's validators before it is printed.",
        arguments: [.init("ID", "the recording, 64 hexadecimal digits")], flags: MemberConnection.flags,
        example: "sotto recording show 4f…c1 --home ./alice"
    ) { invocation throws(CommandError) in
        let recording = try recordingID(invocation)
        let client = try await MemberConnection.open(invocation)
        guard let summary = try await summary(of: recording, client) else {
            throw CommandError(.refused, "the ledger has no recording \(recording.hex.prefix(12))")
        }
        if invocation.wantsJSON { return Output.json(summary.json) }
        Output.line("recording  \(recording.hex)")
        Output.line("state      \(summary.state)")
        Output.line("call       \(summary.entry.call.hex)")
        Output.line("owner      \(summary.entry.owner.text(chain: client.chain))")
        if let rights = summary.rights {
            let pending = rights.rooted == rights.epoch ? "" : ", outer layer of epoch \(rights.rooted) still"
            Output.line("rights     epoch \(rights.epoch)\(pending)")
        }
        for holder in summary.entry.holders { Output.line("holder     \(holder.text(chain: client.chain))") }
        for seat in summary.call.seats { participant(seat, summary) }
    }

    private static func participant(_ seat: CallEntry.Seat, _ summary: RecordingSummary) {
        let consent = summary.consents[seat.key]
        let word =
            consent.map { $0.isLive ? "agreed, kept for \($0.retentionDays) days" : "withdrew" } ?? "did not agree"
        Output.line("person     \(seat.key.hex.prefix(16))  \(word)")
        for track in summary.seals[seat.key]?.tracks ?? [] {
            let accepted = track.accepted.reduce(0) { $0 + $1.nonzeroBitCount }
            Output.line(
                "  track \(track.id)  \(track.kind.words.joined(separator: ","))  "
                    + "\(accepted) of \(track.count) minutes covered by consent")
        }
    }

    private static func summary(
        of recording: RecordingID, _ client: HomeClient
    ) async throws(CommandError) -> RecordingSummary? {
        do {
            return try await RecordingSummary(recording) { try await client.value($0) }
        } catch let error as HomeError {
            throw error.explained
        } catch {
            throw CommandError(.refused, "what the ledger has under this recording cannot be read")
        }
    }

    private static func owned(_ client: HomeClient) async throws(CommandError) -> [RecordingID] {
        var found: [RecordingID] = []
        while true {
            var params = [JSONValue.Member("owner", .string(client.member.hex))]
            if let last = found.last { params.append(JSONValue.Member("after", .string(last.hex))) }
            let answer = try await explained { () async throws(HomeError) in
                try await client.call("recording.list", .object(params))
            }
            let page = (answer["recordings"]?.list ?? []).compactMap { $0.string.flatMap { RecordingID(hex: $0) } }
            found += page
            guard answer["more"]?.boolean == true, !page.isEmpty else { return found }
        }
    }
}

extension HomeFiles {
    /// Where the logs of what this member recorded lie, one directory for each call.
    var recordingsPath: String { path + "/recordings" }

    /// The recordings whose logs lie here; one that is being written just now is left out.
    var recordedHere: [RecordingID] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: recordingsPath)) ?? []
        return names.sorted().compactMap { RecordingLog.inspect(path: recordingsPath + "/" + $0)?.recording }
    }
}
