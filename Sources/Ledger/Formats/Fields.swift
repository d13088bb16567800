import Primitives
import Wire

/// The format version that this module writes and the only one it reads.
let formatVersion: UInt64 = 1

/// Shorthand for the fields of an object's map, so that a format file reads like its table.
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

    mutating func field(_ name: String, _ value: some Counter) { field(name, value.rawValue) }

    mutating func field(_ name: String, _ value: some Identifier) {
        key(name)
        byteString(value)
    }

    mutating func field(_ name: String, _ value: [UInt8]) {
        key(name)
        byteString(value)
    }

    mutating func field(_ name: String, _ value: Signature) {
        key(name)
        byteString(value)
    }

    mutating func field(_ name: String, _ value: Bool) {
        key(name)
        boolean(value)
    }

    mutating func field(_ name: String, text value: String) {
        key(name)
        text(value)
    }

    mutating func field(_ name: String, link value: CID) {
        key(name)
        link(value)
    }

    mutating func field(_ name: String, _ value: some WireObject) {
        key(name)
        value.encode(into: &self)
    }

    mutating func field<Element: WireObject>(_ name: String, list: [Element]) {
        key(name)
        array(list) { $1.encode(into: &$0) }
    }

    mutating func field<Element: Identifier>(_ name: String, ids: [Element]) {
        key(name)
        array(ids) { $0.byteString($1) }
    }
}

extension CBORReader {
    /// Enters a map of exactly `count` fields, the version among them.
    mutating func begin(_ count: Int) throws(WireError) {
        try mapHeader(count: count)
        try version()
    }

    /// Enters a map of `least` through `most` fields, the version among them; gives their number, for `end`.
    mutating func begin(_ least: Int, through most: Int) throws(WireError) -> Int {
        let start = offset
        let count = try mapHeader(max: most)
        guard count >= least else { throw .unexpectedKey(at: start) }
        try version()
        return count
    }

    /// Leaves a map with optional fields: as many must have been read as it announced.
    mutating func end(_ announced: Int, read: Int) throws(WireError) {
        guard announced == read else { throw .unexpectedKey(at: offset) }
        leave()
    }

    private mutating func version() throws(WireError) {
        try key("v")
        guard try unsigned() == formatVersion else { throw .badValue(field: "v") }
    }

    mutating func number(_ name: String, max limit: UInt64 = UInt64(Int64.max)) throws(WireError) -> UInt64 {
        try key(name)
        return try unsigned(max: limit)
    }

    mutating func count<Value: Counter>(_ name: String, max limit: UInt64 = UInt64(Int64.max)) throws(WireError)
        -> Value
    {
        Value(try number(name, max: limit))
    }

    mutating func id<Value: Identifier>(_ name: String) throws(WireError) -> Value {
        try key(name)
        return try identifier()
    }

    mutating func idIfPresent<Value: Identifier>(_ name: String) throws(WireError) -> Value? {
        guard try keyIfPresent(name) else { return nil }
        return try identifier()
    }

    mutating func bytes(_ name: String, max limit: Int) throws(WireError) -> [UInt8] {
        try key(name)
        return try byteString(max: limit)
    }

    mutating func flag(_ name: String) throws(WireError) -> Bool {
        try key(name)
        return try boolean()
    }

    mutating func linkField(_ name: String) throws(WireError) -> CID {
        try key(name)
        return try link()
    }

    mutating func object<Value: WireObject>(_ name: String) throws(WireError) -> Value {
        try key(name)
        return try Value(from: &self)
    }

    mutating func list<Element: WireObject>(_ name: String, max limit: Int) throws(WireError) -> [Element] {
        try key(name)
        return try array(max: limit) { inner throws(WireError) in try Element(from: &inner) }
    }

    mutating func ids<Element: Identifier>(_ name: String, max limit: Int) throws(WireError) -> [Element] {
        try key(name)
        return try array(max: limit) { inner throws(WireError) in try inner.identifier() }
    }

    /// A list of ids that stands sorted and without repetition: a set has one encoding.
    mutating func idSet<Element: Identifier>(_ name: String, max limit: Int) throws(WireError) -> [Element] {
        let elements: [Element] = try ids(name, max: limit)
        guard isStrictlyAscending(elements) else { throw .badValue(field: name) }
        return elements
    }
}

/// Whether each element is greater than the one before.
func isStrictlyAscending<Element: Comparable>(_ elements: [Element]) -> Bool {
    zip(elements, elements.dropFirst()).allSatisfy { $0 < $1 }
}
