import Crypto
import Primitives
import Recording
import Testing
import Wire

@Suite struct SegmentTests {
    private static func keyID(_ segment: UInt32, track: UInt8 = 1) throws -> MediaKeyID {
        try #require(MediaKeyID(rosterEpoch: RosterEpoch(2), sender: 3, track: track, segment: segment))
    }

    private static func builder() -> SegmentBuilder {
        SegmentBuilder(recording: testRecording, sender: key(1), consent: transaction(4), kind: .video)
    }

    private static func list(_ frames: [RecordedFrame], first: UInt64 = 0) throws -> Verified<SignedLeafList> {
        var hash = SHA256()
        let list = LeafList(
            call: testCall, rosterEpoch: RosterEpoch(2), first: first, track: 1,
            leaves: frames.map { $0.leaf(track: 1, with: &hash) }, sender: 3, timestamp: 0)
        return try signed(list, by: key(1))
    }

    @Test("SG-1, SG-2: a segment has one encoding, and its root is that of its frames")
    func encoding() throws {
        var hash = SHA256()
        let frames = [frame(0), frame(3_000)]
        let segment = Segment(
            key: try Self.keyID(5), kind: .video, lists: [try Self.list(frames).value], start: 61_000, frames: frames,
            sender: key(1), consent: transaction(4), recording: testRecording, with: &hash)
        #expect(strictnessFaults(segment) == [])
        #expect(segment.isWhole(with: &hash))
        #expect(segment.group == GroupIndex(1))
        #expect(segment.microseconds(ofFrame: 1) == 61_033_333)
        #expect(segment.microseconds(ofFrame: 2) == nil)
        let leaves = frames.map { MerkleTree.leafHash($0.leaf(track: 1, with: &hash).bytes, with: &hash) }
        #expect(segment.root == MerkleTree.root(of: leaves, with: &hash))
        // Golden: changes only with the format.
        #expect(SHA256.hash(segment.encoded).hex == "1a7bda5a56813ca59d0a7a6714ca73ec416f9e58f58cd2e1cfa5f2e2e83e6014")
    }

    @Test("SG-1: frames that go back, or lie further apart than a segment may, are refused")
    func badFrames() throws {
        var hash = SHA256()
        for frames in [[frame(1), frame(0)], [frame(0), frame(30 * 90_000 + 1)], []] {
            let segment = Segment(
                key: try Self.keyID(5), kind: .video, lists: [], start: 0, frames: frames, sender: key(1),
                consent: transaction(4), recording: testRecording, with: &hash)
            #expect(throws: WireError.badValue(field: "frames")) { try Segment(decoding: segment.encoded) }
        }
    }

    @Test("SG-2: a changed frame is not whole, and is proven by no list")
    func forged() throws {
        var hash = SHA256()
        let frames = [frame(0), frame(3_000)]
        let list = try Self.list(frames)
        let forged = [frames[0], frame(3_000, mark: 1)]
        let segment = Segment(
            key: try Self.keyID(5), kind: .video, lists: [list.value], start: 0, frames: forged, sender: key(1),
            consent: transaction(4), recording: testRecording, with: &hash)
        #expect(segment.proven(by: [list], with: &hash) == [true, false])
        var bytes = segment.encoded
        let start = try #require(bytes.firstRange(of: forged[1].bytes)).lowerBound
        bytes[start] ^= 1
        let isWhole = try Segment(decoding: bytes).isWhole(with: &hash)
        #expect(!isWhole)
    }

    @Test("SG-3: pictures are cut at a key frame after 2 s, at 4 s without one, and at the group's end")
    func planner() throws {
        var planner = SegmentPlanner(kind: .video)
        var segments: [UInt64: UInt32] = [:]
        var groups: [UInt64] = []
        var wishes: [UInt64] = []
        for time in stride(from: UInt64(0), to: 61_000, by: 100) {
            // A key frame comes 300 ms after it is wished for, except around 20 s.
            let isKeyFrame = time == 0 || wishes.contains { $0 + 300 == time } && !(18_000...24_000).contains(time)
            let placement = try planner.place(milliseconds: time, isKeyFrame: isKeyFrame)
            if placement.beginsSegment { segments[time] = placement.segment }
            if placement.beginsGroup { groups.append(time) }
            if placement.wantsKeyFrame, !wishes.contains(where: { $0 + 300 > time }) { wishes.append(time) }
            #expect(placement.group == GroupIndex(time / 60_000))
        }
        let starts = segments.keys.sorted()
        #expect(starts.first == 0)
        #expect(groups == [0, 60_000])
        #expect(zip(starts, starts.dropFirst()).allSatisfy { $1 - $0 <= 4_000 })
        #expect(starts.contains(60_000))
        #expect(starts.map { segments[$0] } == (0..<UInt32(starts.count)).map { $0 })
        #expect(zip(starts, starts.dropFirst()).contains { $1 - $0 == 4_000 })
    }

    @Test("SG-3: sound is cut every 2 s; SG-4: numbers run on after a pause and end before they repeat")
    func soundPlanner() throws {
        var planner = SegmentPlanner(kind: .audio, nextSegment: MediaKeyID.segmentMax - 1)
        #expect(try planner.place(milliseconds: 0, isKeyFrame: true).segment == MediaKeyID.segmentMax - 1)
        #expect(try planner.place(milliseconds: 1_980, isKeyFrame: true).beginsSegment == false)
        planner.close()
        #expect(try planner.place(milliseconds: 1_990, isKeyFrame: true).segment == MediaKeyID.segmentMax)
        #expect(throws: RecordingError.outOfOrder) { try planner.place(milliseconds: 0, isKeyFrame: true) }
        #expect(throws: RecordingError.limitExceeded(limit: UInt64(MediaKeyID.segmentMax))) {
            try planner.place(milliseconds: 4_000, isKeyFrame: true)
        }
    }

    @Test("SG-5: a segment leaves when lists prove it, or when too many wait behind it")
    func builder() throws {
        var hash = SHA256()
        var builder = Self.builder()
        let frames = (0..<6).map { frame(UInt64($0) * 90_000) }
        for index in 0..<2 {
            #expect(try builder.add(frames[index], key: Self.keyID(0), milliseconds: UInt64(index), with: &hash) == [])
        }
        // A list that names frames of two segments, before the second one's frame is here.
        #expect(builder.receive(try Self.list(Array(frames[0..<3])), with: &hash) == [])
        let first = try builder.add(frames[2], key: Self.keyID(1), milliseconds: 2_000, with: &hash)
        #expect(first.map(\.key) == [try Self.keyID(0)])
        #expect(first.first?.frames == Array(frames[0..<2]))
        #expect(first.first?.lists.count == 1)
        var released: [Segment] = []
        for index in 3..<6 {
            let key = try Self.keyID(UInt32(index - 1))
            released += try builder.add(frames[index], key: key, milliseconds: UInt64(index * 1_000), with: &hash)
        }
        #expect(released.map(\.frames.count) == [1])
        #expect(released.first?.lists.count == 1)
        #expect(builder.finish(with: &hash).map(\.frames) == [[frames[3]], [frames[4]], [frames[5]]])
        #expect(builder.finish(with: &hash) == [])
    }

    @Test("SG-5: frames out of order, too large or too many are refused, and a withdrawal leaves nothing")
    func builderRefuses() throws {
        var hash = SHA256()
        var builder = Self.builder()
        let id = try Self.keyID(0)
        _ = try builder.add(frame(10), key: id, milliseconds: 0, with: &hash)
        #expect(throws: RecordingError.outOfOrder) {
            try builder.add(frame(9), key: id, milliseconds: 0, with: &hash)
        }
        #expect(throws: RecordingError.self) {
            try builder.add(frame(10 + 30 * 90_000 + 1), key: id, milliseconds: 0, with: &hash)
        }
        #expect(throws: RecordingError.self) {
            try builder.add(frame(10, size: RecordingLimits.frameBytes + 1), key: id, milliseconds: 0, with: &hash)
        }
        for _ in 1..<RecordingLimits.framesPerSegment {
            _ = try builder.add(frame(10), key: id, milliseconds: 0, with: &hash)
        }
        #expect(throws: RecordingError.self) { try builder.add(frame(10), key: id, milliseconds: 0, with: &hash) }
        builder.discard(.zero)
        #expect(builder.finish(with: &hash) == [])
    }

    @Test("CO-6: a withdrawal throws away the open group, and nothing of the one before")
    func discard() throws {
        var hash = SHA256()
        var builder = Self.builder()
        for (number, time) in [58_000, 60_000, 62_000].enumerated() {
            let id = try Self.keyID(UInt32(number))
            _ = try builder.add(frame(UInt64(time) * 90), key: id, milliseconds: UInt64(time), with: &hash)
        }
        builder.discard(GroupIndex(1))
        #expect(builder.finish(with: &hash).map(\.start) == [58_000])
    }

    @Test("SG-6: each stretch after a pause begins at the next whole group")
    func timeline() {
        var timeline = RecordingTimeline()
        #expect(timeline.milliseconds(at: Timestamp(5)) == nil)
        timeline.resume(at: Timestamp(1_000))
        #expect(timeline.milliseconds(at: Timestamp(71_000)) == 70_000)
        timeline.pause(at: Timestamp(71_000))
        #expect(timeline.milliseconds(at: Timestamp(72_000)) == nil)
        timeline.resume(at: Timestamp(500_000))
        #expect(timeline.milliseconds(at: Timestamp(500_100)) == 120_100)
        timeline.pause(at: Timestamp(500_000))
        timeline.resume(at: Timestamp(600_000))
        #expect(timeline.milliseconds(at: Timestamp(600_000)) == 180_000)
    }

    @Test("Segment and stream keys have labels of their own")
    func labels() {
        #expect(
            DerivationLabel.segmentKey(track: 2, segment: 0x0102_0304)
                == Array("sotto/1/segment-key".utf8) + [0, 2, 1, 2, 3, 4])
        #expect(
            DerivationLabel.outerStream(testRecording) == Array("sotto/1/outer-stream".utf8) + [0] + testRecording.bytes
        )
    }
}
