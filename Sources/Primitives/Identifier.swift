/// A 32-byte value with a meaning. Each meaning is its own type, so that a member id cannot stand for a call id.
package protocol Identifier: Hashable, Comparable, Sendable, CustomStringConvertible {
    var raw: Bytes32 { get }
    init(raw: Bytes32)
}

extension Identifier {
    package static var zero: Self { Self(raw: .zero) }

    /// Takes exactly 32 bytes; any other count gives nil.
    package init?(_ bytes: some Collection<UInt8>) {
        guard let raw = Bytes32(bytes) else { return nil }
        self.init(raw: raw)
    }

    /// Takes exactly 32 bytes; any other count gives nil.
    package init?(_ bytes: Span<UInt8>) {
        guard let raw = Bytes32(bytes) else { return nil }
        self.init(raw: raw)
    }

    /// Takes 64 hexadecimal digits; anything else gives nil.
    package init?(hex: some StringProtocol) {
        guard let raw = Bytes32(hex: hex) else { return nil }
        self.init(raw: raw)
    }

    package var bytes: [UInt8] { raw.bytes }
    package var hex: String { raw.hex }
    package var description: String { raw.hex }

    package static func < (left: Self, right: Self) -> Bool { left.raw < right.raw }
}

/// A SHA-256 value.
package struct Digest: Identifier {
    package let raw: Bytes32
    package init(raw: Bytes32) { self.raw = raw }
}

/// The hash of the genesis document: names one network, and stands in every signing preimage.
package struct ChainID: Identifier {
    package let raw: Bytes32
    package init(raw: Bytes32) { self.raw = raw }
}

/// A member: the hash of its registration, fixed for life while the keys under it rotate.
package struct MemberID: Identifier {
    package let raw: Bytes32
    package init(raw: Bytes32) { self.raw = raw }
}

/// A place in the DHT's key space: of a node, or of a record.
package struct DHTKey: Identifier {
    package let raw: Bytes32
    package init(raw: Bytes32) { self.raw = raw }
}

/// A call, drawn at random by the caller.
package struct CallID: Identifier {
    package let raw: Bytes32
    package init(raw: Bytes32) { self.raw = raw }
}

/// A mailbox of a home node, drawn at random by its owner.
package struct MailboxID: Identifier {
    package let raw: Bytes32
    package init(raw: Bytes32) { self.raw = raw }
}

/// A recording: the hash of the call it records and the transaction that opened it.
package struct RecordingID: Identifier {
    package let raw: Bytes32
    package init(raw: Bytes32) { self.raw = raw }
}

/// A transaction: hash of its signing preimage. Stops replay.
package struct TransactionID: Identifier {
    package let raw: Bytes32
    package init(raw: Bytes32) { self.raw = raw }

    /// It is a hash: to make eight bytes of two alike takes four thousand million tries, and so do the next two.
    package func hash(into hasher: inout Hasher) { hasher.combine(raw.words.0) }
}

/// An Ed25519 public key, as RFC 8032 encodes it.
package struct PublicKey: Identifier {
    package let raw: Bytes32
    package init(raw: Bytes32) { self.raw = raw }
}

/// An X25519 public key, RFC 7748.
package struct AgreementKey: Identifier {
    package let raw: Bytes32
    package init(raw: Bytes32) { self.raw = raw }
}

/// A ristretto255 group element in its canonical encoding, RFC 9496.
package struct GroupElement: Identifier {
    package let raw: Bytes32
    package init(raw: Bytes32) { self.raw = raw }
}
