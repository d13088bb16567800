import Crypto
import EventLoop
import Media
import MediaEndpoint
package import Primitives
import Recording
import Signalling
import Synchronization
import Wire

/// Hangs a recording on to a call: gives each frame its key before it is encrypted, takes frames and lists as they are
/// sent, and finds the keys of what the other side records.
package struct CallRecording: Sendable {
    package let session: RecordingSession
    package let call: CallID
    /// Opens the commitment that the ledger holds to this participant's certificate: for whom it chooses to show it.
    package let opening: CertificateOpening

    /// Makes the recording of a call that is up; nil before both sides' keys are proven. Who calls runs
    /// `session.run()`.
    /// - Parameters:
    ///   - call: gives its frames and messages.
    ///   - home: the participant's home node.
    ///   - directory: under it the log of this participant lies, in a directory of the call's own.
    ///   - isOffered: false in a secret call.
    package init?(of call: CallSession, home: HomeClient, directory: String, isOffered: Bool) async {
        guard let facts = await call.recordingFacts else { return nil }
        let salt = Digest(raw: Bytes32(SecureRandom.bytes(count: 32)) ?? .zero)
        var hash = SHA256()
        let pipeline = call.pipeline
        let gate = RecordingGate(mediaKey: facts.mediaKey, sender: facts.roster.ownSender, epoch: facts.roster.epoch)
        let recordingCall = RecordingCall(
            call: facts.roster.call, rosterEpoch: facts.roster.epoch, callKey: facts.callKey,
            peerKey: facts.roster.peerKey, ownSender: facts.roster.ownSender, peerSender: facts.roster.peerSender,
            certificate: CallCertificate.commitment(to: facts.certificate, salt: salt, with: &hash),
            tracks: [
                SenderRecorder.Track(id: MediaCodec.opus.track, kind: .audio),
                SenderRecorder.Track(id: MediaCodec.vp8.track, kind: .video),
            ], isOffered: isOffered)
        let session = RecordingSession(
            call: recordingCall, home: home, logPath: directory + "/" + facts.roster.call.hex,
            send: { call.sendRecording($0) },
            onRecorder: { recorder in
                gate.begin(recorder)
                await pipeline.setGate { pipeline, codec, isKeyFrame, _ in
                    guard let key = gate.key(for: codec, isKeyFrame: isKeyFrame, at: SystemTime.utc) else { return }
                    // A key that does not fit leaves the one before: the frame is sent and not recorded.
                    try? pipeline.setSendingKey(codec, keyID: key.id, baseKey: key.baseKey)
                }
            })
        self.session = session
        self.call = facts.roster.call
        opening = CertificateOpening(salt: salt, certificate: facts.certificate)
        let received = session.received
        let peerMediaKey = facts.peerMediaKey
        await pipeline.setKeyFinder { id in
            received.baseKey(for: id) ?? (SegmentNumbers.isUnrecorded(id.segment) ? peerMediaKey : nil)
        }
        let chain = home.chain
        await call.setHooks(
            CallHooks(
                frameSent: { frame in
                    gate.recorder?.sent(
                        RecordedFrame(
                            timestamp: frame.timestamp, clearByteCount: frame.clearByteCount, bytes: frame.sealed),
                        keyID: frame.keyID)
                },
                listSigned: { list in
                    guard let recorder = gate.recorder,
                        let verified = SignatureVerifier().verified(list, in: chain)
                    else { return }
                    recorder.signed(verified)
                }, recordingMessage: { session.receive($0) }))
    }
}

/// Which key the next frame of each track goes under, while a recording comes and goes.
private final class RecordingGate: Sendable {
    private struct State {
        var recorder: SenderRecorder?
        var recorded: [MediaCodec: MediaKeyID] = [:]
    }

    private let state = Mutex(State())
    private let mediaKey: [UInt8]
    private let sender: UInt16
    private let epoch: RosterEpoch

    init(mediaKey: [UInt8], sender: UInt16, epoch: RosterEpoch) {
        self.mediaKey = mediaKey
        self.sender = sender
        self.epoch = epoch
    }

    var recorder: SenderRecorder? { state.withLock { $0.recorder } }

    func begin(_ recorder: SenderRecorder) { state.withLock { $0.recorder = recorder } }

    /// The key from this frame on; nil when the one before still holds. After a recording frames go under the call's
    /// own key again, with a number that no recorded frame has.
    func key(for codec: MediaCodec, isKeyFrame: Bool, at now: Timestamp) -> (id: MediaKeyID, baseKey: [UInt8])? {
        guard let recorder else { return nil }
        if let place = recorder.place(track: codec.track, isKeyFrame: isKeyFrame, at: now) {
            guard let new = place.newKey else { return nil }
            state.withLock { $0.recorded[codec] = new.id }
            return new
        }
        let last = state.withLock { $0.recorded.removeValue(forKey: codec) }
        guard let last, let group = SegmentNumbers.group(of: last.segment),
            let id = MediaKeyID(
                rosterEpoch: epoch, sender: sender, track: codec.track,
                segment: SegmentNumbers.unrecorded(after: group))
        else { return nil }
        return (id, mediaKey)
    }
}

/// What a recording must know of its call.
struct RecordingFacts: Sendable {
    let roster: CallRoster
    let callKey: any Signing
    /// The member's certificate for its per-call key, as it was shown to the other side.
    let certificate: SignedObject
    let mediaKey: [UInt8]
    let peerMediaKey: [UInt8]
}

extension CallSession {
    /// Nil before both sides' keys are proven.
    var recordingFacts: RecordingFacts? {
        guard let roster = handshake.callRoster, let certificate = handshake.certificate,
            let peerMediaKey = handshake.peerMediaKey
        else { return nil }
        return RecordingFacts(
            roster: roster, callKey: handshake.callKey,
            certificate: certificate,
            mediaKey: handshake.mediaKey, peerMediaKey: peerMediaKey)
    }
}
