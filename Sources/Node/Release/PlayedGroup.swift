package import Primitives
package import Recording

/// One track of one sender.
package struct PlayedTrack: Hashable, Sendable {
    package let sender: PublicKey
    package let id: UInt8
    package let kind: TrackKind

    package init(sender: PublicKey, id: UInt8, kind: TrackKind) {
        self.sender = sender
        self.id = id
        self.kind = kind
    }
}

/// The opened frames of one group, in the order in which they are shown.
package struct PlayedGroup: Equatable, Sendable {
    package let group: GroupIndex
    /// All that may be played of the recording, also what is silent in this group.
    package let tracks: [PlayedTrack]
    package let frames: [PlayedFrame]

    package init(group: GroupIndex, tracks: [PlayedTrack], frames: [PlayedFrame]) {
        self.group = group
        self.tracks = tracks
        self.frames = frames
    }
}
