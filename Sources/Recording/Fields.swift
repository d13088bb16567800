import Primitives
import Wire

/// The format version that this module writes and the only one it reads.
let formatVersion: UInt64 = 1

/// Shorthand for maps of named fields.
extension CBORWriter {
    /// Starts a map of `count` fields, the version among them.
    mutating func begin(_ count: Int) {
        mapHeader(count: count)
        field("v", formatVersion)
    }

    mutating func field(_ name: String, _ value: UInt64) {
        key(name)
        unsigned(value)
    }

    mutating func field(_ name: String, _ value: some Identifier) {
        key(name)
        byteString(value)
    }

    mutating func field(_ name: String, bytes: [UInt8]) {
        key(name)
        byteString(bytes)
    }

    mutating func field<Element: WireObject>(_ name: String, list: [Element]) {
        key(name)
        array(list) { $1.encode(into: &$0) }
    }
}

extension CBORReader {
    /// Enters a map of `count` fields and reads the version.
    mutating func begin(_ count: Int) throws(WireError) {
        try mapHeader(count: count)
        guard try number("v", max: 255) == formatVersion else { throw .badValue(field: "v") }
    }

    mutating func number(_ name: String, max limit: UInt64 = UInt64(Int64.max)) throws(WireError) -> UInt64 {
        try key(name)
        return try unsigned(max: limit)
    }

    mutating func id<Value: Identifier>(_ name: String) throws(WireError) -> Value {
        try key(name)
        return try identifier()
    }

    mutating func list<Element: WireObject>(_ name: String, max limit: Int) throws(WireError) -> [Element] {
        try key(name)
        return try array(max: limit) { inner throws(WireError) in try Element(from: &inner) }
    }
}
