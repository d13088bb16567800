import Primitives
import Wire

/// `validator.*` and `evidence`: clauses LG-55 to LG-59 and LG-110 to LG-112.
extension Execution {
    // MARK: Proposals

    mutating func propose(_ op: ValidatorPropose, _ from: MemberID, id: TransactionID) throws(Stop) {
        guard validators.entry(of: from) != nil else { throw .failed(.roleMissing) }
        for join in op.joins { try check(join) }
        let proposal = ProposalsEntry.Proposal(
            id: id, joins: op.joins.map(\.member), until: time.adding(milliseconds: limits.proposalLife), votes: [],
            leaves: op.leaves, limits: op.limits)
        _ = try outcome(of: proposal)  // LG-55
        var open = try openProposals()
        guard UInt64(open.proposals.count) < limits.proposals else { throw .failed(.tooManyProposals) }
        open.proposals.append(proposal)
        try count(vote: from, for: open.proposals.count - 1, of: &open)
    }

    mutating func vote(_ op: ValidatorVote, _ from: MemberID) throws(Stop) {
        guard validators.entry(of: from) != nil else { throw .failed(.roleMissing) }
        var open = try openProposals()
        guard let place = open.proposals.firstIndex(where: { $0.id == op.proposal }) else {
            throw .failed(.proposalUnknown)
        }
        guard !open.proposals[place].votes.contains(from) else { throw .failed(.alreadyVoted) }
        try count(vote: from, for: place, of: &open)
    }

    /// LG-56: a proposal takes effect with the vote that makes a quorum of the set that decides now.
    private mutating func count(vote: MemberID, for place: Int, of open: inout ProposalsEntry) throws(Stop) {
        open.proposals[place].votes = (open.proposals[place].votes + [vote]).sorted()
        let proposal = open.proposals[place]
        let votes = proposal.votes.count { validators.entry(of: $0) != nil }
        if votes >= Quorum.size(of: validators.entries.count) {
            let (entries, next) = try outcome(of: proposal)
            writeNext(entries)
            write(StateKey(.limits), LimitsEntry(now: limits, next: next))
            open.proposals.remove(at: place)
        }
        write(StateKey(.proposals), open)
    }

    /// LG-57: the joining member holds its key and has a record that became final lately.
    private func check(_ join: ValidatorJoin) throws(Stop) {
        let member = try require(MemberEntry.self, StateKey(.member, join.member), or: .changeNotPossible)
        let recent = try read(RecentRecordsEntry.self, StateKey(.recentRecords)) ?? RecentRecordsEntry()
        guard member.keys.sign == join.key, recent.contains(join.height, join.record) else {
            throw .failed(.joinNotProven)
        }
    }

    /// The next set and the next limits after a proposal. What comes of it is judged, not the list of changes: who is
    /// in already, or gone already, takes nothing from the rest.
    private func outcome(
        of proposal: ProposalsEntry.Proposal
    ) throws(Stop) -> (entries: [ValidatorList.Entry], limits: NetworkLimits) {
        let next = try nextValidators()
        let culprits = try self.culprits()
        var entries = next.entries.filter { !proposal.leaves.contains($0.member) }
        for joining in proposal.joins where next.entry(of: joining) == nil {
            guard let member = try read(MemberEntry.self, StateKey(.member, joining)), member.standing == .active,
                member.roles.contains(.validator), !culprits.contains(joining)
            else { throw .failed(.changeNotPossible) }
            entries.append(ValidatorList.Entry(member: joining, key: member.keys.sign))
        }
        let decided = try nextLimits()
        let limits = proposal.limits.applied(to: decided)
        guard Set(entries) != Set(next.entries) || limits != decided else { throw .failed(.changeNotPossible) }
        guard rules.genesis.limits.admits(limits) else { throw .failed(.limitOutOfRange) }  // LG-59
        if let failure = rules.failure(of: entries, after: validators, limits) { throw .failed(failure) }
        return (entries, limits)
    }

    private func openProposals() throws(Stop) -> ProposalsEntry {
        var entry = try read(ProposalsEntry.self, StateKey(.proposals)) ?? ProposalsEntry([])
        entry.proposals.removeAll { $0.until < time }
        return entry
    }

    private func nextLimits() throws(Stop) -> NetworkLimits {
        try read(LimitsEntry.self, StateKey(.limits))?.next ?? limits
    }

    func nextValidators() throws(Stop) -> ValidatorList {
        try read(ValidatorList.self, StateKey(.nextValidators)) ?? ValidatorList(epoch: validators.epoch.next, [])
    }

    mutating func writeNext(_ entries: [ValidatorList.Entry]) {
        write(StateKey(.nextValidators), ValidatorList(epoch: validators.epoch.next, entries))
    }

    // MARK: Evidence

    mutating func record(_ op: Evidence, with hash: inout some Hashing) throws(Stop) {
        // LG-111: the signer sat in the set of that validator epoch, under this key.
        let set =
            op.epoch == validators.epoch
            ? validators : try read(ValidatorList.self, StateKey(.pastValidators, number: op.epoch.rawValue))
        guard let culprit = set?.entry(with: op.key)?.member else { throw .failed(.evidenceUnfounded) }
        let key = StateKey(.evidence, culprit, number: op.epoch.rawValue)
        guard try read(EvidenceEntry.self, key) == nil else { throw .failed(.evidenceKnown) }
        write(key, EvidenceEntry(digest: hash.digest(op.encoded), height: height))
        let next = try nextValidators()
        guard validators.entry(of: culprit) != nil || next.entry(of: culprit) != nil else { return }
        write(StateKey(.culprits), CulpritsEntry(try culprits() + [culprit]))
        // LG-112: at this validator epoch's end, unless the set would become too small; then at a later one's.
        writeNext(
            rules.without([culprit], next.entries, after: validators, try nextLimits()))
    }

    private func culprits() throws(Stop) -> [MemberID] {
        try read(CulpritsEntry.self, StateKey(.culprits))?.members ?? []
    }
}
