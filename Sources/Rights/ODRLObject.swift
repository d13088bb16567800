internal import Wire

/// A JSON object whose properties are all known: reading one by name cannot overlook another.
struct ODRLObject {
    private let entries: [IPLDNode.Entry]

    /// - Throws: `PolicyError.badValue` when this is no object, `.unsupported` with the first property not in `known`.
    init(_ node: IPLDNode?, at property: String, knows known: Set<String>) throws(PolicyError) {
        guard case .map(let entries) = node else { throw .badValue(property: property) }
        for entry in entries where !known.contains(entry.key) { throw .unsupported(property: entry.key) }
        self.entries = entries
    }

    subscript(property: String) -> IPLDNode? { entries.first { $0.key == property }?.value }

    func has(_ property: String) -> Bool { self[property] != nil }

    func text(_ property: String) throws(PolicyError) -> String {
        switch self[property] {
        case .text(let text): return text
        case nil: throw .missing(property: property)
        default: throw .badValue(property: property)
        }
    }

    /// A list, empty when the property is absent.
    func list(_ property: String) throws(PolicyError) -> [IPLDNode] {
        switch self[property] {
        case .list(let elements): return elements
        case nil: return []
        default: throw .badValue(property: property)
        }
    }

    /// A map in canonical order.
    static func map(_ entries: [(String, IPLDNode)]) -> IPLDNode {
        let sorted = entries.sorted { left, right in
            left.0.utf8.count != right.0.utf8.count
                ? left.0.utf8.count < right.0.utf8.count : left.0.utf8.lexicographicallyPrecedes(right.0.utf8)
        }
        return .map(sorted.map { IPLDNode.Entry(key: $0.0, value: $0.1) })
    }
}
