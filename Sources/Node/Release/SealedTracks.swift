import Crypto
package import Ledger
package import Primitives
import Recording
import Signalling
import Wire

/// The recording as the ledger has it: who sealed what, who may be played, and who stands behind each sender.
package struct SealedTracks: Sendable {
    /// One sender whose tracks may be played.
    package struct Sender: Sendable {
        package let key: PublicKey
        package let seal: SealEntry
    }

    package let recording: RecordingID
    package let entry: RecordingEntry
    /// Those whose consent stands, ascending by key.
    package let playable: [Sender]
    package let standings: [PlaybackReport.Sender]

    /// Reads what was sealed, and by whom it was agreed.
    /// - Throws: `PlaybackError.notPublished`.
    package init(
        _ recording: RecordingID, from home: some PlaybackHome, _ source: some RecordingSource
    ) async throws(PlaybackError) {
        guard let entry = try await home.fact(RecordingEntry.self, StateKey(.recording, recording)),
            !entry.senders.isEmpty
        else { throw .notPublished }
        let call = try await home.fact(CallEntry.self, StateKey(.call, entry.call))
        var playable: [Sender] = []
        var standings: [PlaybackReport.Sender] = []
        for key in entry.senders {
            guard let seal = try await home.fact(SealEntry.self, StateKey(.seal, recording, key)),
                let consent = try await home.fact(ConsentEntry.self, StateKey(.consent, recording, key))
            else { continue }
            let isReleasable = RuleBook.isReleasable(seal, consent, at: home.now)
            if isReleasable { playable.append(Sender(key: key, seal: seal)) }
            let opening = await source.opening(of: key, in: recording)
            standings.append(
                PlaybackReport.Sender(
                    key: key, standing: try await Self.standing(of: key, in: call, entry.call, opening, home),
                    isWithheld: !isReleasable))
        }
        self.recording = recording
        self.entry = entry
        self.playable = playable
        self.standings = standings
    }

    /// Groups that consent covered, of anybody who may be played, ascending.
    package var groups: [GroupIndex] {
        var groups: Set<GroupIndex> = []
        for sender in playable {
            for track in sender.seal.tracks {
                for offset in 0..<track.count {
                    let group = GroupIndex(track.first.rawValue + offset)
                    if track.position(ofAccepted: group) != nil { groups.insert(group) }
                }
            }
        }
        return groups.sorted()
    }

    /// Every track that may be played, by sender and id.
    package var tracks: [PlayedTrack] {
        playable.flatMap { sender in
            sender.seal.tracks.compactMap { track in
                TrackKind(rawValue: track.kind.rawValue).map {
                    PlayedTrack(sender: sender.key, id: UInt8(truncatingIfNeeded: track.id), kind: $0)
                }
            }
        }
    }

    /// Agreed only when the opening is the one committed to, about this key and call, and signed by the member's key.
    private static func standing(
        of key: PublicKey, in call: CallEntry?, _ id: CallID, _ opening: CertificateOpening?, _ home: some PlaybackHome
    ) async throws(PlaybackError) -> PlaybackReport.Sender.Standing {
        var hash = SHA256()
        guard let opening, let seat = call?.seats.first(where: { $0.key == key }),
            CallCertificate.commitment(to: opening.certificate, salt: opening.salt, with: &hash) == seat.certificate,
            let signed = try? SignedCallCertificate(opening.certificate), signed.certificate.callKey == key,
            signed.certificate.call == id,
            let member = try await home.fact(MemberEntry.self, StateKey(.member, signed.certificate.member)),
            SignatureVerifier().verified(signed, in: .init(chain: home.chain, key: member.keys.sign)) != nil
        else { return .claimed }
        return .agreed(signed.certificate.member)
    }
}
