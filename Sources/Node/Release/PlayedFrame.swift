package import Primitives
package import Recording

/// One frame in the clear.
package struct PlayedFrame: Equatable, Sendable {
    /// Since the recording began.
    package let microseconds: UInt64
    package let sender: PublicKey
    package let track: UInt8
    package let kind: TrackKind
    package let bytes: [UInt8]
    /// A list signed by the sender's per-call key names it.
    package let isProven: Bool

    package init(
        microseconds: UInt64, sender: PublicKey, track: UInt8, kind: TrackKind, bytes: [UInt8], isProven: Bool
    ) {
        self.microseconds = microseconds
        self.sender = sender
        self.track = track
        self.kind = kind
        self.bytes = bytes
        self.isProven = isProven
    }
}
