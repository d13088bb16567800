package import Wire

/// What a transaction does. Encoded as a map with one key, the operation's name, over its fields.
///
/// Who `from` is follows from the operation, never from the sender's word: a member for most, whose current signing
/// key must have signed; a per-call key for `consent.give`, `consent.withdraw`, `recording.seal` and the `erase` of its
/// own part, which must itself have signed and which the home node that registered it answers for.
package enum Operation: Hashable, Sendable {
    case memberAdmit(MemberAdmit)
    case memberRotate(MemberRotate)
    case memberSuspend(MemberSuspend)
    case memberRemove(MemberRemove)
    case numberAttest(NumberAttest)
    case numberRelease(NumberAttest)
    case validatorPropose(ValidatorPropose)
    case validatorVote(ValidatorVote)
    case evidence(Evidence)
    case callCommit(CallCommit)
    case callOpen(CallOpen)
    case callAccept(CallAccept)
    case callEnd(CallEnd)
    case consentGive(ConsentGive)
    case consentWithdraw(ConsentWithdraw)
    case recordingSeal(RecordingSeal)
    case rightsPublish(RightsPublish)
    case rightsLimit(RightsLimit)
    case rightsGrant(RightsGrant)
    case rightsRevoke(RightsRevoke)
    case rightsRotate(RightsRotate)
    case rightsLease(RightsLease)
    case erase(Erase)

    /// The names, as they stand in transactions.
    package enum Name: String, CaseIterable, Sendable {
        case memberAdmit = "member.admit"
        case memberRotate = "member.rotate"
        case memberSuspend = "member.suspend"
        case memberRemove = "member.remove"
        case numberAttest = "number.attest"
        case numberRelease = "number.release"
        case validatorPropose = "validator.propose"
        case validatorVote = "validator.vote"
        case evidence
        case callCommit = "call.commit"
        case callOpen = "call.open"
        case callAccept = "call.accept"
        case callEnd = "call.end"
        case consentGive = "consent.give"
        case consentWithdraw = "consent.withdraw"
        case recordingSeal = "recording.seal"
        case rightsPublish = "rights.publish"
        case rightsLimit = "rights.limit"
        case rightsGrant = "rights.grant"
        case rightsRevoke = "rights.revoke"
        case rightsRotate = "rights.rotate"
        case rightsLease = "rights.lease"
        case erase

        /// The longest name in bytes.
        static let byteCountMax = 20
    }

    /// Whether `from` is a per-call key rather than a member.
    package var isByCallKey: Bool {
        switch self {
        case .consentGive, .consentWithdraw, .recordingSeal, .erase(.callKey): true
        default: false
        }
    }
}

extension Operation: WireObject {
    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 1)
        guard let name = Name(rawValue: try reader.text(max: Name.byteCountMax)) else { throw .badValue(field: "op") }
        switch name {
        case .memberAdmit: self = .memberAdmit(try MemberAdmit(from: &reader))
        case .memberRotate: self = .memberRotate(try MemberRotate(from: &reader))
        case .memberSuspend: self = .memberSuspend(try MemberSuspend(from: &reader))
        case .memberRemove: self = .memberRemove(try MemberRemove(from: &reader))
        case .numberAttest: self = .numberAttest(try NumberAttest(from: &reader))
        case .numberRelease: self = .numberRelease(try NumberAttest(from: &reader))
        case .validatorPropose: self = .validatorPropose(try ValidatorPropose(from: &reader))
        case .validatorVote: self = .validatorVote(try ValidatorVote(from: &reader))
        case .evidence: self = .evidence(try Evidence(from: &reader))
        case .callCommit: self = .callCommit(try CallCommit(from: &reader))
        case .callOpen: self = .callOpen(try CallOpen(from: &reader))
        case .callAccept: self = .callAccept(try CallAccept(from: &reader))
        case .callEnd: self = .callEnd(try CallEnd(from: &reader))
        case .consentGive: self = .consentGive(try ConsentGive(from: &reader))
        case .consentWithdraw: self = .consentWithdraw(try ConsentWithdraw(from: &reader))
        case .recordingSeal: self = .recordingSeal(try RecordingSeal(from: &reader))
        case .rightsPublish: self = .rightsPublish(try RightsPublish(from: &reader))
        case .rightsLimit: self = .rightsLimit(try RightsLimit(from: &reader))
        case .rightsGrant: self = .rightsGrant(try RightsGrant(from: &reader))
        case .rightsRevoke: self = .rightsRevoke(try RightsRevoke(from: &reader))
        case .rightsRotate: self = .rightsRotate(try RightsRotate(from: &reader))
        case .rightsLease: self = .rightsLease(try RightsLease(from: &reader))
        case .erase: self = .erase(try Erase(from: &reader))
        }
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        let (name, fields) = parts
        writer.mapHeader(count: 1)
        writer.key(name.rawValue)
        fields.encode(into: &writer)
    }

    package var name: Name { parts.name }

    private var parts: (name: Name, fields: any WireObject) {
        switch self {
        case .memberAdmit(let fields): (.memberAdmit, fields)
        case .memberRotate(let fields): (.memberRotate, fields)
        case .memberSuspend(let fields): (.memberSuspend, fields)
        case .memberRemove(let fields): (.memberRemove, fields)
        case .numberAttest(let fields): (.numberAttest, fields)
        case .numberRelease(let fields): (.numberRelease, fields)
        case .validatorPropose(let fields): (.validatorPropose, fields)
        case .validatorVote(let fields): (.validatorVote, fields)
        case .evidence(let fields): (.evidence, fields)
        case .callCommit(let fields): (.callCommit, fields)
        case .callOpen(let fields): (.callOpen, fields)
        case .callAccept(let fields): (.callAccept, fields)
        case .callEnd(let fields): (.callEnd, fields)
        case .consentGive(let fields): (.consentGive, fields)
        case .consentWithdraw(let fields): (.consentWithdraw, fields)
        case .recordingSeal(let fields): (.recordingSeal, fields)
        case .rightsPublish(let fields): (.rightsPublish, fields)
        case .rightsLimit(let fields): (.rightsLimit, fields)
        case .rightsGrant(let fields): (.rightsGrant, fields)
        case .rightsRevoke(let fields): (.rightsRevoke, fields)
        case .rightsRotate(let fields): (.rightsRotate, fields)
        case .rightsLease(let fields): (.rightsLease, fields)
        case .erase(let fields): (.erase, fields)
        }
    }
}
