package import Primitives

/// `{v, last, seeks, leases, window, previous, viewings}`; a lease is `[group, start, notAfter]` or null.
extension LeaseHistory: WireObject {
    private static let version: UInt64 = 1

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 7)
        try reader.key("v")
        guard try reader.unsigned() == Self.version else { throw .badValue(field: "v") }
        try reader.key("last")
        let last = try Self.lease(from: &reader)
        try reader.key("seeks")
        let seeks = try reader.unsigned()
        try reader.key("leases")
        let leaseCount = try reader.unsigned()
        try reader.key("window")
        let window: Timestamp = try reader.counter()
        try reader.key("previous")
        let previous = try Self.lease(from: &reader)
        try reader.key("viewings")
        let viewings = try reader.unsigned()
        reader.leave()
        self.init(
            last: last, previous: previous, leaseCount: leaseCount, viewings: viewings, seekWindowStart: window,
            seeks: seeks)
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 7)
        writer.key("v")
        writer.unsigned(Self.version)
        writer.key("last")
        Self.write(last, into: &writer)
        writer.key("seeks")
        writer.unsigned(seeks)
        writer.key("leases")
        writer.unsigned(leaseCount)
        writer.key("window")
        writer.unsigned(seekWindowStart)
        writer.key("previous")
        Self.write(previous, into: &writer)
        writer.key("viewings")
        writer.unsigned(viewings)
    }

    private static func lease(from reader: inout CBORReader) throws(WireError) -> Lease? {
        if reader.nullIfPresent() { return nil }
        let start = reader.offset
        guard try reader.arrayHeader(max: 3) == 3 else { throw .unexpectedType(at: start) }
        let lease = Lease(group: try reader.counter(), start: try reader.counter(), notAfter: try reader.counter())
        reader.leave()
        return lease
    }

    private static func write(_ lease: Lease?, into writer: inout CBORWriter) {
        guard let lease else { return writer.null() }
        writer.arrayHeader(count: 3)
        writer.unsigned(lease.group)
        writer.unsigned(lease.start)
        writer.unsigned(lease.notAfter)
    }
}
