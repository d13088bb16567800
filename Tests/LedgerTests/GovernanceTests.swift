import Crypto
import Ledger
import Primitives
import Testing
import Wire

/// A network whose validator epochs last five heights, and what its governance tests share.
private struct Council {
    let network: TestNetwork

    init(validatorCount: UInt8 = 4, epochHeights: UInt64 = 5, _ change: (inout NetworkLimits) -> Void = { _ in }) throws
    {
        var limits = NetworkLimits()
        limits.epochHeights = epochHeights
        change(&limits)
        network = try TestNetwork(validatorCount: validatorCount, limits: limits)
    }

    var validators: [TestMember] { network.validators }

    /// Admits a member that may become a validator.
    func newcomer(_ seed: UInt8 = 50) throws -> TestMember {
        let member = try TestNetwork.member(seed, [.validator, .node], "w", chain: network.rules.chain)
        let admit = Ledger.Operation.memberAdmit(MemberAdmit(registration: member.registration))
        #expect(try network.apply(admit, by: network.registrars[0]) == .succeeded)
        return member
    }

    func join(_ member: TestMember, height: Height = .zero, record: Digest? = nil, key: SigningKey? = nil)
        -> ValidatorJoin
    {
        let key = key ?? member.key
        let record = record ?? network.genesisBlock.tip.recordID.digest
        let body = ValidatorJoin.body(member: member.id, height: height, record: record)
        return ValidatorJoin(
            member: member.id, key: key.publicKey, height: height, record: record,
            signature: key.signature(.validatorJoin, chain: network.rules.chain, body: body))
    }

    /// Proposes, and has as many others vote as are named; gives the first failure.
    func decide(_ proposal: ValidatorPropose, voters: [TestMember]? = nil) throws -> TransactionResult {
        let voters = voters ?? Array(validators.prefix(Quorum.size(of: validators.count)))
        let propose = try network.make(.validatorPropose(proposal), by: voters[0])
        let votes = try voters.dropFirst().map {
            try network.make(.validatorVote(ValidatorVote(proposal: propose.value.id)), by: $0)
        }
        return try network.apply([propose] + votes).first { $0 != .succeeded } ?? .succeeded
    }

    func next() throws -> [MemberID] {
        try network.entry(ValidatorList.self, StateKey(.nextValidators))?.entries.map(\.member) ?? []
    }

    func current() throws -> [MemberID] {
        try network.entry(ValidatorList.self, StateKey(.validators))?.entries.map(\.member) ?? []
    }

    func turn() throws {
        let epoch = network.tip.record.epoch
        while network.tip.record.epoch == epoch { try network.wait(1) }
    }

    func evidence(
        _ kinds: (Ballot.Kind, Ballot.Kind), by member: TestMember, epoch: UInt64 = 0, same: Bool = false
    ) -> Evidence? {
        let ballots = [kinds.0, kinds.1].enumerated().map { index, kind in
            Ballot(
                kind: kind, epoch: ValidatorEpoch(epoch), view: View(3), hash: digest(same ? 1 : UInt64(index + 1)))
        }
        let signed = ballots.map {
            Evidence.SignedBallot(
                $0,
                signature: member.key.signature($0.kind.signingKind, chain: network.rules.chain, body: $0.body))
        }
        return Evidence(
            key: member.key.publicKey, chain: network.rules.chain, epoch: ValidatorEpoch(epoch), view: View(3),
            signed[0], signed[1])
    }
}

@Suite("Governance")
struct GovernanceTests {
    @Test("LG-55, LG-56, LG-22: a validator joins by a quorum of votes, when the validator epoch ends")
    func joining() throws {
        let council = try Council(epochHeights: 7) { $0.proposals = 1 }
        let network = council.network
        let member = try TestNetwork.member(50, [.validator, .node], "w", chain: network.rules.chain)
        let propose = Ledger.Operation.validatorPropose(ValidatorPropose(joins: [council.join(member)]))
        #expect(try network.apply(propose, by: network.validators[0]) == .failed(.changeNotPossible))
        _ = try council.newcomer()
        #expect(try network.apply(propose, by: network.node) == .failed(.roleMissing))
        let proposal = try network.make(propose, by: network.validators[0])
        let vote = Ledger.Operation.validatorVote(ValidatorVote(proposal: proposal.value.id))
        #expect(try network.apply(vote, by: network.validators[1]) == .failed(.proposalUnknown))
        #expect(
            try network.apply([
                proposal, network.make(propose, by: network.validators[1]),
                network.make(vote, by: network.validators[0]),
                network.make(vote, by: network.validators[1]), network.make(vote, by: network.validators[2]),
                network.make(vote, by: network.validators[3]),
            ]) == [
                .succeeded, .failed(.tooManyProposals), .failed(.alreadyVoted), .succeeded, .succeeded,
                .failed(.proposalUnknown),
            ])
        let before = network.tip.record
        #expect(before.height == Height(5))
        #expect(before.epochEnd == Height(7))
        #expect(before.nextValidatorSet != before.validatorSet)
        try network.wait(1)
        try network.wait(1)
        #expect(network.tip.record.epoch == .zero)
        #expect(network.tip.record.endsEpoch)
        try network.wait(1)
        #expect(network.tip.record.epoch == ValidatorEpoch(1))
        #expect(network.tip.record.epochEnd == Height(14))
        #expect(try council.current().contains(member.id))
        #expect(try council.current().count == 5)
        #expect(network.tip.record.validatorSet == before.nextValidatorSet)
    }

    @Test("LG-57: who joins signs with its own key, and a record that became final lately")
    func proofs() throws {
        let council = try Council(epochHeights: 1_000)
        let member = try council.newcomer()
        func propose(_ join: ValidatorJoin) throws -> TransactionResult {
            try council.network.apply(.validatorPropose(ValidatorPropose(joins: [join])), by: council.validators[0])
        }
        #expect(try propose(council.join(member, record: digest(1))) == .failed(.joinNotProven))
        #expect(try propose(council.join(member, height: Height(1))) == .failed(.joinNotProven))
        #expect(try propose(council.join(member, key: council.network.node.key)) == .failed(.joinNotProven))
        let other = council.join(member)
        let stolen = ValidatorJoin(
            member: council.network.node.id, key: other.key, height: other.height, record: other.record,
            signature: other.signature)
        #expect(throws: TransactionFault.badSignature) { try propose(stolen) }
        #expect(try propose(council.join(member)) == .succeeded)
        // Height 0 is one of the last 64 that were noted, until 64 later ones were.
        for _ in 0...RecentRecordsEntry.countMax {
            try council.network.wait(RecentRecordsEntry.spacing)
        }
        #expect(try propose(council.join(member)) == .failed(.joinNotProven))
        let noted = try #require(try council.network.entry(RecentRecordsEntry.self, StateKey(.recentRecords)))
        #expect(noted.list.count == RecentRecordsEntry.countMax)
        let last = try #require(noted.list.last)
        #expect(try propose(council.join(member, height: last.height, record: last.record)) == .succeeded)
    }

    @Test("LG-58: no more validators leave in one validator epoch than may fail at once, whoever asks")
    func leaving() throws {
        let council = try Council(validatorCount: 7, epochHeights: 6)
        let ids = council.validators.map(\.id)
        #expect(try council.decide(ValidatorPropose(leaves: Array(ids[0...2]))) == .failed(.tooManyLeave))
        #expect(try council.decide(ValidatorPropose(leaves: Array(ids[0...1]))) == .succeeded)
        #expect(try council.next().count == 5)
        #expect(try council.decide(ValidatorPropose(leaves: [ids[2]])) == .failed(.tooManyLeave))
        // What is judged is the set that would result: who is gone already takes nothing from a change.
        let member = try council.newcomer()
        let both = ValidatorPropose(joins: [council.join(member)], leaves: [ids[0]])
        #expect(try council.decide(both) == .succeeded)
        #expect(try council.next().count == 6)
        try council.turn()
        #expect(try council.current() == (Array(ids.dropFirst(2)) + [member.id]).sorted())
        #expect(
            try council.decide(ValidatorPropose(leaves: [ids[0]]), voters: [council.validators[2]])
                == .failed(.changeNotPossible))
    }

    @Test("LG-58: one validator alone cannot leave, and three can only be joined")
    func smallSets() throws {
        for count: UInt8 in 1...3 {
            let council = try Council(validatorCount: count) { $0.validatorsMin = 1 }
            let leave = ValidatorPropose(leaves: [council.validators[0].id])
            #expect(try council.decide(leave).code != 0)
            let member = try council.newcomer()
            #expect(try council.decide(ValidatorPropose(joins: [council.join(member)])) == .succeeded)
        }
    }

    @Test("LG-56: votes count while the proposal is open, and of those who sit in the set that decides")
    func lifetimes() throws {
        let council = try Council(epochHeights: 1_000) { $0.proposalLife = 60_000 }
        let network = council.network
        let leave = ValidatorPropose(leaves: [council.validators[3].id])
        let propose = try network.make(.validatorPropose(leave), by: council.validators[0])
        try network.apply([propose])
        try network.wait(60_001)
        let vote = Ledger.Operation.validatorVote(ValidatorVote(proposal: propose.value.id))
        #expect(try network.apply(vote, by: council.validators[1]) == .failed(.proposalUnknown))
    }

    @Test("LG-59: limits change by vote when the validator epoch ends, within bounds")
    func limits() throws {
        let council = try Council(epochHeights: 7)
        let network = council.network
        #expect(LimitChanges(["transactionBytes": 1_000]) == nil)
        #expect(LimitChanges(["delta": 1]) == nil)
        #expect(LimitChanges(["delta": 10_001]) == nil)
        func change(_ values: [String: UInt64]) throws -> TransactionResult {
            try council.decide(ValidatorPropose(limits: try #require(LimitChanges(values))))
        }
        #expect(try change(["delta": 9_000]) == .failed(.limitOutOfRange))
        #expect(try change(["untilWindow": 59_999]) == .failed(.limitOutOfRange))
        #expect(try change(["heartbeat": 30_001]) == .failed(.limitOutOfRange))
        #expect(try change(["validatorsMin": 5]) == .failed(.changeNotPossible))
        #expect(try change(["blockTransactions": 8_192]) == .failed(.changeNotPossible))
        #expect(try change(["epochHeights": 9, "blockTransactions": 16, "untilWindow": 60_000]) == .succeeded)
        #expect(network.tip.record.height == Height(6))
        #expect(try RuleBook.limits(after: network.tip, from: network.state).blockTransactions == 8_192)
        try network.wait(1)
        #expect(try RuleBook.limits(after: network.tip, from: network.state).blockTransactions == 16)
        let far = try network.make(
            .callEnd(CallEnd(call: .zero, minute: 0)), by: network.node,
            until: network.now.adding(milliseconds: 60_002))
        #expect(throws: BlockFault.transaction(index: 0, .tooFarAhead)) { try network.apply([far], after: 1) }
        let many = try (0..<17).map { _ in
            try network.make(
                .callEnd(CallEnd(call: .zero, minute: 0)), by: network.node,
                until: network.now.adding(milliseconds: 50_000))
        }
        #expect(throws: BlockFault.tooManyTransactions) { try network.apply(many, after: 1) }
        try network.apply(Array(many.prefix(16)), after: 1)
        #expect(network.tip.record.epochEnd == Height(16))
        try council.turn()
        #expect(network.tip.record.height == Height(17))
        #expect(network.tip.record.epochEnd == Height(25))
    }

    @Test("A proposal is about something, and names nobody twice")
    func shapes() throws {
        let council = try Council()
        let join = council.join(council.validators[0])
        for bad in [
            ValidatorPropose(), ValidatorPropose(joins: [join, join]),
            ValidatorPropose(joins: [join], leaves: [join.member]),
            ValidatorPropose(leaves: [join.member, join.member]),
        ] {
            #expect(throws: WireError.self) { try ValidatorPropose(decoding: bad.encoded) }
        }
        try expectStrict(ValidatorJoin.self, join.encoded)
    }
}

@Suite("Evidence")
struct EvidenceTests {
    @Test(
        "LG-110: exactly those pairs are evidence that no honest validator signs",
        arguments: [
            (Ballot.Kind.notarize, Ballot.Kind.notarize, true), (.finalize, .finalize, true),
            (.finalize, .nullify, true), (.finalize, .notarize, true), (.notarize, .nullify, false),
            (.nullify, .nullify, false),
        ])
    func pairs(first: Ballot.Kind, second: Ballot.Kind, isEvidence: Bool) throws {
        let council = try Council()
        let evidence = council.evidence((first, second), by: council.validators[0])
        #expect((evidence != nil) == isEvidence)
        #expect((council.evidence((second, first), by: council.validators[0]) != nil) == isEvidence)
        if first != .nullify, second != .nullify {
            #expect(council.evidence((first, second), by: council.validators[0], same: true) == nil)
        }
        guard let evidence else { return }
        try expectStrict(Evidence.self, evidence.encoded)
        #expect(SignatureVerifier().verified(evidence, in: council.network.rules.chain) != nil)
        #expect(SignatureVerifier().verified(evidence, in: .zero) == nil)
    }

    @Test("LG-111, LG-112: who signed twice is out of the next set, once, and not back at once")
    func removal() throws {
        let council = try Council()
        let network = council.network
        let culprit = council.validators[2]
        let evidence = try #require(council.evidence((.notarize, .notarize), by: culprit))
        let other = try #require(council.evidence((.finalize, .nullify), by: culprit))
        #expect(try network.apply(.evidence(evidence), by: network.persons[0]) == .succeeded)
        #expect(try network.apply(.evidence(evidence), by: network.node) == .failed(.evidenceKnown))
        #expect(try network.apply(.evidence(other), by: network.node) == .failed(.evidenceKnown))
        #expect(!(try council.next().contains(culprit.id)))
        #expect(try council.current().contains(culprit.id))
        let back = ValidatorPropose(joins: [council.join(culprit)])
        #expect(try council.decide(back) == .failed(.changeNotPossible))
        try council.turn()
        #expect(!(try council.current().contains(culprit.id)))
        let voters = [council.validators[0], council.validators[1], council.validators[3]]
        #expect(try council.decide(back, voters: voters) == .succeeded)
    }

    @Test("LG-111: false, foreign and old evidence is refused by name")
    func unfounded() throws {
        let council = try Council(epochHeights: 1)
        let network = council.network
        func apply(_ evidence: Evidence?) throws -> TransactionResult {
            try network.apply(.evidence(try #require(evidence)), by: network.node)
        }
        #expect(try apply(council.evidence((.notarize, .notarize), by: network.node)) == .failed(.evidenceUnfounded))
        let future = council.evidence((.notarize, .notarize), by: council.validators[0], epoch: 90)
        #expect(try apply(future) == .failed(.evidenceUnfounded))
        let good = try #require(council.evidence((.notarize, .notarize), by: council.validators[0]))
        let forged = try #require(
            Evidence(
                key: council.validators[1].key.publicKey, chain: good.chain, epoch: good.epoch, view: good.view,
                good.first, good.second))
        #expect(throws: TransactionFault.badSignature) { try apply(forged) }
        while network.tip.record.epoch < ValidatorEpoch(RuleBook.epochsAnswered) { try network.wait(1) }
        let last = council.evidence((.notarize, .notarize), by: council.validators[0], epoch: 1)
        #expect(try apply(good) == .failed(.evidenceUnfounded))
        #expect(try apply(last) == .failed(.evidenceUnfounded))
        let kept = council.evidence((.notarize, .notarize), by: council.validators[0], epoch: 4)
        #expect(try apply(kept) == .succeeded)
        #expect(network.state.values.keys.count { $0.prefix == .pastValidators } == Int(RuleBook.epochsAnswered))
    }

    @Test("LG-112: a set at its bound keeps the rest until later validator epochs, and then lets them go")
    func owed() throws {
        let council = try Council(epochHeights: 3) { $0.validatorsMin = 2 }
        let network = council.network
        let bad = [council.validators[1], council.validators[2]].sorted { $0.id < $1.id }
        for culprit in bad {
            let evidence = try #require(council.evidence((.finalize, .finalize), by: culprit))
            #expect(try network.apply(.evidence(evidence), by: network.node) == .succeeded)
        }
        #expect(try council.next().count == 3)
        try council.turn()
        // Three bear no fault, so nobody leaves until somebody joins.
        #expect(try council.current().count == 3)
        #expect(try council.next().count == 3)
        let member = try council.newcomer()
        #expect(
            try council.decide(
                ValidatorPropose(joins: [council.join(member)]),
                voters: try council.network.validators.filter {
                    try council.current().contains($0.id)
                }) == .succeeded)
        try council.turn()
        #expect(try council.current().count == 4)
        #expect(try council.next().count == 3)
        try council.turn()
        #expect(try council.current().allSatisfy { id in !bad.contains { $0.id == id } })
    }
}
