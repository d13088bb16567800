package import Primitives
package import Wire

/// What a rights holder, or a sender by its consent, permits and forbids: the normal form of an ODRL policy.
///
/// dag-cbor `{v, forbid, permit, expires?}`. Each list of rules is strictly ascending by encoding, so one meaning that
/// is written down twice has one CID. What this version does not know is refused when read, never skipped: a rule that
/// a judge cannot understand might be the one that forbids.
package struct Policy: Hashable, Sendable {
    /// Rules in each of the two lists.
    package static let ruleCountMax = 64
    private static let version: UInt64 = 1

    /// Prohibitions, ascending.
    package let forbid: [PolicyRule]
    /// Permissions, ascending.
    package let permit: [PolicyRule]
    /// The record time from which nothing is permitted any more; nil for a policy that does not run out.
    package let expires: Timestamp?

    /// Sorts the rules and drops repetitions.
    /// - Throws: `PolicyError.tooManyRules`.
    package init(
        permit: [PolicyRule], forbid: [PolicyRule] = [], expires: Timestamp? = nil
    ) throws(PolicyError) {
        guard permit.count <= Self.ruleCountMax, forbid.count <= Self.ruleCountMax else {
            throw .tooManyRules(limit: Self.ruleCountMax)
        }
        self.forbid = Self.normal(forbid)
        self.permit = Self.normal(permit)
        self.expires = expires
    }

    private static func normal(_ rules: [PolicyRule]) -> [PolicyRule] {
        var result: [PolicyRule] = []
        for rule in rules.sorted() where rule != result.last { result.append(rule) }
        return result
    }
}

extension Policy: WireObject {
    package init(from reader: inout CBORReader) throws(WireError) {
        let count = try reader.mapHeader(max: 4)
        guard count >= 3 else { throw .badValue(field: "policy") }
        try reader.key("v")
        guard try reader.unsigned() == Self.version else { throw .badValue(field: "v") }
        try reader.key("forbid")
        forbid = try Self.rules(from: &reader)
        try reader.key("permit")
        permit = try Self.rules(from: &reader)
        if count == 4 {
            try reader.key("expires")
            expires = try reader.counter()
        } else {
            expires = nil
        }
        reader.leave()
    }

    private static func rules(from reader: inout CBORReader) throws(WireError) -> [PolicyRule] {
        let start = reader.offset
        let rules = try reader.array(max: ruleCountMax) { inner throws(WireError) in try PolicyRule(from: &inner) }
        guard zip(rules, rules.dropFirst()).allSatisfy({ $0 < $1 }) else { throw .notCanonical(at: start) }
        return rules
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: expires == nil ? 3 : 4)
        writer.key("v")
        writer.unsigned(Self.version)
        writer.key("forbid")
        writer.array(forbid) { $1.encode(into: &$0) }
        writer.key("permit")
        writer.array(permit) { $1.encode(into: &$0) }
        if let expires {
            writer.key("expires")
            writer.unsigned(expires)
        }
    }
}
