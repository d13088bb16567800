import Primitives
import Wire

/// `rights.*`: clauses LG-80 to LG-93.
extension Execution {
    mutating func publish(_ op: RightsPublish, _ from: MemberID) throws(Stop) {
        let recording = try owned(op.recording, by: from)
        guard !recording.senders.isEmpty else { throw .failed(.notSealed) }  // LG-80
        guard try read(RightsEntry.self, StateKey(.rights, op.recording)) == nil else {
            throw .failed(.alreadyPublished)
        }
        guard op.epoch == RuleBook.firstRightsEpoch else { throw .failed(.epochMismatch) }
        try check(policy: op.policy)
        write(
            StateKey(.rights, op.recording),
            RightsEntry(root: op.root, epoch: op.epoch, floor: op.epoch, policy: op.policy, rooted: op.epoch))
    }

    mutating func limit(_ op: RightsLimit, _ from: MemberID) throws(Stop) {
        _ = try owned(op.recording, by: from)
        var rights = try self.rights(in: op.recording)
        try check(policy: op.policy)
        guard rights.policy != op.policy else { throw .failed(.noChange) }
        rights.policy = op.policy
        write(StateKey(.rights, op.recording), rights)
    }

    mutating func grant(_ op: RightsGrant, _ from: MemberID) throws(Stop) {
        _ = try owned(op.recording, by: from)
        let rights = try self.rights(in: op.recording)
        guard try isActive(op.viewer) else { throw .failed(.memberUnknown) }
        let key = StateKey(.grant, op.recording, op.viewer)
        if let old = try read(GrantEntry.self, key), RuleBook.isActive(old, rights) { throw .failed(.alreadyGranted) }
        write(key, GrantEntry(epoch: rights.epoch, isActive: true))
    }

    mutating func revoke(_ op: RightsRevoke, _ from: MemberID) throws(Stop) {
        let recording = try require(
            RecordingEntry.self, StateKey(.recording, op.recording), or: .recordingUnknown)
        var rights = try self.rights(in: op.recording)
        if recording.owner != from { try demandRevoker(from, rights, op.recording) }  // LG-83
        rights.epoch = rights.epoch.next  // LG-84
        if let viewer = op.viewer {
            let key = StateKey(.grant, op.recording, viewer)
            if let old = try read(GrantEntry.self, key), !old.isActive { throw .failed(.grantMissing) }
            write(key, GrantEntry(epoch: rights.epoch, isActive: false))
            try closeLeases(of: viewer, in: op.recording)
        } else {
            rights.floor = rights.epoch
        }
        write(StateKey(.rights, op.recording), rights)
    }

    /// LG-83: besides the rights holder, whom the policy lets.
    private func demandRevoker(_ from: MemberID, _ rights: RightsEntry, _ recording: RecordingID) throws(Stop) {
        let grant = try read(GrantEntry.self, StateKey(.grant, recording, from))
        let request = PolicyRequest(
            action: .revoke, assignee: from, hasGrant: grant.map { RuleBook.isActive($0, rights) } ?? false, now: time)
        guard rules.judge.judge(rights.policy, request) == .allowed else { throw .failed(.notOwner) }
    }

    private mutating func closeLeases(of viewer: MemberID, in recording: RecordingID) throws(Stop) {
        let key = StateKey(.lease, recording, viewer)
        guard let old = try read(LeaseEntry.self, key) else { return }
        write(
            key,
            LeaseEntry(key: old.key, epoch: old.epoch, history: old.history.closed, previousKey: old.previousKey))
    }

    mutating func rotate(_ op: RightsRotate, _ from: MemberID) throws(Stop) {
        let recording = try require(
            RecordingEntry.self, StateKey(.recording, op.recording), or: .recordingUnknown)
        guard recording.holders.contains(from) else { throw .failed(.notHolder) }
        var rights = try self.rights(in: op.recording)
        guard op.epoch == rights.epoch else { throw .failed(.epochMismatch) }
        let posted = RotationEntry(root: op.root, epoch: op.epoch)
        let key = StateKey(.rotation, op.recording, from)
        guard rights.rooted != op.epoch, try read(RotationEntry.self, key) != posted else {
            throw .failed(.alreadyRotated)
        }
        write(key, posted)
        // LG-86: agreed once more than half of the assigned holders have posted the same root.
        var same = 0
        for holder in recording.holders
        where try read(RotationEntry.self, StateKey(.rotation, op.recording, holder)) == posted { same += 1 }
        if same > recording.holders.count / 2 {
            rights.root = op.root
            rights.rooted = op.epoch
            write(StateKey(.rights, op.recording), rights)
        }
    }

    mutating func lease(_ op: RightsLease, _ from: MemberID) throws(Stop) {
        let rights = try self.rights(in: op.recording)
        let recording = try require(
            RecordingEntry.self, StateKey(.recording, op.recording), or: .recordingUnknown)
        let policies = try consentPolicies(for: op.group, of: op.recording, recording)
        guard !policies.isEmpty else { throw .failed(.groupUnavailable) }  // LG-90
        let grant = try read(GrantEntry.self, StateKey(.grant, op.recording, from))
        let hasGrant = grant.map { RuleBook.isActive($0, rights) } ?? false
        // LG-91: who was revoked, by name or with all others, comes in again by a new grant only.
        if !hasGrant, grant.map({ !$0.isActive }) ?? false || rights.floor > RuleBook.firstRightsEpoch {
            throw .refused(.refusedByPolicy(.notGranted))
        }
        let key = StateKey(.lease, op.recording, from)
        let old = try read(LeaseEntry.self, key)
        let history = old?.history ?? .empty
        var viewers = (try read(ViewersEntry.self, StateKey(.viewers, op.recording)) ?? ViewersEntry())
            .others(than: from, at: time)
        let request = PolicyRequest(
            action: .play, assignee: from, hasGrant: hasGrant, now: time,
            usesSoFar: history.usesSoFar(at: time, limits: rules.leaseLimits), secondsSoFar: history.secondsSoFar,
            secondsAsked: LeaseLimits.groupMilliseconds / 1_000, othersActive: UInt64(viewers.viewers.count))
        if case .refused(let refusal) = rules.judge.judge([rights.policy] + policies, request) {  // LG-92
            throw .refused(.refusedByPolicy(refusal))
        }
        let asked = LeaseRequest(group: op.group, notAfter: op.notAfter)
        switch history.judge(asked, now: time, limits: rules.leaseLimits) {  // LG-93
        case .refused(let refusal): throw .refused(.leaseRefused(refusal))
        case .allowed(let next):
            guard UInt64(viewers.viewers.count) < limits.viewers else { throw .failed(.tooManyViewers) }
            viewers.insert(from, notAfter: op.notAfter)
            write(StateKey(.viewers, op.recording), viewers)
            write(key, LeaseEntry(key: op.key, epoch: rights.epoch, history: next, previousKey: old?.key ?? op.key))
        }
    }

    /// The policies of the senders whose tracks have this group, and whose consent still stands.
    private func consentPolicies(
        for group: GroupIndex, of id: RecordingID, _ recording: RecordingEntry
    ) throws(Stop) -> [[UInt8]] {
        var policies: [[UInt8]] = []
        for sender in recording.senders {
            guard let seal = try read(SealEntry.self, StateKey(.seal, id, sender)), seal.accepts(group),
                let consent = try read(ConsentEntry.self, StateKey(.consent, id, sender)),
                RuleBook.isReleasable(seal, consent, at: time)
            else { continue }
            policies.append(consent.policy)
        }
        return policies
    }

    private func owned(_ recording: RecordingID, by member: MemberID) throws(Stop) -> RecordingEntry {
        let entry = try require(RecordingEntry.self, StateKey(.recording, recording), or: .recordingUnknown)
        guard entry.owner == member else { throw .failed(.notOwner) }
        try demandStanding(.recording(recording))
        return entry
    }

    private func rights(in recording: RecordingID) throws(Stop) -> RightsEntry {
        try demandStanding(.recording(recording))
        return try require(RightsEntry.self, StateKey(.rights, recording), or: .notPublished)
    }

    private func check(policy: [UInt8]) throws(Stop) {
        if let refusal = rules.judge.refusal(of: policy) { throw .refused(.refusedByPolicy(refusal)) }
    }
}
