import Crypto
package import Primitives
import Recording
import Wire

/// A frame's place in the recording, as the sender's pipeline must know it before it encrypts the frame.
package struct FramePlace: Sendable, Equatable {
    /// The key from this frame on; nil when the one before still holds.
    package let newKey: (id: MediaKeyID, baseKey: [UInt8])?
    /// The encoder should make a key frame soon.
    package let wantsKeyFrame: Bool

    package static func == (left: FramePlace, right: FramePlace) -> Bool {
        left.newKey?.id == right.newKey?.id && left.wantsKeyFrame == right.wantsKeyFrame
    }
}

/// A stretch of a recording without pause, under one roster.
struct RecordedStretch: Sendable, Equatable {
    /// By the wall clock all agreed on.
    let startedAt: Timestamp
    /// The same moment in the recording's own time: a whole number of groups.
    let offset: UInt64
    /// The sender's consent.
    let consent: TransactionID
    let roster: Digest

    func start(of group: GroupIndex) -> Timestamp {
        startedAt.adding(milliseconds: group.rawValue * LeaseLimits.groupMilliseconds - min(offset, groupStart(group)))
    }

    private func groupStart(_ group: GroupIndex) -> UInt64 { group.rawValue * LeaseLimits.groupMilliseconds }
}

/// One track of one sender, from the place of each frame to closed groups.
struct TrackRecorder {
    private struct OpenGroup {
        var segments: [SegmentEntry] = []
        var blocks: [(link: BlockLink, content: [UInt8])] = []
    }

    let id: UInt8
    let kind: TrackKind
    private let rosterEpoch: RosterEpoch
    private let sender: UInt16
    private let context: RecorderContext
    private let stretch: RecordedStretch
    private var planner: SegmentPlanner
    private var builder: SegmentBuilder
    private var group: GroupIndex?
    /// Nobody can decode a picture before the first key frame, so none is recorded before it.
    private var hasBegun = false
    private var lastMilliseconds: UInt64 = 0
    private var keys: [GroupIndex: LeaseGroupKey] = [:]
    private var open: [GroupIndex: OpenGroup] = [:]
    private var finished: [FinishedGroup] = []
    private var announced: Set<GroupIndex> = []
    private var hash = SHA256()

    init(
        id: UInt8, kind: TrackKind, rosterEpoch: RosterEpoch, sender: UInt16, context: RecorderContext,
        stretch: RecordedStretch
    ) {
        self.id = id
        self.kind = kind
        self.rosterEpoch = rosterEpoch
        self.sender = sender
        self.context = context
        self.stretch = stretch
        planner = SegmentPlanner(kind: kind)
        builder = SegmentBuilder(
            recording: context.recording, sender: context.key.publicKey, consent: stretch.consent, kind: kind)
    }

    // MARK: Frames

    /// Places the next frame. The first of each group and segment begins with a new key.
    /// - Throws: `outOfOrder` for a picture before the stretch's first key frame.
    mutating func place(milliseconds: UInt64, isKeyFrame: Bool) throws(RecordingError) -> FramePlace {
        guard hasBegun || isKeyFrame || kind == .audio || kind == .chat else { throw .outOfOrder }
        hasBegun = true
        let index = GroupIndex(milliseconds / LeaseLimits.groupMilliseconds)
        if group != index {
            planner = SegmentPlanner(kind: kind, nextSegment: SegmentNumbers.first(of: index))
            group = index
        }
        let placement = try planner.place(milliseconds: milliseconds, isKeyFrame: isKeyFrame)
        lastMilliseconds = milliseconds
        guard placement.beginsSegment else {
            return FramePlace(newKey: nil, wantsKeyFrame: placement.wantsKeyFrame)
        }
        guard
            let keyID = MediaKeyID(
                rosterEpoch: rosterEpoch, sender: sender, track: id, segment: placement.segment)
        else { throw .limitExceeded(limit: UInt64(MediaKeyID.segmentMax)) }
        let base = key(of: index).segmentKey(track: id, segment: placement.segment)
        return FramePlace(newKey: (keyID, base), wantsKeyFrame: placement.wantsKeyFrame)
    }

    /// Records a frame as it was sent; one that is not of the open group is passed over.
    mutating func add(_ frame: RecordedFrame, keyID: MediaKeyID) throws(RecordingError) {
        guard let group, keyID.track == id, SegmentNumbers.group(of: keyID.segment) == group else { return }
        take(try builder.add(frame, key: keyID, milliseconds: lastMilliseconds, with: &hash))
    }

    mutating func receive(_ list: Verified<SignedLeafList>) { take(builder.receive(list, with: &hash)) }

    // MARK: Keys

    /// Keys that the others do not have yet: that of the open group, and of the next when half of this one is over.
    mutating func keysToAnnounce(at milliseconds: UInt64) -> [(GroupIndex, LeaseGroupKey)] {
        let now = GroupIndex(milliseconds / LeaseLimits.groupMilliseconds)
        let isLate = milliseconds % LeaseLimits.groupMilliseconds >= LeaseLimits.groupMilliseconds / 2
        var new: [(GroupIndex, LeaseGroupKey)] = []
        for index in isLate ? [now, now.next] : [now] where announced.insert(index).inserted {
            new.append((index, key(of: index)))
        }
        return new
    }

    private mutating func key(of index: GroupIndex) -> LeaseGroupKey {
        if let key = keys[index] { return key }
        let key = LeaseGroupKey()
        keys[index] = key
        return key
    }

    // MARK: Ends

    /// Ends the stretch at a moment of the recording's time: everything recorded is closed.
    mutating func finish(at milliseconds: UInt64) {
        planner.close()
        take(builder.finish(with: &hash))
        close(before: nil, end: milliseconds)
        keys = [:]
    }

    /// Ends the stretch and throws the open group away, keys and all.
    mutating func discardOpenGroup(at milliseconds: UInt64) {
        let lost = group ?? GroupIndex(milliseconds / LeaseLimits.groupMilliseconds)
        builder.discard(lost)
        for index in keys.keys where index >= lost { keys[index] = nil }
        for index in open.keys where index >= lost { open[index] = nil }
        planner.close()
        take(builder.finish(with: &hash))
        for index in open.keys where index >= lost { open[index] = nil }
        close(before: nil, end: lost.rawValue * LeaseLimits.groupMilliseconds)
        keys = [:]
    }

    /// Closed groups since the last call.
    mutating func takeFinished() -> [FinishedGroup] {
        defer { finished = [] }
        return finished
    }

    private mutating func take(_ segments: [Segment]) {
        for segment in segments {
            // A segment that is longer than a segment may be has come from no planner; it is not recorded.
            guard let blocks = try? ContentBlocks.cut(segment.encoded, with: &hash) else { continue }
            open[segment.group, default: OpenGroup()].segments.append(
                SegmentEntry(segment, blocks: blocks.map(\.link)))
            open[segment.group]?.blocks += blocks
            close(before: segment.group, end: nil)
        }
    }

    /// Closes the groups before `group`, or all: no segment of theirs can come any more.
    private mutating func close(before group: GroupIndex?, end: UInt64?) {
        for index in open.keys.sorted() where group.map({ index < $0 }) ?? true {
            guard let content = open.removeValue(forKey: index), let key = keys.removeValue(forKey: index),
                let manifest = try? GroupManifest(
                    group: index, track: id, sender: context.key.publicKey, segments: content.segments,
                    recording: context.recording),
                let wrap = context.wrap(key, track: id, group: index, stretch)
            else { continue }
            let start = index.rawValue * LeaseLimits.groupMilliseconds
            let length = end.map { $0 > start ? $0 - start : 1 } ?? LeaseLimits.groupMilliseconds
            let closed = ClosedGroup(
                kind: kind, start: stretch.start(of: index), milliseconds: length, wrap: wrap, manifest: manifest)
            finished.append(FinishedGroup(group: closed, blocks: content.blocks))
        }
    }
}

/// What all tracks of one sender share.
struct RecorderContext: Sendable {
    let recording: RecordingID
    let chain: ChainID
    /// The per-call key.
    let key: any Signing
    /// P: what group keys are wrapped to.
    let wraps: GroupElement

    /// The signed wrap of a group's key: the leaf that the seal commits to. Nil when P is no element, which genesis
    /// rules out.
    func wrap(_ key: LeaseGroupKey, track: UInt8, group: GroupIndex, _ stretch: RecordedStretch) -> [UInt8]? {
        let subject = GroupKeyWrap.Subject(
            recording: recording, sender: self.key.publicKey, track: track, group: group, consent: stretch.consent,
            roster: stretch.roster)
        guard let wrap = try? WrapSeal(chain: chain, publicKey: wraps).wrap(key.secret, of: subject) else { return nil }
        return self.key.sign(.wrap, chain: chain, body: wrap.encoded).encoded
    }
}
