package import Primitives

/// What a content block is to a recording: decides who may have it, and for how long it is kept.
package enum BlockRole: UInt8, CaseIterable, Sendable {
    /// A shard under the outer layer of a rights epoch.
    case shard = 1
    /// A page of an outer manifest.
    case page = 2
    /// A page of signed wraps of lease-group keys; belongs to no rights epoch, so its tag has epoch 0.
    case wraps = 3
    /// A block of a sender's frame log or one of its manifests, as it was before the first outer layer. Nobody is given
    /// one; it goes when that layer is made. Epoch 0.
    case inner = 4

    /// Whether blocks of this role belong to a rights epoch and go with it.
    package var isOuter: Bool { self == .shard || self == .page }
}

/// The place of a content block in a recording. One block may have several.
package struct BlockTag: Hashable, Comparable, Sendable {
    package let recording: RecordingID
    /// Zero for roles that belong to no rights epoch.
    package let epoch: RightsEpoch
    package let role: BlockRole
    /// The shard's index, the page's number, or for what senders leave, a number that its sender chose.
    package let index: UInt64

    package init(recording: RecordingID, epoch: RightsEpoch, role: BlockRole, index: UInt64) {
        self.recording = recording
        self.epoch = epoch
        self.role = role
        self.index = index
    }

    package static func < (left: BlockTag, right: BlockTag) -> Bool {
        (left.recording, left.epoch, left.role.rawValue, left.index)
            < (right.recording, right.epoch, right.role.rawValue, right.index)
    }
}
