import Media
import MediaEndpoint
package import Primitives

/// The two tracks of a call, and their key ids.
package enum MediaTrack: Sendable, CaseIterable {
    case audio
    case video

    var codec: MediaCodec {
        switch self {
        case .audio: .opus
        case .video: .vp8
        }
    }

    /// The key id of a sender's track before any recording: segment 0.
    package func keyID(of sender: UInt16, _ epoch: RosterEpoch) -> MediaKeyID? {
        MediaKeyID(rosterEpoch: epoch, sender: sender, track: codec.track, segment: 0)
    }
}
