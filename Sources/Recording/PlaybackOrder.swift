package import Primitives

/// A frame in its place in the recording, still encrypted.
package struct PlayableFrame: Equatable, Sendable {
    /// Since the recording began.
    package let microseconds: UInt64
    package let sender: PublicKey
    package let kind: TrackKind
    /// The SFrame key that opens it; its track and segment name what to derive from the group's key.
    package let key: MediaKeyID
    package let frame: RecordedFrame
}

/// Puts the frames of segments of any senders and tracks in the order in which they are shown.
package enum PlaybackOrder {
    /// By time; at one time by sender, then track, then their order in the segment. The same segments in any order
    /// give the same frames.
    package static func frames(of segments: [Segment]) -> [PlayableFrame] {
        var placed: [(frame: PlayableFrame, index: Int)] = []
        for segment in segments {
            for (index, frame) in segment.frames.enumerated() {
                guard let microseconds = segment.microseconds(ofFrame: index) else { continue }
                let playable = PlayableFrame(
                    microseconds: microseconds, sender: segment.sender, kind: segment.kind, key: segment.key,
                    frame: frame)
                placed.append((playable, index))
            }
        }
        placed.sort { left, right in
            let (a, b) = (left.frame, right.frame)
            if a.microseconds != b.microseconds { return a.microseconds < b.microseconds }
            if a.sender != b.sender { return a.sender < b.sender }
            if a.key.track != b.key.track { return a.key.track < b.key.track }
            return (a.key, left.index) < (b.key, right.index)
        }
        return placed.map(\.frame)
    }

    /// The lease groups whose keys these segments need, ascending.
    package static func groups(of segments: [Segment]) -> [GroupIndex] { Set(segments.map(\.group)).sorted() }
}
