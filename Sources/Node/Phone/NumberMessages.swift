package import Wire

/// What a validator is asked about an attestation: `{v, claim}`, `{v, submit}` or `{v, release}`, each a byte string.
package enum NumberQuestion: WireObject, Hashable {
    /// Evidence sealed to the validator: attest what it bears out.
    case claim([UInt8])
    /// A signed `NumberRelease`: attest that it is given up.
    case release([UInt8])
    /// A statement with enough attestations: put it on the ledger.
    case submit([UInt8])

    package static let version: UInt64 = 1
    package static let contentByteCountMax = 32 << 10

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 2)
        try reader.key("v")
        guard try reader.unsigned() == Self.version else { throw .badValue(field: "v") }
        if try reader.keyIfPresent("claim") {
            self = .claim(try reader.byteString(max: Self.contentByteCountMax))
        } else if try reader.keyIfPresent("submit") {
            self = .submit(try reader.byteString(max: Self.contentByteCountMax))
        } else {
            try reader.key("release")
            self = .release(try reader.byteString(max: Self.contentByteCountMax))
        }
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 2)
        writer.key("v")
        writer.unsigned(Self.version)
        switch self {
        case .claim(let bytes): writer.field("claim", bytes)
        case .release(let bytes): writer.field("release", bytes)
        case .submit(let bytes): writer.field("submit", bytes)
        }
    }
}

/// What a validator answers: `{v, ok}` with bytes that the question gives a meaning, or `{v, no}` with a word.
package enum NumberAnswer: WireObject, Hashable {
    package enum Refusal: String, CaseIterable, Sendable {
        /// The question cannot be read, or what stands in it is no group element.
        case malformed
        /// The node holds no share, or is no validator.
        case unsupported
        /// Not an active member, or not signed by its key.
        case member
        /// The request's time lies too far from the newest record's.
        case stale
        /// The member has used up its lookups of the day.
        case quota
        /// The evidence does not bear the claim out.
        case evidence
        /// The expiry lies out of range, or is not the one that is released.
        case expiry
        /// The ledger would refuse the statement.
        case ledger
    }

    case granted([UInt8])
    case refused(Refusal)

    package static let version: UInt64 = 1
    package static let contentByteCountMax = 4 << 10

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 2)
        try reader.key("v")
        guard try reader.unsigned() == Self.version else { throw .badValue(field: "v") }
        if try reader.keyIfPresent("no") {
            guard let refusal = Refusal(rawValue: try reader.text(max: 16)) else { throw .badValue(field: "no") }
            self = .refused(refusal)
        } else {
            try reader.key("ok")
            self = .granted(try reader.byteString(max: Self.contentByteCountMax))
        }
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 2)
        writer.key("v")
        writer.unsigned(Self.version)
        switch self {
        case .granted(let bytes): writer.field("ok", bytes)
        case .refused(let refusal):
            writer.key("no")
            writer.text(refusal.rawValue)
        }
    }
}

extension CBORWriter {
    fileprivate mutating func field(_ name: String, _ bytes: [UInt8]) {
        key(name)
        byteString(bytes)
    }
}
