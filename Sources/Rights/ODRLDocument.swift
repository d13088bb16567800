package import Primitives
package import Wire

/// A policy in its exchange form: ODRL 2.2 as JSON-LD, given as the tree that a JSON reader makes of the text.
///
/// The profile `urn:sotto:odrl:1` is a strict subset. Properties: `@context`, `@type` ("Set"), `uid`, `profile`,
/// `target`, `permission`, `prohibition`, `sotto:expires`; in a rule `action`, `assignee`, `constraint`; in a
/// constraint `leftOperand`, `operator`, `rightOperand`. Terms are ODRL's where ODRL has one, and begin with `sotto:`
/// elsewhere. Nothing is skipped: a property or term outside this list refuses the document (RI-9).
package struct ODRLDocument: Equatable, Sendable {
    static let context = "http://www.w3.org/ns/odrl.jsonld"
    static let profile = "urn:sotto:odrl:1"
    static let targetPrefix = "urn:sotto:recording:"
    /// The longest `uid`, in bytes.
    package static let uidByteCountMax = 256

    /// The document's own name, an IRI; says nothing about rights.
    package let uid: String
    /// The recording it speaks of; nil where the context tells.
    package let target: RecordingID?
    package let policy: Policy

    package init(uid: String, target: RecordingID?, policy: Policy) {
        self.uid = uid
        self.target = target
        self.policy = policy
    }

    /// Takes a document about members of `chain`.
    /// - Throws: `PolicyError` with the property at fault.
    package init(_ node: IPLDNode, chain: ChainID) throws(PolicyError) {
        let document = try ODRLObject(
            node, at: "document",
            knows: [
                "@context", "@type", "uid", "profile", "target", "permission", "prohibition", "sotto:expires",
            ])
        guard try document.text("@context") == Self.context else { throw .unsupported(property: "@context") }
        guard try document.text("@type") == "Set" else { throw .unsupported(property: "@type") }
        guard try document.text("profile") == Self.profile else { throw .unsupported(property: "profile") }
        uid = try document.text("uid")
        guard uid.utf8.count <= Self.uidByteCountMax else { throw .badValue(property: "uid") }
        target = try document.has("target") ? Self.recording(document.text("target")) : nil
        let permit = try Self.rules(document, "permission", chain)
        let forbid = try Self.rules(document, "prohibition", chain)
        let expires =
            try document.has("sotto:expires") ? ODRLTerms.time(document["sotto:expires"], "sotto:expires") : nil
        policy = try Policy(permit: permit, forbid: forbid, expires: expires)
    }

    /// The document as a tree for a JSON writer.
    /// - Throws: `PolicyError.badValue` for a time beyond the year 9999, which no document can hold.
    package func node(chain: ChainID) throws(PolicyError) -> IPLDNode {
        var entries = [
            ("uid", IPLDNode.text(uid)), ("@type", .text("Set")), ("profile", .text(Self.profile)),
            ("@context", .text(Self.context)),
        ]
        if let target { entries.append(("target", .text(Self.targetPrefix + target.hex))) }
        if !policy.permit.isEmpty { entries.append(("permission", try Self.nodes(policy.permit, chain))) }
        if !policy.forbid.isEmpty { entries.append(("prohibition", try Self.nodes(policy.forbid, chain))) }
        if let expires = policy.expires {
            entries.append(("sotto:expires", try ODRLTerms.node(expires, "sotto:expires")))
        }
        return ODRLObject.map(entries)
    }

    private static func recording(_ text: String) throws(PolicyError) -> RecordingID {
        guard text.hasPrefix(targetPrefix), let recording = RecordingID(hex: text.dropFirst(targetPrefix.count)),
            targetPrefix + recording.hex == text
        else { throw .badValue(property: "target") }
        return recording
    }

    private static func rules(
        _ document: ODRLObject, _ property: String, _ chain: ChainID
    ) throws(PolicyError) -> [PolicyRule] {
        var rules: [PolicyRule] = []
        for node in try document.list(property) {
            let rule = try ODRLObject(node, at: property, knows: ["action", "assignee", "constraint"])
            let name = try rule.text("action")
            guard let action = ODRLTerms.actions.first(where: { $0.term == name })?.action else {
                throw .unsupported(property: "action")
            }
            let assignee = try rule.has("assignee") ? ODRLTerms.assignee(rule.text("assignee"), chain) : .anyone
            var constraints: [PolicyConstraint] = []
            for constraint in try rule.list("constraint") { constraints.append(try ODRLTerms.constraint(constraint)) }
            rules.append(try PolicyRule(action, to: assignee, when: constraints))
        }
        return rules
    }

    private static func nodes(_ rules: [PolicyRule], _ chain: ChainID) throws(PolicyError) -> IPLDNode {
        var nodes: [IPLDNode] = []
        for rule in rules {
            var entries = [("action", IPLDNode.text(ODRLTerms.term(rule.action)))]
            if let assignee = ODRLTerms.text(rule.assignee, chain) { entries.append(("assignee", .text(assignee))) }
            var constraints: [IPLDNode] = []
            for constraint in rule.constraints { constraints.append(try ODRLTerms.node(constraint)) }
            if !constraints.isEmpty { entries.append(("constraint", .list(constraints))) }
            nodes.append(ODRLObject.map(entries))
        }
        return .list(nodes)
    }
}
