import Crypto
import Ledger
import Primitives
import Testing
import Wire

extension Story {
    /// The recording that the plot is about.
    struct Subject {
        var id = RecordingID.zero
        var roster = Digest.zero
    }

    static let call: CallID = Sample.id("the call")
    static let callKeys = ["call key of alice", "call key of bob"]

    /// Nine blocks, three validator epochs: members come and change keys, a call is recorded by consent, sealed,
    /// published, leased and revoked; a validator leaves, one joins, and one is shown to have signed twice; some
    /// transactions fail.
    static func told(validators: Int) throws -> (story: Story, subject: Subject) {
        var story = Story(validators: validators)
        var subject = Subject()
        try story.membersCome()
        try story.callOpens(&subject)
        try story.participantsAgree(subject, last: "validator \(validators - 1)")
        try story.somethingFails(subject)
        try story.recordingIsSealed(subject)
        try story.rightsAreGiven(subject)
        try story.rightsAreTaken(subject)
        try story.add([], at: 140_000)
        return (story, subject)
    }

    private func attestation(_ statement: NumberStatement) -> NumberAttest {
        let key = Sample.key("validator 0")
        let signature = key.signature(.numberAttestation, chain: chain, body: statement.encoded)
        return NumberAttest(
            statement: statement, attestations: [CoSignature(key: key.publicKey, signature: signature)])
    }

    private var number: NumberStatement {
        NumberStatement(commitment: Sample.digest("a number"), expiry: Sample.time(3_600_000))
    }

    private mutating func membersCome() throws {
        let unknown: RecordingID = Sample.id("no recording")
        let grant = RightsGrant(recording: unknown, viewer: id("bob"))
        try add(
            [
                (admission(of: "carol", at: 1_000), 0),
                (envelope(.numberAttest(attestation(number)), by: "validator 0", at: 1_000), 0),
                (
                    envelope(.rightsGrant(grant), by: "alice", at: 1_000),
                    TransactionFailure.recordingUnknown.rawValue
                ),
            ], at: 1_000)
    }

    private func seat(_ place: Int) -> CallSeat {
        var hash = SHA256()
        let keys = Self.callKeys.prefix(place + 1).map { Sample.publicKey($0) }
        return CallSeat(
            key: keys[place], certificate: Sample.digest("certificate \(place)"),
            roster: CallSeat.rosterHash(call: Self.call, keys: keys, with: &hash), minute: Sample.start / 60_000)
    }

    private mutating func callOpens(_ subject: inout Subject) throws {
        let open = envelope(
            .callOpen(CallOpen(call: Self.call, seat: seat(0), owner: id("alice"))), by: "home", at: 2_000)
        let opening = try transactionID(of: open)
        subject.id = RuleBook.recordingID(call: Self.call, opening: opening, with: &hash)
        subject.roster = seat(1).roster
        let accept = envelope(
            .callAccept(CallAccept(call: Self.call, seat: seat(1))), by: "home", at: 2_000, after: opening)
        try add([(open, 0), (accept, 0), (rotation(of: "bob", at: 2_000), 0)], at: 2_000)
    }

    private mutating func participantsAgree(_ subject: Subject, last validator: String) throws {
        var envelopes: [([UInt8], code: UInt16)] = Self.callKeys.map { key in
            let give = ConsentGive(
                recording: subject.id, tracks: [.audio, .video], policy: Golden.policy, retentionDays: 365,
                roster: subject.roster)
            return (envelope(.consentGive(give), byCallKey: key, at: 3_000), 0)
        }
        envelopes.append((rotation(of: validator, at: 3_000), 0))
        try add(envelopes, at: 3_000, skipping: 1)
    }

    private mutating func somethingFails(_ subject: Subject) throws {
        let release = NumberStatement(commitment: number.commitment, expiry: number.expiry, isRelease: true)
        let suspend = MemberSuspend(member: id("carol"))
        let withdraw = ConsentWithdraw(recording: subject.id)
        let stranger = Sample.publicKey("stranger")
        try add(
            [
                (envelope(.numberRelease(attestation(release)), by: "validator 0", at: 70_000), 0),
                (
                    envelope(.memberSuspend(suspend), by: "home", at: 70_000),
                    TransactionFailure.approvalsMissing.rawValue
                ),
                (
                    envelope(.memberRemove(MemberRemove(member: id("bob"))), by: "bob", at: 70_000, key: "bob"),
                    TransactionFailure.wrongKey.rawValue
                ),
                (
                    envelope(.memberSuspend(suspend), by: "home", at: 70_000, after: Sample.id("nothing")),
                    TransactionFailure.predecessorMissing.rawValue
                ),
                (
                    envelope(.consentWithdraw(withdraw), byCallKey: "stranger", at: 70_000),
                    TransactionFailure.callKeyUnknown.rawValue
                ),
            ], at: 70_000)
        #expect(state.value(for: StateKey(.callKey, stranger)) == nil)
    }

    private mutating func recordingIsSealed(_ subject: Subject) throws {
        let covered = GroupInterval(start: Sample.time(4_000), milliseconds: 60_000)
        let uncovered = GroupInterval(start: Sample.time(64_000), milliseconds: 60_000)
        let seal = RecordingSeal(
            recording: subject.id, manifest: Sample.cid("manifest"),
            tracks: [
                SealedTrack(
                    id: 0, kind: .audio, root: Sample.digest("audio"), first: GroupIndex(0),
                    groups: [covered, uncovered])
            ], wraps: Sample.digest("wraps"), owner: id("alice"), holders: [id("home")])
        let again = envelope(.recordingSeal(seal), byCallKey: Self.callKeys[0], at: 130_000)
        try add(
            [
                (envelope(.recordingSeal(seal), byCallKey: Self.callKeys[0], at: 130_000), 0),
                (again, TransactionFailure.alreadySealed.rawValue), (admission(of: "dave", at: 130_000), 0),
            ], at: 130_000)
    }

    private mutating func rightsAreGiven(_ subject: Subject) throws {
        let publish = RightsPublish(
            recording: subject.id, policy: Golden.policy, root: Sample.digest("outer 1"), epoch: RightsEpoch(1))
        let grant = RightsGrant(recording: subject.id, viewer: id("bob"))
        try add(
            [
                (envelope(.rightsPublish(publish), by: "alice", at: 131_000), 0),
                (envelope(.rightsGrant(grant), by: "alice", at: 131_000), 0),
            ], at: 131_000)
        var envelopes: [([UInt8], code: UInt16)] = [
            (envelope(lease(subject, at: 132_000), by: "bob", at: 132_000), 0)
        ]
        envelopes += try validatorLeaves()
        try add(envelopes, at: 132_000, skipping: 20)
    }

    /// Three of four validators agree that the third leaves, a new one comes, and epochs become longer; one alone
    /// cannot.
    private mutating func validatorLeaves() throws -> [([UInt8], code: UInt16)] {
        guard validatorCount == 4 else {
            let propose = ValidatorPropose(leaves: [id("validator 0")])
            return [
                (
                    envelope(.validatorPropose(propose), by: "validator 0", at: 132_000),
                    TransactionFailure.changeNotPossible.rawValue
                )
            ]
        }
        let sealed = chapters[4].executed.tip
        let join = Golden.join(
            "dave", as: id("dave"), height: sealed.record.height, record: sealed.recordID.digest, chain: chain)
        let change = ValidatorPropose(joins: [join], leaves: [id("validator 2")], limits: Golden.limitChanges)
        let propose = envelope(.validatorPropose(change), by: "validator 0", at: 132_000)
        let vote = ValidatorVote(proposal: try transactionID(of: propose))
        return [(propose, 0)]
            + ["validator 1", "validator 3"].map { (envelope(.validatorVote(vote), by: $0, at: 132_000), 0) }
    }

    private var validatorCount: Int { genesis.members.count { $0.registration.roles.contains(.validator) } }

    private func lease(_ subject: Subject, at milliseconds: UInt64) -> Ledger.Operation {
        .rightsLease(
            RightsLease(
                recording: subject.id, group: .zero, key: Sample.id("reply key"),
                notAfter: Sample.time(milliseconds + 60_000)))
    }

    private mutating func rightsAreTaken(_ subject: Subject) throws {
        let revoke = RightsRevoke(recording: subject.id, viewer: id("bob"))
        let rotate = RightsRotate(recording: subject.id, epoch: RightsEpoch(2), root: Sample.digest("outer 2"))
        let interval = (Sample.start + 133_000) / genesis.limits.commitInterval - 1
        let commit = CallCommit(interval: interval, root: Sample.digest("calls"), size: 64)
        let end = CallEnd(call: Self.call, minute: (Sample.start + 133_000) / 60_000)
        try add(
            [
                (envelope(.rightsRevoke(revoke), by: "alice", at: 133_000), 0),
                (
                    envelope(lease(subject, at: 133_000), by: "bob", at: 133_000),
                    TransactionResult.refusedByPolicy(.notGranted).code
                ),
                (envelope(.rightsRotate(rotate), by: "home", at: 133_000), 0),
                (envelope(.callEnd(end), by: "home", at: 133_000), 0),
                (envelope(.callCommit(commit), by: "home", at: 133_000), 0),
                (
                    envelope(
                        .consentWithdraw(ConsentWithdraw(recording: subject.id)), byCallKey: Self.callKeys[0],
                        at: 133_000), 0
                ),
                (
                    envelope(
                        .evidence(
                            Golden.evidence(by: validatorCount == 4 ? "validator 1" : "validator 0", chain: chain)),
                        by: "carol", at: 133_000), 0
                ),
                (
                    envelope(
                        .erase(.callKey(Sample.publicKey(Self.callKeys[1]))), byCallKey: Self.callKeys[1], at: 133_000),
                    0
                ),
            ], at: 133_000)
    }
}
