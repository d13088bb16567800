internal import Primitives
internal import Wire

/// The vocabulary of the profile, in both directions.
enum ODRLTerms {
    static let actions: [(term: String, action: PolicyAction)] = [
        ("play", .play), ("sotto:record", .record), ("archive", .store), ("sotto:offline", .offline),
        ("present", .share), ("reproduce", .copy), ("distribute", .forward), ("sotto:capture", .capture),
        ("sotto:revoke", .revoke),
    ]
    private static let grantee = "sotto:grantee"
    private static let numeric: [(operand: String, make: @Sendable (UInt64) -> PolicyConstraint)] = [
        ("count", { .count($0) }), ("sotto:concurrency", { .concurrency($0) }),
    ]

    static func term(_ action: PolicyAction) -> String {
        guard let entry = actions.first(where: { $0.action == action }) else {
            preconditionFailure("no term for action \(action.rawValue)")
        }
        return entry.term
    }

    static func assignee(_ text: String, _ chain: ChainID) throws(PolicyError) -> PolicyAssignee {
        if text == grantee { return .grantee }
        guard let member = MemberID(text: text, chain: chain) else { throw .badValue(property: "assignee") }
        return .member(member)
    }

    /// Nil for anyone: ODRL says it by saying nothing.
    static func text(_ assignee: PolicyAssignee, _ chain: ChainID) -> String? {
        switch assignee {
        case .anyone: nil
        case .grantee: grantee
        case .member(let member): member.text(chain: chain)
        }
    }

    static func constraint(_ node: IPLDNode) throws(PolicyError) -> PolicyConstraint {
        let object = try ODRLObject(node, at: "constraint", knows: ["leftOperand", "operator", "rightOperand"])
        let (left, relation) = (try object.text("leftOperand"), try object.text("operator"))
        let right = object["rightOperand"]
        switch (left, relation) {
        case ("dateTime", "gteq"): return .notBefore(try time(right, "rightOperand"))
        case ("dateTime", "lt"): return .before(try time(right, "rightOperand"))
        case ("elapsedTime", "lteq"): return .seconds(try seconds(right))
        case ("dateTime", _), ("elapsedTime", _): throw .unsupported(property: "operator")
        default:
            guard let entry = numeric.first(where: { $0.operand == left }) else {
                throw .unsupported(property: "leftOperand")
            }
            guard relation == "lteq" else { throw .unsupported(property: "operator") }
            guard case .unsigned(let value) = right, value <= UInt64(Int64.max) else {
                throw .badValue(property: "rightOperand")
            }
            return entry.make(value)
        }
    }

    static func node(_ constraint: PolicyConstraint) throws(PolicyError) -> IPLDNode {
        let parts: (left: String, relation: String, right: IPLDNode)
        switch constraint {
        case .notBefore(let time): parts = ("dateTime", "gteq", try node(time, "rightOperand"))
        case .before(let time): parts = ("dateTime", "lt", try node(time, "rightOperand"))
        case .count(let value): parts = ("count", "lteq", .unsigned(value))
        case .seconds(let value): parts = ("elapsedTime", "lteq", typed("PT\(value)S", "xsd:duration"))
        case .concurrency(let value): parts = ("sotto:concurrency", "lteq", .unsigned(value))
        }
        return ODRLObject.map([
            ("leftOperand", .text(parts.left)), ("operator", .text(parts.relation)), ("rightOperand", parts.right),
        ])
    }

    /// `{"@value": "2026-11-20T12:00:00Z", "@type": "xsd:dateTime"}`
    static func time(_ node: IPLDNode?, _ property: String) throws(PolicyError) -> Timestamp {
        guard let time = Instant.time(try value(node, of: "xsd:dateTime", property)) else {
            throw .badValue(property: property)
        }
        return time
    }

    static func node(_ time: Timestamp, _ property: String) throws(PolicyError) -> IPLDNode {
        guard let text = Instant.text(time) else { throw .badValue(property: property) }
        return typed(text, "xsd:dateTime")
    }

    /// `{"@value": "PT3600S", "@type": "xsd:duration"}`: whole seconds, and no other unit, so that one limit has one
    /// spelling.
    private static func seconds(_ node: IPLDNode?) throws(PolicyError) -> UInt64 {
        let text = try value(node, of: "xsd:duration", "rightOperand")
        guard text.hasPrefix("PT"), text.hasSuffix("S"), let seconds = UInt64(text.dropFirst(2).dropLast()),
            seconds <= UInt64(Int64.max), text == "PT\(seconds)S"
        else { throw .badValue(property: "rightOperand") }
        return seconds
    }

    private static func value(
        _ node: IPLDNode?, of type: String, _ property: String
    ) throws(PolicyError) -> String {
        let object = try ODRLObject(node, at: property, knows: ["@value", "@type"])
        guard try object.text("@type") == type else { throw .badValue(property: property) }
        return try object.text("@value")
    }

    private static func typed(_ value: String, _ type: String) -> IPLDNode {
        ODRLObject.map([("@type", .text(type)), ("@value", .text(value))])
    }
}
