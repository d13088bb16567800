import Primitives
package import Wire

/// New values for some of the limits that validators may change by vote: a map from their names, in canonical order.
package struct LimitChanges: WireObject, Hashable {
    /// One limit that may change: its place in the table of all, and what a vote may set it to.
    struct Votable: Sendable {
        let entry: NetworkLimits.Entry
        let range: ClosedRange<UInt64>
    }

    /// Nothing changes.
    package static let none = LimitChanges(values: [:])

    private let values: [String: UInt64]

    private init(values: [String: UInt64]) { self.values = values }

    /// Nil when a name is none of a limit that may change by vote, or a value lies outside what may be set.
    package init?(_ values: [String: UInt64]) {
        let known = Set(Self.votable.map(\.entry.key))
        guard values.keys.allSatisfy(known.contains),
            Self.votable.allSatisfy({ votable in values[votable.entry.key].map(votable.range.contains) ?? true })
        else { return nil }
        self.values = values
    }

    package var isEmpty: Bool { values.isEmpty }

    /// Name and new value, in canonical order of the names.
    package var list: [(name: String, value: UInt64)] {
        Self.votable.compactMap { votable in values[votable.entry.key].map { (votable.entry.key, $0) } }
    }

    /// The limits with these changes made.
    package func applied(to limits: NetworkLimits) -> NetworkLimits {
        var changed = limits
        for votable in Self.votable {
            if let value = values[votable.entry.key] { changed[keyPath: votable.entry.path] = value }
        }
        return changed
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        let count = try reader.mapHeader(max: Self.votable.count)
        var values: [String: UInt64] = [:]
        for votable in Self.votable where try reader.keyIfPresent(votable.entry.key) {
            let value = try reader.unsigned(max: votable.range.upperBound)
            guard value >= votable.range.lowerBound else { throw .badValue(field: votable.entry.key) }
            values[votable.entry.key] = value
        }
        guard values.count == count else { throw .unexpectedKey(at: reader.offset) }
        reader.leave()
        self.values = values
    }

    package func encode(into writer: inout CBORWriter) {
        let list = list
        writer.mapHeader(count: list.count)
        for change in list { writer.field(change.name, change.value) }
    }

    /// The limits that may change by vote, in canonical order of their names, each with floor and ceiling. What devices
    /// and decoders rely on without reading the state is not among them.
    static let votable: [Votable] = [
        ("delta", 5...10_000), ("roster", 2...UInt64(CeilingOf.roster)), ("viewers", 16...UInt64(CeilingOf.viewers)),
        ("deltaMax", 100...600_000), ("heartbeat", 100...3_600_000), ("proposals", 4...UInt64(CeilingOf.proposals)),
        ("blockBytes", 65_536...UInt64(CeilingOf.blockBytes)), ("untilWindow", 10_000...3_600_000),
        ("epochHeights", 4...1 << 40), ("proposalLife", 60_000...CeilingOf.span),
        ("rosterChanges", 4...UInt64(CeilingOf.rosterChanges)), ("validatorsMin", 1...UInt64(CeilingOf.validators)),
        ("attestationLife", 86_400_000...CeilingOf.span),
        ("blockTransactions", 16...UInt64(CeilingOf.blockTransactions)),
    ].compactMap { name, range in
        NetworkLimits.entries.first { $0.key == name }.map { Votable(entry: $0, range: range) }
    }

    /// The names of all limits that may change by vote, with floor and ceiling.
    package static var ranges: [(name: String, range: ClosedRange<UInt64>)] {
        votable.map { ($0.entry.key, $0.range) }
    }
}

extension NetworkLimits {
    /// Whether a network that began with these limits may come to have `others` by vote: they fit each other, and what
    /// devices count on from genesis stays true (rule LG-59).
    func admits(_ others: NetworkLimits) -> Bool {
        others.deltaMax >= others.delta && others.blockBytes >= others.transactionBytes
            && others.validatorsMin <= others.validators && others.heartbeat <= 3 * max(heartbeat, 10_000)
            && 2 * others.untilWindow >= untilWindow
    }
}
