package import Primitives
package import Wire

/// Whom a rule speaks of.
package enum PolicyAssignee: Hashable, Sendable {
    /// Every member.
    case anyone
    /// Every member that holds an active grant of the rights holder.
    case grantee
    /// One member: a permission for it alone, or its place on the list of those who are shut out.
    case member(MemberID)
}

/// One permission or one prohibition: `{to, when, action}`.
package struct PolicyRule: Hashable, Sendable {
    package let action: PolicyAction
    package let assignee: PolicyAssignee
    /// All must hold for the rule to apply. At most one of each kind, in the order of their kinds.
    package let constraints: [PolicyConstraint]

    /// Sorts the constraints.
    /// - Throws: `PolicyError.repeatedConstraint` when one kind stands twice.
    package init(
        _ action: PolicyAction, to assignee: PolicyAssignee, when constraints: [PolicyConstraint] = []
    ) throws(PolicyError) {
        let sorted = constraints.sorted { $0.kind.rawValue < $1.kind.rawValue }
        for (left, right) in zip(sorted, sorted.dropFirst()) where left.kind == right.kind {
            throw .repeatedConstraint(left.kind)
        }
        self.action = action
        self.assignee = assignee
        self.constraints = sorted
    }
}

extension PolicyRule: Comparable {
    /// The order of the encodings.
    package static func < (left: PolicyRule, right: PolicyRule) -> Bool {
        left.encoded.lexicographicallyPrecedes(right.encoded)
    }
}

extension PolicyRule: WireObject {
    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 3)
        try reader.key("to")
        assignee = try PolicyAssignee(from: &reader)
        try reader.key("when")
        let start = reader.offset
        constraints = try reader.array(max: PolicyConstraint.Kind.allCases.count) { inner throws(WireError) in
            try PolicyConstraint(from: &inner)
        }
        let kinds = constraints.map(\.kind.rawValue)
        guard zip(kinds, kinds.dropFirst()).allSatisfy({ $0 < $1 }) else { throw .notCanonical(at: start) }
        try reader.key("action")
        guard let action = PolicyAction(rawValue: UInt8(try reader.unsigned(max: 255))) else {
            throw .badValue(field: "action")
        }
        self.action = action
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 3)
        writer.key("to")
        assignee.encode(into: &writer)
        writer.key("when")
        writer.array(constraints) { $1.encode(into: &$0) }
        writer.key("action")
        writer.unsigned(UInt64(action.rawValue))
    }
}

/// A list: `[0]` anyone, `[1]` a grantee, `[2, member]` one member.
extension PolicyAssignee: WireObject {
    package init(from reader: inout CBORReader) throws(WireError) {
        let start = reader.offset
        let count = try reader.arrayHeader(max: 2)
        switch (try reader.unsigned(max: 255), count) {
        case (0, 1): self = .anyone
        case (1, 1): self = .grantee
        case (2, 2): self = .member(try reader.identifier())
        case (0...2, _): throw .unexpectedType(at: start)
        default: throw .badValue(field: "to")
        }
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        switch self {
        case .anyone:
            writer.arrayHeader(count: 1)
            writer.unsigned(0)
        case .grantee:
            writer.arrayHeader(count: 1)
            writer.unsigned(1)
        case .member(let member):
            writer.arrayHeader(count: 2)
            writer.unsigned(2)
            writer.byteString(member)
        }
    }
}
