/// What a track carries. The raw values are the bits that consents and seals use on the ledger.
package enum TrackKind: UInt8, Sendable, CaseIterable {
    case audio = 1
    case video = 2
    case screen = 4
    case chat = 8

    /// Ticks of the track's timestamps in one second: 48,000 for sound, 90,000 for pictures, 1,000 for chat.
    package var ticksPerSecond: UInt64 {
        switch self {
        case .audio: 48_000
        case .video, .screen: 90_000
        case .chat: 1_000
        }
    }
}
