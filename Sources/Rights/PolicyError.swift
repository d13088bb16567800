/// Why a policy cannot be made, or a document cannot be taken as one.
package enum PolicyError: Error, Equatable, Sendable {
    /// More rules in one list than the limit.
    case tooManyRules(limit: Int)
    /// One kind of constraint stands twice in a rule.
    case repeatedConstraint(PolicyConstraint.Kind)
    /// A property that must be there is not.
    case missing(property: String)
    /// A property holds something that it cannot hold.
    case badValue(property: String)
    /// A property, or a term under it, that this profile does not know. It is refused, since it might forbid.
    case unsupported(property: String)
}
