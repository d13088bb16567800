import Wire

/// What a member may be, as a set of bits; fixed by its registration.
package struct Roles: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Calls, is called, holds rights, views.
    package static let person = Roles(rawValue: 1)
    /// Serves peers and holds content; takes part in the DHT.
    package static let node = Roles(rawValue: 2)
    /// Votes and holds a share of the threshold keys.
    package static let validator = Roles(rawValue: 4)
    /// Admits, suspends and removes members.
    package static let registrar = Roles(rawValue: 8)

    /// Every bit that has a meaning.
    package static let all: Roles = [.person, .node, .validator, .registrar]

    init(reading value: UInt64, field: String) throws(WireError) {
        guard value > 0, value <= UInt64(Roles.all.rawValue) else { throw .badValue(field: field) }
        self.init(rawValue: UInt8(value))
    }
}

/// The kinds of media a track may hold, as a set of bits.
package struct TrackKinds: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let audio = TrackKinds(rawValue: 1)
    package static let video = TrackKinds(rawValue: 2)
    package static let screen = TrackKinds(rawValue: 4)
    package static let chat = TrackKinds(rawValue: 8)

    /// Every bit that has a meaning.
    package static let all: TrackKinds = [.audio, .video, .screen, .chat]

    init(reading value: UInt64, field: String) throws(WireError) {
        guard value > 0, value <= UInt64(TrackKinds.all.rawValue) else { throw .badValue(field: field) }
        self.init(rawValue: UInt8(value))
    }
}
