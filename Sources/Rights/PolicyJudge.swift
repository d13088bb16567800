package import Primitives
internal import Wire

/// Judges requests by policies, as every validator must: a pure function of bytes and request.
///
/// `RI-n` refers to the clauses in `Rules.md`.
package struct PolicyJudge: PolicyJudging, Equatable {
    package init() {}

    package func judge(_ policy: [UInt8], _ request: PolicyRequest) -> PolicyVerdict {
        do {
            return Self.judge(try Policy(decoding: policy), request)
        } catch {
            return .refused(Self.refusal(for: error))
        }
    }

    package func refusal(of policy: [UInt8]) -> PolicyRefusal? {
        do {
            _ = try Policy(decoding: policy)
            return nil
        } catch {
            return Self.refusal(for: error)
        }
    }

    /// Judges by a policy that was read already.
    package static func judge(_ policy: Policy, _ request: PolicyRequest) -> PolicyVerdict {
        if let expires = policy.expires, request.now >= expires { return .refused(.expired) }  // RI-3
        let forbidding = policy.forbid.contains {
            $0.action == request.action && speaksOf(request, $0.assignee) && refusal(of: request, by: $0) == nil
        }
        if forbidding { return .refused(.prohibited) }  // RI-4
        let relevant = policy.permit.filter { $0.action == request.action }
        let applicable = relevant.filter { speaksOf(request, $0.assignee) }
        var first: PolicyRefusal?
        for rule in applicable {
            guard let refusal = refusal(of: request, by: rule) else { return .allowed }  // RI-5
            first = first ?? refusal
        }
        if let first { return .refused(first) }  // RI-6
        let lacksGrant = relevant.contains { $0.assignee == .grantee }
        return .refused(lacksGrant ? .notGranted : .notPermitted)  // RI-7
    }

    /// Whether a rule's assignee includes who asks.
    private static func speaksOf(_ request: PolicyRequest, _ assignee: PolicyAssignee) -> Bool {
        switch assignee {
        case .anyone: true
        case .grantee: request.hasGrant
        case .member(let member): member == request.assignee
        }
    }

    /// The first constraint that the request does not meet, in the order of the kinds.
    private static func refusal(of request: PolicyRequest, by rule: PolicyRule) -> PolicyRefusal? {
        for constraint in rule.constraints {
            if let refusal = constraint.refusal(of: request) { return refusal }
        }
        return nil
    }

    /// RI-2: what is well formed and unknown is told apart from what is no policy at all; neither allows anything.
    private static func refusal(for error: WireError) -> PolicyRefusal {
        switch error {
        case .badValue(field: "v"), .badValue(field: "action"), .badValue(field: "when"), .badValue(field: "to"):
            .unsupported
        case .truncated, .trailingBytes, .unexpectedType, .notCanonical, .unexpectedKey, .limitExceeded, .tooDeep,
            .notText, .badValue:
            .unreadable
        }
    }
}
