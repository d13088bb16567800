package import Primitives
package import Wire

/// A question from one node to another, over their link: `{v, kind, body}`. What a body holds, its kind says.
package struct ServiceRequest: WireObject, Hashable {
    package enum Kind: String, CaseIterable, Sendable {
        /// A signed address record of the DHT, for the other to keep.
        case address
        /// A message for a mailbox.
        case post
        /// The prekeys of a mailbox.
        case prekeys
        /// A signed request to evaluate a blinded number.
        case evaluate
        /// A registrar's statement, to be attested.
        case attest
        /// A signed request for shares of inner keys.
        case shares
        /// A signed request for an evaluation of an outer key.
        case outer
        /// A content block.
        case content
        /// Content blocks for a holder to keep.
        case keep
    }

    package static let version: UInt64 = 1
    package static let bodyByteCountMax = 1 << 20

    package let kind: Kind
    package let body: [UInt8]

    package init(_ kind: Kind, _ body: [UInt8]) {
        self.kind = kind
        self.body = body
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 3)
        try reader.key("v")
        guard try reader.unsigned() == Self.version else { throw .badValue(field: "v") }
        try reader.key("body")
        body = try reader.byteString(max: Self.bodyByteCountMax)
        try reader.key("kind")
        guard let kind = Kind(rawValue: try reader.text(max: 16)) else { throw .badValue(field: "kind") }
        self.kind = kind
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 3)
        writer.key("v")
        writer.unsigned(Self.version)
        writer.key("body")
        writer.byteString(body)
        writer.key("kind")
        writer.text(kind.rawValue)
    }
}

/// Answers other nodes' questions of one kind: the bytes of the answer, or nil to refuse.
package typealias ServiceHandler = @Sendable (MemberID, [UInt8]) async -> [UInt8]?
