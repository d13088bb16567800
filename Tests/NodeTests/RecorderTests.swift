import ContentStore
import Crypto
import EventLoop
import Ledger
import Node
import Primitives
import Recording
import Rights
import Testing
import Wire

@Suite("A recorder, frame by frame")
struct RecorderTests {
    private let wraps: ThresholdPublicKeys
    private let key = SigningKey.generate()
    private let chain = ChainID(raw: Bytes32(words: (1, 2, 3, 4)))
    private let recording = RecordingID(raw: Bytes32(words: (5, 6, 7, 8)))
    private let call = CallID(raw: Bytes32(words: (9, 9, 9, 9)))
    private let begin = Timestamp(1_700_000_000_000)

    init() throws {
        wraps = try ThresholdDealer(.wraps, sharingEpoch: SharingEpoch(1), memberCount: 1).publicKeys
    }

    private func recorder() -> SenderRecorder {
        SenderRecorder(
            recording: recording, chain: chain, key: key, wraps: wraps.publicKey, sender: 3,
            tracks: RecorderDevice.tracks)
    }

    private func start(_ recorder: SenderRecorder, at moment: Timestamp, kinds: UInt8 = 3) {
        recorder.start(
            at: moment, rosterEpoch: RosterEpoch(0), consent: TransactionID(raw: Bytes32(words: (1, 1, 1, 1))),
            roster: Digest(raw: Bytes32(words: (2, 2, 2, 2))), kinds: kinds)
    }

    private func camera(_ recorder: SenderRecorder) -> FakeCamera {
        FakeCamera(recorder: recorder, key: key, chain: chain, call: call, sender: 3)
    }

    /// Ten frames a second for a span of the media's time.
    private func shoot(_ camera: inout FakeCamera, _ seconds: Range<UInt64>) throws {
        for step in seconds.lowerBound * 10..<seconds.upperBound * 10 {
            try camera.shoot(at: begin.adding(milliseconds: step * 100), milliseconds: step * 100, size: 30)
        }
    }

    private func sender(_ groups: [FinishedGroup]) throws -> RecordedSender {
        var hash = SHA256()
        return try RecordedSender(
            groups: groups.map(\.group), sender: key.publicKey, recording: recording, with: &hash)
    }

    @Test("Segments and groups have keys of their own, key ids rise, and every frame is in the log once")
    func longRecording() throws {
        let recorder = recorder()
        start(recorder, at: begin)
        var camera = camera(recorder)
        try shoot(&camera, 0..<130)
        try camera.flush()
        recorder.pause(at: begin.adding(milliseconds: 130_000))
        let groups = recorder.takeFinished()
        #expect(recorder.lostCount == 0)
        #expect(groups.count == 6)
        for track in [UInt8(0), 1] {
            let own = groups.filter { $0.group.manifest.track == track }
            #expect(own.map(\.group.manifest.group.rawValue) == [0, 1, 2])
            #expect(own.map(\.group.milliseconds) == [60_000, 60_000, 10_000])
            #expect(own.map { $0.group.start.milliseconds(since: begin) } == [0, 60_000, 120_000])
            #expect(own.flatMap(\.group.manifest.segments).reduce(0) { $0 + $1.frameCount } == 1_300)
            let ids = camera.keyIDs.filter { $0.track == track }
            #expect(ids == ids.sorted() && Set(ids).count == ids.count)
            #expect(ids.allSatisfy { SegmentNumbers.group(of: $0.segment) != nil })
        }
        let recorded = try sender(groups)
        #expect(recorded.tracks.map(\.groups.count) == [3, 3])
        #expect(recorded.wraps.count == 6)
        for leaf in recorded.wraps {
            let wrap = try SignedGroupWrap(leaf: leaf)
            #expect(SignatureVerifier().verified(wrap, in: chain) != nil)
            try WrapSeal(chain: chain, publicKey: wraps.publicKey).verify(wrap.wrap)
        }
    }

    @Test("A frame opens with the group key that was handed over before it, and with no other group's")
    func liveKeys() throws {
        let recorder = recorder()
        start(recorder, at: begin)
        var camera = camera(recorder)
        let received = ReceivedGroupKeys()
        for second in 0..<UInt64(95) {
            for new in recorder.announcements(at: begin.adding(milliseconds: second * 1_000)) {
                received.insert(new.key, sender: 3, track: new.track, group: new.group)
            }
            let before = camera.sent.count
            try shoot(&camera, second..<second + 1)
            for frame in camera.sent[before...] {
                let base = try #require(received.baseKey(for: frame.id))
                let cipher = try SFrameKey(suite: .aes256GCM, keyID: frame.id.rawValue, baseKey: base)
                let clear: [UInt8] = frame.id.track == 1 ? [1, 2, 3] : []
                #expect(try cipher.decrypt(metadata: clear, ciphertext: frame.bytes) == frame.plain)
            }
        }
        #expect(recorder.announcements(at: begin.adding(milliseconds: 95_000)).isEmpty)
        let unrecorded = try #require(
            MediaKeyID(
                rosterEpoch: RosterEpoch(0), sender: 3, track: 0,
                segment: SegmentNumbers.unrecorded(after: GroupIndex(0))))
        #expect(received.baseKey(for: unrecorded) == nil)
        received.destroyOpenGroups()
        #expect(received.baseKey(for: try #require(camera.keyIDs.last)) == nil)
    }

    @Test("No picture before the first key frame is recorded: nobody could decode it; sound is, from the first frame")
    func firstKeyFrame() throws {
        let recorder = recorder()
        start(recorder, at: begin)
        #expect(recorder.place(track: 1, isKeyFrame: false, at: begin) == nil)
        #expect(recorder.place(track: 0, isKeyFrame: true, at: begin) != nil)
        #expect(recorder.place(track: 1, isKeyFrame: true, at: begin.adding(milliseconds: 40)) != nil)
        #expect(recorder.place(track: 1, isKeyFrame: false, at: begin.adding(milliseconds: 80)) != nil)
    }

    @Test("CO-6: a withdrawal discards the open group of every track and no earlier one")
    func withdrawal() throws {
        let recorder = recorder()
        start(recorder, at: begin)
        var camera = camera(recorder)
        try shoot(&camera, 0..<75)
        recorder.discardOpenGroup(at: begin.adding(milliseconds: 75_000))
        #expect(!recorder.isRecording)
        let groups = recorder.takeFinished()
        #expect(groups.map(\.group.manifest.group.rawValue) == [0, 0])
        #expect(groups.allSatisfy { $0.group.milliseconds == 60_000 })
        #expect(recorder.place(track: 0, isKeyFrame: true, at: begin.adding(milliseconds: 76_000)) == nil)
    }

    @Test("SG-6: after a pause the next whole group begins, and a group that is missing has an empty place")
    func pauses() throws {
        let recorder = recorder()
        start(recorder, at: begin)
        var camera = camera(recorder)
        try shoot(&camera, 0..<5)
        recorder.discardOpenGroup(at: begin.adding(milliseconds: 5_000))
        #expect(recorder.takeFinished().isEmpty)
        start(recorder, at: begin.adding(milliseconds: 10_000))
        try shoot(&camera, 10..<14)
        recorder.pause(at: begin.adding(milliseconds: 14_000))
        start(recorder, at: begin.adding(milliseconds: 20_000))
        try shoot(&camera, 20..<22)
        recorder.discardOpenGroup(at: begin.adding(milliseconds: 22_000))
        start(recorder, at: begin.adding(milliseconds: 30_000))
        try shoot(&camera, 30..<33)
        recorder.pause(at: begin.adding(milliseconds: 33_000))
        let groups = recorder.takeFinished()
        #expect(groups.filter { $0.group.manifest.track == 0 }.map(\.group.manifest.group.rawValue) == [1, 3])
        let recorded = try sender(groups)
        let track = try #require(recorded.tracks.first)
        #expect(track.first == GroupIndex(1))
        #expect(track.groups.map(\.milliseconds) == [4_000, 1, 3_000])
        #expect(track.groups.map { $0.start.milliseconds(since: begin) } == [10_000, 14_000, 30_000])
        #expect(recorded.wraps.count { $0.isEmpty } == 2)
        // What the ledger would read is in order.
        #expect(try SealedTrack(decoding: track.encoded) == track)
    }

    @Test("Tracks that were not consented to are not recorded, nor anything before the moment agreed on")
    func consentedTracks() throws {
        let recorder = recorder()
        start(recorder, at: begin.adding(milliseconds: 1_000), kinds: TrackKind.audio.rawValue)
        var camera = camera(recorder)
        try shoot(&camera, 0..<3)
        recorder.pause(at: begin.adding(milliseconds: 3_000))
        let groups = recorder.takeFinished()
        #expect(groups.map(\.group.kind) == [.audio])
        #expect(groups.first?.group.manifest.segments.reduce(0) { $0 + $1.frameCount } == 20)
    }

    @Test("A log opened anew holds the same recording, and one of another recording is refused")
    func logRestart() async throws {
        let scratch = try Scratch()
        let recorder = recorder()
        start(recorder, at: begin)
        var camera = camera(recorder)
        try shoot(&camera, 0..<5)
        recorder.pause(at: begin.adding(milliseconds: 5_000))
        let groups = recorder.takeFinished()
        func open(_ recording: RecordingID) throws -> RecordingLog {
            try RecordingLog(
                path: scratch.path + "/log", recording: recording, sender: key.publicKey,
                on: BlockingThreadExecutor(name: "log"))
        }
        let first = try open(recording)
        #expect(try await first.recorded() == nil)
        try await first.add(groups)
        let manifest = try await first.recorded()?.manifest
        await first.close()
        #expect(RecordingLog.inspect(path: scratch.path + "/log")?.recording == recording)
        let second = try open(recording)
        let recorded = try #require(try await second.recorded())
        #expect(recorded.manifest == manifest)
        for cid in recorded.segmentBlocks { #expect(try await second.block(cid).isEmpty == false) }
        await second.close()
        #expect(throws: RecordingLogError.otherRecording) { _ = try open(RecordingID(raw: .zero)) }
    }

    @Test("Holders are the nodes closest to the recording, the same for every sender")
    func holders() {
        let nodes = (0..<20).map { MemberID(raw: Bytes32(words: ($0 << 58, 0, 0, 0))) }
        let chosen = RecordedSender.holders(of: recording, among: nodes, countMax: 8)
        #expect(chosen == RecordedSender.holders(of: recording, among: nodes.reversed(), countMax: 8))
        #expect(chosen.count == 8 && chosen == chosen.sorted())
        #expect(RecordedSender.holders(of: recording, among: Array(nodes[..<3]), countMax: 8).count == 3)
    }
}
