import Crypto
import Ledger
import Node
import Primitives
import Recording
import Synchronization
import Testing
import Wire

/// One of two people in a call: a recording session, and a camera that makes up frames. The other's messages are given
/// by hand, so nothing here depends on a media path.
final class RecorderDevice: Sendable {
    let session: RecordingSession
    let home: HomeClient
    let key: SigningKey
    let sender: UInt16
    let call: CallID
    private let run: Task<Void, Never>
    private let peer: SharedBox<RecorderDevice?>
    let recorder = SharedBox<SenderRecorder?>(nil)
    private let events = SharedBox<[RecordingEvent]>([])
    private let listener: Task<Void, Never>

    static let tracks = [SenderRecorder.Track(id: 0, kind: .audio), SenderRecorder.Track(id: 1, kind: .video)]

    init(
        _ home: HomeClient, call: CallID, key: SigningKey, peerKey: PublicKey, sender: UInt16, logPath: String,
        isOffered: Bool = true
    ) {
        self.home = home
        self.key = key
        self.sender = sender
        self.call = call
        let peer = SharedBox<RecorderDevice?>(nil)
        self.peer = peer
        let recorder = recorder
        let session = RecordingSession(
            call: RecordingCall(
                call: call, rosterEpoch: RosterEpoch(0), callKey: key, peerKey: peerKey, ownSender: sender,
                peerSender: 1 - sender, certificate: Digest(raw: key.publicKey.raw), tracks: Self.tracks,
                isOffered: isOffered),
            home: home, logPath: logPath, send: { bytes in peer.value?.session.receive(bytes) },
            onRecorder: { recorder.value = $0 })
        self.session = session
        run = Task { await session.run() }
        let events = events
        listener = Task { for await event in session.events { events.value.append(event) } }
    }

    static func pair(_ network: RecorderNetwork, isOffered: Bool = true) async throws -> (
        RecorderDevice, RecorderDevice
    ) {
        let call = try #require(CallID(SecureRandom.bytes(count: 32)))
        let (first, second) = (SigningKey.generate(), SigningKey.generate())
        let caller = RecorderDevice(
            try await network.person(), call: call, key: first, peerKey: second.publicKey, sender: 0,
            logPath: network.directory("log-a"), isOffered: isOffered)
        let callee = RecorderDevice(
            try await network.person(), call: call, key: second, peerKey: first.publicKey, sender: 1,
            logPath: network.directory("log-b"), isOffered: isOffered)
        caller.peer.value = callee
        callee.peer.value = caller
        return (caller, callee)
    }

    func has(_ matches: (RecordingEvent) -> Bool) -> Bool { events.value.contains(where: matches) }

    var failures: [String] {
        events.value.compactMap { event in
            if case .failed(let word) = event { return word }
            return nil
        }
    }

    /// Ends what this device began.
    func stop() async {
        session.end()
        await run.value
        await listener.value
    }

    func recordingID() async throws -> RecordingID {
        try #require(try await home.entry(CallEntry.self, StateKey(.call, call))).recording
    }
}

/// A value behind a lock, for tests.
final class SharedBox<Value: Sendable>: Sendable {
    private let state: Mutex<Value>
    init(_ value: Value) { state = Mutex(value) }
    var value: Value {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }
}

/// Makes frames on all tracks, encrypts them under the keys that the recorder gives, and signs lists of them.
struct FakeCamera {
    /// A frame as it was sent, and what was in it.
    struct Sent {
        let id: MediaKeyID
        let bytes: [UInt8]
        let plain: [UInt8]
    }

    private let recorder: SenderRecorder
    private let key: SigningKey
    private let chain: ChainID
    private var ciphers: [UInt8: (id: MediaKeyID, cipher: SFrameKey, next: UInt64)] = [:]
    private var collectors: [UInt8: LeafCollector] = [:]
    private var hash = SHA256()
    private(set) var sent: [Sent] = []
    private(set) var keyIDs: [MediaKeyID] = []
    /// The second of the last key frame: one comes with the first picture of every second.
    private var keySecond: UInt64?

    init(recorder: SenderRecorder, key: SigningKey, chain: ChainID, call: CallID, sender: UInt16) {
        self.recorder = recorder
        self.key = key
        self.chain = chain
        for track in RecorderDevice.tracks {
            collectors[track.id] = LeafCollector(
                call: call, rosterEpoch: RosterEpoch(0), sender: sender, track: track.id)
        }
    }

    /// One frame of every track, taken at `now`, `milliseconds` into the media.
    mutating func shoot(at now: Timestamp, milliseconds: UInt64, size: Int = 200) throws {
        for track in RecorderDevice.tracks {
            let isKeyFrame = track.kind == .audio || keySecond != milliseconds / 1_000
            guard let place = recorder.place(track: track.id, isKeyFrame: isKeyFrame, at: now) else { continue }
            if track.kind == .video { keySecond = milliseconds / 1_000 }
            if let new = place.newKey {
                keyIDs.append(new.id)
                ciphers[track.id] = (
                    new.id, try SFrameKey(suite: .aes256GCM, keyID: new.id.rawValue, baseKey: new.baseKey), 0
                )
            }
            guard var cipher = ciphers[track.id] else { continue }
            let plain = (0..<size).map { UInt8(truncatingIfNeeded: $0 &+ Int(milliseconds)) }
            let clear: [UInt8] = track.kind == .audio ? [] : [1, 2, 3]
            let bytes = clear + (try cipher.cipher.encrypt(counter: cipher.next, metadata: clear, plaintext: plain))
            cipher.next += 1
            ciphers[track.id] = cipher
            let timestamp = milliseconds * track.kind.ticksPerSecond / 1_000
            let frame = RecordedFrame(timestamp: timestamp, clearByteCount: UInt8(clear.count), bytes: bytes)
            recorder.sent(frame, keyID: cipher.id)
            sent.append(Sent(id: cipher.id, bytes: Array(bytes.dropFirst(clear.count)), plain: plain))
            let leaf = frame.leaf(track: track.id, with: &hash)
            let list = collectors[track.id]?.add(
                leaf, timestamp: UInt32(truncatingIfNeeded: timestamp), at: Timestamp(milliseconds))
            if let list { try sign(list) }
        }
    }

    /// Signs what is left.
    mutating func flush() throws {
        for track in RecorderDevice.tracks {
            if let list = collectors[track.id]?.flush() { try sign(list) }
        }
    }

    private func sign(_ list: LeafList) throws {
        let signed = try SignedLeafList(key.sign(.leafList, chain: chain, body: list.encoded))
        recorder.signed(try #require(SignatureVerifier().verified(signed, in: chain)))
    }
}
