package import Primitives
import Wire

/// The receiver's side of proofs: matches frames of one sender and track against that sender's signed lists.
///
/// A frame is unproven until a list names its leaf, whichever comes first. Bounded: what waits longer than the limits
/// allow is forgotten and stays unproven.
package struct FrameProver: Equatable, Sendable {
    /// Frames that wait for a list, and leaves that wait for a frame: some seconds of picture and sound.
    package static let waitingCountMax = 2_048

    package let call: CallID
    package let rosterEpoch: RosterEpoch
    package let sender: UInt16
    package let track: UInt8
    /// The sender's per-call key.
    package let key: PublicKey
    private var frames = BoundedLeaves()
    private var leaves = BoundedLeaves()
    /// Frames that a list named.
    package private(set) var provenCount: UInt64 = 0
    /// Frames that were forgotten unproven.
    package private(set) var unprovenCount: UInt64 = 0
    private var nextFirst: UInt64 = 0
    /// Frames that fell between two lists: their list never came.
    package private(set) var missedCount: UInt64 = 0

    package init(call: CallID, rosterEpoch: RosterEpoch, sender: UInt16, track: UInt8, key: PublicKey) {
        self.call = call
        self.rosterEpoch = rosterEpoch
        self.sender = sender
        self.track = track
        self.key = key
    }

    /// Frames that no list has named yet.
    package var waitingCount: Int { frames.count }

    /// A frame came; true when a list already named it.
    package mutating func receiveFrame(_ leaf: Digest) -> Bool {
        if leaves.remove(leaf) {
            provenCount += 1
            return true
        }
        if frames.insert(leaf, max: Self.waitingCountMax) { unprovenCount += 1 }
        return false
    }

    /// A list came; gives the leaves of those waiting frames that it proves, in the list's order. A list of another
    /// key, call, epoch, sender or track proves nothing.
    package mutating func receive(_ signed: Verified<SignedLeafList>) -> [Digest] {
        let list = signed.value.list
        guard signed.value.object.key == key, list.call == call, list.rosterEpoch == rosterEpoch,
            list.sender == sender, list.track == track, list.first >= nextFirst
        else { return [] }
        missedCount += list.first - nextFirst
        nextFirst = list.first + UInt64(list.leaves.count)
        var proven: [Digest] = []
        for leaf in list.leaves {
            if frames.remove(leaf) {
                proven.append(leaf)
            } else {
                _ = leaves.insert(leaf, max: Self.waitingCountMax)
            }
        }
        provenCount += UInt64(proven.count)
        return proven
    }
}

/// A set of digests that forgets the oldest when it is full.
private struct BoundedLeaves: Equatable, Sendable {
    private var present: [Digest: UInt64] = [:]
    private var order: [(Digest, UInt64)] = []
    private var oldest = 0
    private var serial: UInt64 = 0

    static func == (left: Self, right: Self) -> Bool { left.present == right.present && left.serial == right.serial }

    var count: Int { present.count }

    /// True when an older one had to go.
    mutating func insert(_ leaf: Digest, max limit: Int) -> Bool {
        serial += 1
        present[leaf] = serial
        order.append((leaf, serial))
        var dropped = false
        while present.count > limit, oldest < order.count {
            let (first, mark) = order[oldest]
            oldest += 1
            guard present[first] == mark else { continue }
            present[first] = nil
            dropped = true
        }
        if oldest > limit || order.count > 4 * limit {
            order = order[oldest...].filter { present[$0.0] == $0.1 }
            oldest = 0
        }
        return dropped
    }

    mutating func remove(_ leaf: Digest) -> Bool { present.removeValue(forKey: leaf) != nil }
}
