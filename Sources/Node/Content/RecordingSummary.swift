package import Ledger
package import Primitives
package import RPC
import Wire

/// All that the ledger says about one recording, for people.
package struct RecordingSummary: Sendable {
    package let recording: RecordingID
    package let entry: RecordingEntry
    package let call: CallEntry
    /// By per-call key, as far as given.
    package let consents: [PublicKey: ConsentEntry]
    package let seals: [PublicKey: SealEntry]
    package let rights: RightsEntry?

    /// Reads a fact of the state; nil when nothing stands under the key.
    package typealias Reader = (StateKey) async throws -> [UInt8]?

    /// Reads everything; nil when there is no such recording.
    /// - Throws: what `read` throws, and `WireError` for a fact that cannot be read.
    package init?(_ recording: RecordingID, read: Reader) async throws {
        guard let bytes = try await read(StateKey(.recording, recording)) else { return nil }
        let entry = try RecordingEntry(decoding: bytes)
        guard let callBytes = try await read(StateKey(.call, entry.call)) else { return nil }
        let call = try CallEntry(decoding: callBytes)
        var consents: [PublicKey: ConsentEntry] = [:]
        for seat in call.seats {
            guard let bytes = try await read(StateKey(.consent, recording, seat.key)) else { continue }
            consents[seat.key] = try ConsentEntry(decoding: bytes)
        }
        var seals: [PublicKey: SealEntry] = [:]
        for sender in entry.senders {
            guard let bytes = try await read(StateKey(.seal, recording, sender)) else { continue }
            seals[sender] = try SealEntry(decoding: bytes)
        }
        self.recording = recording
        self.entry = entry
        self.call = call
        self.consents = consents
        self.seals = seals
        rights = try await read(StateKey(.rights, recording)).map { bytes in try RightsEntry(decoding: bytes) }
    }

    /// `open`, `sealed` or `published`.
    package var state: String { rights != nil ? "published" : seals.isEmpty ? "open" : "sealed" }

    /// Groups that consent covered, over all tracks.
    package var acceptedGroupCount: Int {
        seals.values.flatMap(\.tracks).reduce(0) { sum, track in
            sum + track.accepted.reduce(0) { $0 + $1.nonzeroBitCount }
        }
    }

    package var json: JSONValue {
        [
            "recording": .string(recording.hex), "state": .string(state), "call": .string(entry.call.hex),
            "owner": .string(entry.owner.hex),
            "began": call.rosters.first.map { .unsigned($0.from.rawValue) } ?? .null,
            "ended": call.ended.map { .unsigned($0.rawValue) } ?? .null,
            "holders": .list(entry.holders.map { .string($0.hex) }),
            "participants": .list(call.seats.map { participant($0) }),
            "rights": rights.map {
                [
                    "epoch": .unsigned($0.epoch.rawValue), "root": .string($0.root.hex),
                    "rooted": .unsigned($0.rooted.rawValue),
                ]
            } ?? .null,
        ]
    }

    private func participant(_ seat: CallEntry.Seat) -> JSONValue {
        let consent = consents[seat.key]
        return [
            "key": .string(seat.key.hex), "home": .string(seat.home.hex),
            "consent": consent.map {
                [
                    "live": .boolean($0.isLive), "retentionDays": .unsigned($0.retentionDays),
                    "spans": .list(
                        $0.spans.map {
                            [
                                "from": .unsigned($0.from.rawValue),
                                "to": $0.to.map { .unsigned($0.rawValue) } ?? .null,
                                "tracks": .list($0.tracks.words.map { .string($0) }),
                            ]
                        }),
                ]
            } ?? .null,
            "seal": seals[seat.key].map {
                [
                    "time": .unsigned($0.time.rawValue), "manifest": .string($0.manifest.description),
                    "tracks": .list($0.tracks.map { track($0) }),
                ]
            } ?? .null,
        ]
    }

    private func track(_ track: SealEntry.Track) -> JSONValue {
        [
            "id": .unsigned(track.id), "kind": .string(track.kind.words.first ?? ""), "root": .string(track.root.hex),
            "first": .unsigned(track.first.rawValue), "groups": .unsigned(track.count),
            "accepted": .unsigned(UInt64(track.accepted.reduce(0) { $0 + $1.nonzeroBitCount })),
        ]
    }
}

extension TrackKinds {
    /// The kinds in words.
    package var words: [String] {
        let names: [(TrackKinds, String)] = [
            (.audio, "audio"), (.video, "video"), (.screen, "screen"), (.chat, "chat"),
        ]
        return names.filter { contains($0.0) }.map(\.1)
    }
}
