import ContentStore
package import Wire

/// What a holder is asked over a link (kind `keep`). It decides by the signature inside, not by who brings it.
package enum KeepRequest: WireObject, Hashable {
    /// Keep this block: `{v, order, content}`. The answer is one byte, 1.
    case block(order: SignedObject, content: [UInt8])
    /// Make the first outer layer, or say how far it is: `{v, layer}`. The answer is a ``LayerState``.
    case layer(SignedObject)

    package static let version: UInt64 = 1

    package init(from reader: inout CBORReader) throws(WireError) {
        let count = try reader.mapHeader(max: 3)
        try reader.key("v")
        guard try reader.unsigned() == Self.version else { throw .badValue(field: "v") }
        if count == 3 {
            try reader.key("order")
            let order = try SignedObject(from: &reader, bodyMax: KeepOrder.byteCountMax)
            try reader.key("content")
            self = .block(order: order, content: try reader.byteString(max: ContentBlock.byteCountMax))
        } else {
            let start = reader.offset
            guard count == 2 else { throw .unexpectedKey(at: start) }
            try reader.key("layer")
            self = .layer(try SignedObject(from: &reader, bodyMax: LayerOrder.byteCountMax))
        }
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        switch self {
        case .block(let order, let content):
            writer.mapHeader(count: 3)
            writer.key("v")
            writer.unsigned(Self.version)
            writer.key("order")
            order.encode(into: &writer)
            writer.key("content")
            writer.byteString(content)
        case .layer(let order):
            writer.mapHeader(count: 2)
            writer.key("v")
            writer.unsigned(Self.version)
            writer.key("layer")
            order.encode(into: &writer)
        }
    }
}
