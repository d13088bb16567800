package import Primitives

/// What kind of fact stands under a key: the first byte of every state key. The numbers never change.
package enum StatePrefix: UInt8, CaseIterable, Sendable {
    /// (member id, –) → `MemberEntry`
    case member = 0x01
    /// (Ed25519 key, –) → `OwnerEntry`: whose signing or link key this is or was
    case signingKey = 0x02
    /// (–, –) → `RegistrarsEntry`
    case registrars = 0x03
    /// (number commitment, –) → `NumberEntry`
    case number = 0x04
    /// (–, –) → `ValidatorList`: who decides now
    case validators = 0x05
    /// (–, –) → `ValidatorList`: who would decide from the next validator epoch on
    case nextValidators = 0x06
    /// (–, –) → `ProposalsEntry`
    case proposals = 0x07
    /// (purpose, –) → `ThresholdPublicKeys`
    case thresholdKeys = 0x08
    /// (–, –) → `LimitsEntry`: what holds now, and from the next validator epoch on
    case limits = 0x09
    /// (–, –) → `RecentRecordsEntry`
    case recentRecords = 0x0a
    /// (validator epoch, –) → `ValidatorList` that decided it, for as long as evidence is taken of it
    case pastValidators = 0x0b
    /// (–, –) → `CulpritsEntry`
    case culprits = 0x0c
    /// (member id, validator epoch) → `EvidenceEntry`
    case evidence = 0x0d
    /// (validator epoch, –) → `RecoveryDocument` that began it
    case recovery = 0x0e
    /// (home node, interval) → `CommitEntry`
    case callCommit = 0x10
    /// (call, –) → `CallEntry`
    case call = 0x11
    /// (per-call key, –) → `CallKeyEntry`
    case callKey = 0x12
    /// (recording, per-call key) → `ConsentEntry`
    case consent = 0x20
    /// (recording, –) → `RecordingEntry`
    case recording = 0x21
    /// (recording, per-call key) → `SealEntry`
    case seal = 0x22
    /// (recording, –) → `RightsEntry`
    case rights = 0x30
    /// (recording, viewer) → `GrantEntry`
    case grant = 0x31
    /// (recording, holder) → `RotationEntry`
    case rotation = 0x32
    /// (recording, viewer) → `LeaseEntry`
    case lease = 0x33
    /// (recording, –) → `ViewersEntry`
    case viewers = 0x34
    /// (per-call key, 1), (recording, 2) or (number commitment, 3) → `ErasedEntry`
    case erased = 0x40
}

/// The name of one fact in the state: a prefix and two 32-byte parts, 65 bytes in all. An unused part is zero, so
/// every key has the same length and no two facts share one.
package struct StateKey: Hashable, Comparable, Sendable {
    package static let byteCount = 65

    package let prefix: StatePrefix
    package let first: Bytes32
    package let second: Bytes32

    package init(_ prefix: StatePrefix, _ first: Bytes32 = .zero, _ second: Bytes32 = .zero) {
        self.prefix = prefix
        self.first = first
        self.second = second
    }

    package init(_ prefix: StatePrefix, _ first: some Identifier) { self.init(prefix, first.raw) }

    package init(_ prefix: StatePrefix, _ first: some Identifier, _ second: some Identifier) {
        self.init(prefix, first.raw, second.raw)
    }

    /// A number as the first part: its last 8 bytes, big-endian.
    package init(_ prefix: StatePrefix, number: UInt64) { self.init(prefix, Bytes32(words: (0, 0, 0, number))) }

    /// A number as the second part: its last 8 bytes, big-endian.
    package init(_ prefix: StatePrefix, _ first: some Identifier, number: UInt64) {
        self.init(prefix, first.raw, Bytes32(words: (0, 0, 0, number)))
    }

    /// Nil unless these are the 65 bytes of a key with a known prefix.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.byteCount, let prefix = StatePrefix(rawValue: bytes[0]),
            let first = Bytes32(bytes[1..<33]), let second = Bytes32(bytes[33...])
        else { return nil }
        self.init(prefix, first, second)
    }

    package var bytes: [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(Self.byteCount)
        output.append(prefix.rawValue)
        first.append(to: &output)
        second.append(to: &output)
        return output
    }

    /// The key's place in the state tree: SHA-256 of its 65 bytes.
    package func hashed(with hash: inout some Hashing) -> Digest { hash.digest(bytes) }

    package static func < (left: StateKey, right: StateKey) -> Bool {
        if left.prefix != right.prefix { return left.prefix.rawValue < right.prefix.rawValue }
        return left.first != right.first ? left.first < right.first : left.second < right.second
    }
}
