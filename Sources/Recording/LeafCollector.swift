package import Primitives

/// The sender's side of proofs: gathers the leaves of one track and gives a list to sign once a second.
package struct LeafCollector: Equatable, Sendable {
    /// Milliseconds from the first frame of a list to its end.
    package static let intervalMilliseconds: UInt64 = 1_000

    package let call: CallID
    package let rosterEpoch: RosterEpoch
    package let sender: UInt16
    package let track: UInt8
    private var first: UInt64 = 0
    private var leaves: [Digest] = []
    private var firstTimestamp: UInt32 = 0
    private var startedAt: Timestamp = .zero

    package init(call: CallID, rosterEpoch: RosterEpoch, sender: UInt16, track: UInt8) {
        self.call = call
        self.rosterEpoch = rosterEpoch
        self.sender = sender
        self.track = track
    }

    /// Takes the leaf of the next frame; gives a list when the one before is full or a second old.
    package mutating func add(_ leaf: Digest, timestamp: UInt32, at now: Timestamp) -> LeafList? {
        let isDue =
            now.milliseconds(since: startedAt) >= Self.intervalMilliseconds
            || leaves.count == RecordingLimits.leavesPerList
        let list = isDue ? flush() : nil
        if leaves.isEmpty {
            firstTimestamp = timestamp
            startedAt = now
        }
        leaves.append(leaf)
        return list
    }

    /// The list of what is there, when a second has passed without a new frame, or at the end; nil when there is none.
    package mutating func flush() -> LeafList? {
        guard !leaves.isEmpty else { return nil }
        let list = LeafList(
            call: call, rosterEpoch: rosterEpoch, first: first, track: track, leaves: leaves, sender: sender,
            timestamp: firstTimestamp)
        first += UInt64(leaves.count)
        leaves = []
        return list
    }
}
