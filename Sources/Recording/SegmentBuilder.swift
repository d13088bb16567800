package import Primitives
import Wire

/// Writes one track's frame log: takes encrypted frames and signed lists, gives segments. Holds no key.
///
/// A closed segment waits until lists prove all of its frames, at most `waitingCountMax` segments long; then it leaves
/// with what proof there is.
package struct SegmentBuilder: Equatable, Sendable {
    /// Closed segments that wait for lists.
    package static let waitingCountMax = 3

    private struct Draft: Equatable, Sendable {
        let key: MediaKeyID
        let start: UInt64
        var frames: [RecordedFrame] = []
        /// One for each frame: what the root is over.
        var leaves: [Digest] = []
        var byteCount = 0
        var unproven: Set<Digest> = []
        var lists: [SignedLeafList] = []
    }

    package let recording: RecordingID
    package let sender: PublicKey
    package let consent: TransactionID
    package let kind: TrackKind
    private var open: Draft?
    private var closed: [Draft] = []
    /// Lists whose leaves are not all seen yet: a list may come before its frames.
    private var recentLists: [SignedLeafList] = []

    package init(recording: RecordingID, sender: PublicKey, consent: TransactionID, kind: TrackKind) {
        self.recording = recording
        self.sender = sender
        self.consent = consent
        self.kind = kind
    }

    /// Takes the next frame of the track. A new key id closes the open segment.
    /// - Parameter milliseconds: when it was taken, since the recording began; used for the first of a segment.
    /// - Throws: `RecordingError.outOfOrder` for a frame before the last, `.limitExceeded` for one that is too large or
    ///   does not fit its segment; the frame is then not recorded.
    package mutating func add(
        _ frame: RecordedFrame, key: MediaKeyID, milliseconds: UInt64, with hash: inout some Hashing
    ) throws(RecordingError) -> [Segment] {
        guard frame.bytes.count <= RecordingLimits.frameBytes, frame.bytes.count > Int(frame.clearByteCount),
            Int(frame.clearByteCount) <= RecordingLimits.clearBytes
        else { throw .limitExceeded(limit: UInt64(RecordingLimits.frameBytes)) }
        if let open, open.key == key {
            guard frame.timestamp >= open.frames.last?.timestamp ?? 0 else { throw .outOfOrder }
            guard frame.timestamp - (open.frames.first?.timestamp ?? 0) <= Segment.ticksMax(kind) else {
                throw .limitExceeded(limit: RecordingLimits.segmentMilliseconds)
            }
            // Lists and the frames' heads take up to a quarter of a megabyte beside the frames.
            guard open.frames.count < RecordingLimits.framesPerSegment,
                open.byteCount + frame.bytes.count <= RecordingLimits.segmentBytes - RecordingLimits.blockBytes
            else { throw .limitExceeded(limit: UInt64(RecordingLimits.segmentBytes)) }
        } else {
            if let open { closed.append(open) }
            open = Draft(key: key, start: milliseconds)
        }
        let leaf = frame.leaf(track: key.track, with: &hash)
        open?.frames.append(frame)
        open?.leaves.append(leaf)
        open?.byteCount += frame.bytes.count
        open?.unproven.insert(leaf)
        for list in recentLists where list.list.leaves.contains(leaf) { proveOpen(by: list) }
        return release(all: false, with: &hash)
    }

    /// Takes a list whose signature was checked; one of another sender is passed over.
    package mutating func receive(
        _ signed: Verified<SignedLeafList>, with hash: inout some Hashing
    ) -> [Segment] {
        guard signed.value.object.key == sender else { return [] }
        recentLists.append(signed.value)
        if recentLists.count > 4 { recentLists.removeFirst() }
        prove(by: signed.value)
        return release(all: false, with: &hash)
    }

    /// Ends the log, or a stretch of it: gives all segments with what proof they have.
    package mutating func finish(with hash: inout some Hashing) -> [Segment] {
        if let open { closed.append(open) }
        open = nil
        recentLists = []
        return release(all: true, with: &hash)
    }

    /// Throws away what is not released of the open group, whose keys are destroyed: consent was withdrawn. Segments of
    /// earlier groups that still wait for lists stay; `finish` gives them.
    package mutating func discard(_ group: GroupIndex) {
        let isDiscarded = { (draft: Draft) in draft.start / LeaseLimits.groupMilliseconds == group.rawValue }
        if let draft = open, isDiscarded(draft) { open = nil }
        closed.removeAll(where: isDiscarded)
    }

    private mutating func prove(by signed: SignedLeafList) {
        for index in closed.indices { Self.prove(&closed[index], by: signed) }
        proveOpen(by: signed)
    }

    private mutating func proveOpen(by signed: SignedLeafList) {
        guard var draft = open else { return }
        open = nil
        Self.prove(&draft, by: signed)
        open = draft
    }

    private static func prove(_ draft: inout Draft, by signed: SignedLeafList) {
        let list = signed.list
        guard !draft.unproven.isEmpty, list.track == draft.key.track, list.rosterEpoch == draft.key.rosterEpoch,
            list.sender == draft.key.sender
        else { return }
        let isKnown = draft.lists.contains(signed)
        // At the limit further lists prove nothing: a segment lasts 4 s, and lists come once a second.
        guard isKnown || draft.lists.count < RecordingLimits.listsPerSegment else { return }
        let before = draft.unproven.count
        for leaf in list.leaves { draft.unproven.remove(leaf) }
        if !isKnown, draft.unproven.count < before { draft.lists.append(signed) }
    }

    private mutating func release(all: Bool, with hash: inout some Hashing) -> [Segment] {
        var segments: [Segment] = []
        while let draft = closed.first, all || draft.unproven.isEmpty || closed.count > Self.waitingCountMax {
            closed.removeFirst()
            segments.append(
                Segment(
                    key: draft.key, kind: kind, lists: draft.lists, start: draft.start, frames: draft.frames,
                    leaves: draft.leaves, sender: sender, consent: consent, recording: recording, with: &hash))
        }
        return segments
    }
}
