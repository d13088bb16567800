package import Primitives

/// Decides, frame by frame and before it is encrypted, which segment and which lease group a frame belongs to, since
/// each has a key of its own.
///
/// A segment lasts 2 to 4 s, never crosses a group, and where it can begins with a key frame, so that it plays without
/// the one before.
package struct SegmentPlanner: Equatable, Sendable {
    /// From here on a segment ends at the next key frame, in milliseconds.
    package static let segmentMillisecondsMin: UInt64 = 2_000
    /// Here it ends, key frame or not.
    package static let segmentMillisecondsMax: UInt64 = 4_000

    package struct Placement: Equatable, Sendable {
        package let segment: UInt32
        package let group: GroupIndex
        /// The frame is the first of its segment: the one before can be closed.
        package let beginsSegment: Bool
        /// The frame is the first of its group: a new group key is needed.
        package let beginsGroup: Bool
        /// The encoder should make a key frame soon, so that the next segment can begin with one.
        package let wantsKeyFrame: Bool
    }

    private struct Open: Equatable, Sendable {
        let segment: UInt32
        let group: GroupIndex
        let start: UInt64
    }

    package let kind: TrackKind
    private var open: Open?
    private var nextSegment: UInt32

    /// - Parameters:
    ///   - kind: a picture's segments begin with key frames where they can.
    ///   - nextSegment: the first segment number; never one that was used under this roster epoch.
    package init(kind: TrackKind, nextSegment: UInt32 = 0) {
        self.kind = kind
        self.nextSegment = nextSegment
    }

    /// Places the next frame.
    /// - Parameters:
    ///   - milliseconds: when it was taken, since the recording began.
    ///   - isKeyFrame: always true of sound and chat.
    /// - Throws: `RecordingError.limitExceeded` when the segment numbers are used up: a new roster epoch is needed;
    ///   `.outOfOrder` for a frame before its segment.
    package mutating func place(milliseconds: UInt64, isKeyFrame: Bool) throws(RecordingError) -> Placement {
        let group = GroupIndex(milliseconds / LeaseLimits.groupMilliseconds)
        if let open {
            guard milliseconds >= open.start else { throw .outOfOrder }
            let age = milliseconds - open.start
            let mustEnd =
                group != open.group || age >= Self.segmentMillisecondsMax
                || age >= Self.segmentMillisecondsMin && isKeyFrame
            if !mustEnd {
                // A picture that comes close to the group's end would end its segment without a key frame.
                let left = LeaseLimits.groupMilliseconds - milliseconds % LeaseLimits.groupMilliseconds
                let wantsKeyFrame =
                    (kind == .video || kind == .screen) && !isKeyFrame
                    && (age >= Self.segmentMillisecondsMin || left < 100)
                return Placement(
                    segment: open.segment, group: group, beginsSegment: false, beginsGroup: false,
                    wantsKeyFrame: wantsKeyFrame)
            }
        }
        guard nextSegment <= MediaKeyID.segmentMax else { throw .limitExceeded(limit: UInt64(MediaKeyID.segmentMax)) }
        let beginsGroup = open?.group != group
        let segment = nextSegment
        open = Open(segment: segment, group: group, start: milliseconds)
        nextSegment += 1
        return Placement(
            segment: segment, group: group, beginsSegment: true, beginsGroup: beginsGroup,
            wantsKeyFrame: (kind == .video || kind == .screen) && !isKeyFrame)
    }

    /// Ends the open segment: the recording pauses. The next frame begins another, and another group key.
    package mutating func close() { open = nil }
}
