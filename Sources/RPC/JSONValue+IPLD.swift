internal import Primitives
package import Wire

/// How the two data models meet.
///
/// From dag-cbor to JSON: bytes become lower-case hexadecimal text, a link becomes its base32 text, everything else
/// its own kind. From JSON to dag-cbor: everything becomes its own kind, text stays text. So a parameter that a method
/// declares as bytes may stand in a signed body as a byte string or as hexadecimal text, and the method reads the same.
extension JSONValue {
    package init(_ node: IPLDNode) {
        switch node {
        case .null: self = .null
        case .boolean(let value): self = .boolean(value)
        case .unsigned(let value): self = .unsigned(value)
        case .negative(let value):
            self = value <= UInt64(Int64.max) ? .negative(-1 - Int64(value)) : .string("-\(UInt128(value) + 1)")
        case .float(let value): self = .float(value)
        case .bytes(let value): self = .string(Hex.encode(value))
        case .text(let value): self = .string(value)
        case .list(let elements): self = .list(elements.map { JSONValue($0) })
        case .map(let entries): self = .object(entries.map { Member($0.key, JSONValue($0.value)) })
        case .link(let cid): self = .string("b" + Base32.encode(cid))
        }
    }

    /// This value in the data model of dag-cbor, map keys in canonical order.
    package var node: IPLDNode {
        switch self {
        case .null: .null
        case .boolean(let value): .boolean(value)
        case .unsigned(let value): .unsigned(value)
        case .negative(let value): .negative(UInt64(-1 - value))
        case .float(let value): .float(value)
        case .string(let value): .text(value)
        case .list(let elements): .list(elements.map(\.node))
        case .object(let members):
            .map(
                members.sorted { Self.precedes($0.name, $1.name) }
                    .map { IPLDNode.Entry(key: $0.name, value: $0.value.node) })
        }
    }

    private static func precedes(_ left: String, _ right: String) -> Bool {
        if left.utf8.count != right.utf8.count { return left.utf8.count < right.utf8.count }
        return left.utf8.lexicographicallyPrecedes(right.utf8)
    }
}
