/// Any dag-cbor value, for readers that do not know the object: the command line, the gateway, the vectors.
package indirect enum IPLDNode: Equatable, Sendable {
    case null
    case boolean(Bool)
    case unsigned(UInt64)
    /// −1 − value: reaches down to −2^64.
    case negative(UInt64)
    case float(Double)
    case bytes([UInt8])
    case text(String)
    case list([IPLDNode])
    /// Keys in canonical order.
    case map([Entry])
    /// A link's binary CID, of any kind.
    case link([UInt8])

    package struct Entry: Equatable, Sendable {
        package let key: String
        package let value: IPLDNode
        package init(key: String, value: IPLDNode) {
            self.key = key
            self.value = value
        }
    }

    /// The value under `key`, when this is a map that holds it.
    package subscript(key: String) -> IPLDNode? {
        guard case .map(let entries) = self else { return nil }
        return entries.first { $0.key == key }?.value
    }
}

extension IPLDNode: WireObject {
    /// The longest string or container that is read, in bytes or entries.
    package static let lengthMax = 1 << 24

    package init(from reader: inout CBORReader) throws(WireError) {
        let start = reader.offset
        let first = try reader.peek()
        switch first >> 5 {
        case 0: self = .unsigned(try reader.unsigned(max: .max))
        case 1: self = .negative(try reader.negative())
        case 2: self = .bytes(try reader.byteString(max: Self.lengthMax))
        case 3: self = .text(try reader.text(max: Self.lengthMax))
        case 4:
            self = .list(
                try reader.array(max: Self.lengthMax) { inner throws(WireError) in try IPLDNode(from: &inner) })
        case 5: self = .map(try Self.entries(from: &reader))
        case 6: self = .link(try reader.linkBytes())
        default:
            switch first {
            case 0xf4, 0xf5: self = .boolean(try reader.boolean())
            case 0xf6:
                try reader.null()
                self = .null
            case 0xfb: self = .float(try reader.float())
            default: throw .notCanonical(at: start)
            }
        }
    }

    private static func entries(from reader: inout CBORReader) throws(WireError) -> [Entry] {
        let count = try reader.mapHeader(max: lengthMax)
        var entries: [Entry] = []
        for _ in 0..<count {
            let start = reader.offset
            let key = try reader.text(max: lengthMax)
            if let last = entries.last, !precedes(last.key, key) { throw .unexpectedKey(at: start) }
            entries.append(Entry(key: key, value: try IPLDNode(from: &reader)))
        }
        reader.leave()
        return entries
    }

    /// The canonical order of map keys: shorter first, then by bytes.
    private static func precedes(_ left: String, _ right: String) -> Bool {
        if left.utf8.count != right.utf8.count { return left.utf8.count < right.utf8.count }
        return left.utf8.lexicographicallyPrecedes(right.utf8)
    }

    package func encode(into writer: inout CBORWriter) {
        switch self {
        case .null: writer.null()
        case .boolean(let value): writer.boolean(value)
        case .unsigned(let value): writer.unsigned(value)
        case .negative(let value): writer.negative(value)
        case .float(let value): writer.float(value)
        case .bytes(let value): writer.byteString(value)
        case .text(let value): writer.text(value)
        case .list(let elements): writer.array(elements) { $1.encode(into: &$0) }
        case .map(let entries):
            writer.mapHeader(count: entries.count)
            for entry in entries {
                writer.key(entry.key)
                entry.value.encode(into: &writer)
            }
        case .link(let cid): writer.link(bytes: cid)
        }
    }
}
