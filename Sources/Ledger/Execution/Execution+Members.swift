import Primitives
import Wire

/// `member.*` and `number.*`: clauses LG-40 to LG-52.
extension Execution {
    // MARK: Members

    mutating func admit(
        _ op: MemberAdmit, _ from: MemberID, _ sender: MemberEntry, with hash: inout some Hashing
    ) throws(Stop) {
        try demand(.registrar, of: sender)
        try demandApprovals(op.approvals, besides: from)  // LG-40
        let registration = op.registration.registration
        let id = op.registration.memberID(with: &hash)
        guard try read(MemberEntry.self, StateKey(.member, id)) == nil else { throw .failed(.memberExists) }  // LG-41
        try claim(registration.keys, for: id)  // LG-42
        if registration.roles.contains(.registrar) { try changeRegistrars(by: 1) }
        write(StateKey(.member, id), MemberEntry(keys: registration.keys, roles: registration.roles, since: height))
    }

    mutating func rotate(_ op: MemberRotate, _ from: MemberID, _ sender: MemberEntry) throws(Stop) {
        guard op.keys != sender.keys else { throw .failed(.noChange) }
        try claim(op.keys, for: from)  // LG-42
        var member = sender
        member.keys = op.keys
        write(StateKey(.member, from), member)
        // LG-43: a validator's new key votes from the next validator epoch on.
        let next = try nextValidators()
        if next.entry(of: from) != nil {
            let others = next.entries.filter { $0.member != from }
            writeNext(others + [ValidatorList.Entry(member: from, key: op.keys.sign)])
        }
    }

    mutating func suspend(_ op: MemberSuspend, _ from: MemberID, _ sender: MemberEntry) throws(Stop) {
        try demand(.registrar, of: sender)
        try demandApprovals(op.approvals, besides: from)
        var member = try require(MemberEntry.self, StateKey(.member, op.member), or: .memberUnknown)
        guard member.standing != .removed else { throw .failed(.memberUnknown) }
        guard member.standing == (op.lifts ? .suspended : .active) else { throw .failed(.noChange) }
        if !op.lifts, try nextValidators().entry(of: op.member) != nil { throw .failed(.memberNeeded) }  // LG-44
        if member.roles.contains(.registrar) { try changeRegistrars(by: op.lifts ? 1 : -1) }
        member.standing = op.lifts ? .active : .suspended
        write(StateKey(.member, op.member), member)
    }

    mutating func remove(_ op: MemberRemove, _ from: MemberID, _ sender: MemberEntry) throws(Stop) {
        if op.member != from {
            try demand(.registrar, of: sender)
            try demandApprovals(op.approvals, besides: from)
        }
        var member = try require(MemberEntry.self, StateKey(.member, op.member), or: .memberUnknown)
        guard member.standing != .removed else { throw .failed(.memberUnknown) }
        guard try nextValidators().entry(of: op.member) == nil else { throw .failed(.memberNeeded) }  // LG-44
        if member.roles.contains(.registrar), member.standing == .active { try changeRegistrars(by: -1) }
        member.standing = .removed
        write(StateKey(.member, op.member), member)
    }

    /// LG-40: the sender and those who approve are enough different active registrars; one false approval spoils all.
    private func demandApprovals(_ approvals: [CoSignature], besides sender: MemberID) throws(Stop) {
        var registrars: Set<MemberID> = [sender]
        for approval in approvals {
            let owner = try require(OwnerEntry.self, StateKey(.signingKey, approval.key), or: .approvalsMissing)
            let entry = try require(MemberEntry.self, StateKey(.member, owner.member), or: .approvalsMissing)
            guard entry.keys.sign == approval.key, entry.standing == .active, entry.roles.contains(.registrar),
                registrars.insert(owner.member).inserted
            else { throw .failed(.approvalsMissing) }
        }
        guard UInt64(registrars.count) >= rules.genesis.registrarsNeeded else { throw .failed(.approvalsMissing) }
    }

    /// LG-42: a signing or link key belongs to one member for ever.
    private mutating func claim(_ keys: MemberKeys, for member: MemberID) throws(Stop) {
        for key in keys.signingKeys {
            if let owner = try read(OwnerEntry.self, StateKey(.signingKey, key)) {
                guard owner.member == member else { throw .failed(.keyInUse) }
            } else {
                write(StateKey(.signingKey, key), OwnerEntry(member: member))
            }
        }
    }

    /// LG-45: never fewer active registrars than must agree, never more than the limit.
    private mutating func changeRegistrars(by change: Int64) throws(Stop) {
        let count = try read(RegistrarsEntry.self, StateKey(.registrars))?.count ?? 0
        let changed = change < 0 ? count - min(count, 1) : count + 1
        guard changed >= rules.genesis.registrarsNeeded else { throw .failed(.memberNeeded) }
        guard changed <= limits.registrars else { throw .failed(.changeNotPossible) }
        write(StateKey(.registrars), RegistrarsEntry(count: changed))
    }

    // MARK: Numbers

    mutating func attest(_ op: NumberAttest, _ from: MemberID) throws(Stop) {
        try demandAttestations(op, from)
        let statement = op.statement
        guard !statement.isRelease, statement.expiry > time,
            statement.expiry.milliseconds(since: time) <= limits.attestationLife
        else { throw .failed(.expiryOutOfRange) }  // LG-51
        let key = StateKey(.number, statement.commitment)
        if let old = try read(NumberEntry.self, key), old.expiry >= statement.expiry {
            throw .failed(.expiryOutOfRange)
        }
        write(key, NumberEntry(expiry: statement.expiry, isReleased: false))
    }

    mutating func release(_ op: NumberAttest, _ from: MemberID) throws(Stop) {
        try demandAttestations(op, from)
        let key = StateKey(.number, op.statement.commitment)
        let entry = try require(NumberEntry.self, key, or: .commitmentUnknown)
        guard !entry.isReleased else { throw .failed(.commitmentUnknown) }
        guard op.statement.isRelease, op.statement.expiry == entry.expiry else { throw .failed(.expiryOutOfRange) }
        write(key, NumberEntry(expiry: entry.expiry, isReleased: true))
        mark(.number(op.statement.commitment))  // LG-122
    }

    /// LG-50: sent by a validator, signed by enough of them; one false attestation spoils all.
    private func demandAttestations(_ op: NumberAttest, _ from: MemberID) throws(Stop) {
        guard validators.entry(of: from) != nil else { throw .failed(.roleMissing) }
        let keys = Set(validators.entries.map(\.key))
        guard UInt64(op.attestations.count) >= rules.genesis.attestersNeeded,
            op.attestations.allSatisfy({ keys.contains($0.key) })
        else { throw .failed(.attestationsMissing) }
    }
}
