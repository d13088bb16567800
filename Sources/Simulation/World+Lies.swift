import Consensus
import Primitives
import Wire

/// What members do that have no engine, and what the liars among the others add.
extension World {
    /// A liar heard something; of other liars' words it makes nothing, or they would never end.
    mutating func lie(about parcel: Parcel, from sender: Int, as index: Int) {
        guard members[sender].nature.hasEngine else { return }
        switch members[index].nature {
        case .equivocator: equivocate(about: parcel, as: index)
        case .forger: forge(after: parcel, as: index)
        case .correct, .silent, .twin, .withholder, .stale: break
        }
    }

    /// Signs all three ballots and gives each peer some of them.
    private mutating func equivocate(about parcel: Parcel, as index: Int) {
        let heard: Ballot
        switch parcel {
        case .block(let block):
            heard = Ballot(kind: .notarize, epoch: block.header.epoch, view: block.view, hash: block.hash)
        case .vote(let vote) where random.oneIn(3): heard = vote.ballot
        case .vote, .certificate, .request, .transactions: return
        }
        for receiver in members.indices where receiver != index {
            for kind in Ballot.Kind.allCases where random.oneIn(2) {
                let ballot = Ballot(kind: kind, epoch: heard.epoch, view: heard.view, hash: heard.hash)
                say(ballot, as: index, to: receiver)
            }
        }
    }

    private mutating func say(_ ballot: Ballot, as index: Int, to receiver: Int) {
        if let vote = vote(ballot, of: index) { send(.vote(vote), from: index, to: receiver) }
    }

    /// Signs what it signed for the view before or after as well.
    mutating func signBeside(_ vote: Vote, as index: Int) {
        let view = random.oneIn(2) ? vote.view.next : vote.view.previous ?? vote.view
        let beside = Ballot(kind: vote.ballot.kind, epoch: vote.ballot.epoch, view: view, hash: vote.ballot.hash)
        for receiver in members.indices where receiver != index && random.oneIn(2) {
            say(beside, as: index, to: receiver)
        }
    }

    // MARK: Forgeries

    private mutating func forge(after parcel: Parcel, as index: Int) {
        switch parcel {
        case .block(let block):
            members[index].blocks[block.hash] = block
            if random.oneIn(3) { spread(madeUp(from: block, as: index), from: index) }
            for receiver in members.indices where receiver != index && random.oneIn(2) {
                let ballot = Ballot(kind: .notarize, epoch: block.header.epoch, view: block.view, hash: block.hash)
                say(ballot, as: index, to: receiver)
            }
        case .certificate(let certificate):
            if certificate.kind == .notarize { members[index].notarization = certificate }
            if random.oneIn(4), let short = shortened(certificate) { spread(short, from: index) }
            if certificate.kind != .finalize { leap(to: certificate.view.next, as: index) }
        case .vote, .request, .transactions: return
        }
    }

    private mutating func spread(_ certificate: Certificate?, from index: Int) {
        if let certificate { broadcast(.certificate(certificate), from: index) }
    }

    /// A certificate with all names on it and one hand in it.
    private mutating func madeUp(from block: Block, as index: Int) -> Certificate? {
        let kinds = Ballot.Kind.allCases
        let ballot = Ballot(
            kind: kinds[random.below(kinds.count)], epoch: block.header.epoch, view: block.view, hash: block.hash)
        var signers = SeatSet()
        for seat in 0..<roster.quorum(of: ballot.epoch) { _ = signers.insert(Seat(seat)) }
        let own = roster.seat(of: members[index].number, in: ballot.epoch) ?? .zero
        let signatures = signers.seats.map { _ in SimulatedSigner.sign(ballot, as: own) }
        return Certificate(ballot: ballot, signers: signers, signatures: signatures)
    }

    /// One signer fewer than a quorum.
    private func shortened(_ certificate: Certificate) -> Certificate? {
        var signers = SeatSet()
        let kept = certificate.signers.seats.prefix(roster.quorum(of: certificate.ballot.epoch) - 1)
        for seat in kept { _ = signers.insert(seat) }
        return Certificate(
            ballot: certificate.ballot, signers: signers, signatures: Array(certificate.signatures.prefix(kept.count)))
    }

    /// Proposes in `view`, whether it is its turn or not: on what was notarized last, justified or not, with a good or
    /// a bad content, and another one to each half.
    private mutating func leap(to view: View, as index: Int) {
        guard let certificate = members[index].notarization, certificate.view < view,
            let parent = members[index].blocks[certificate.hash],
            let seat = roster.seat(of: members[index].number, in: certificate.ballot.epoch)
        else { return }
        let epoch = certificate.ballot.epoch
        guard roster.leader(of: view, in: epoch) == seat || random.oneIn(4) else { return }
        var pair: [Block] = []
        for variant in [UInt8(3), 4] {
            var time = clock(of: index)
            var transactions: [UInt64] = []
            var justification = Justification(parent: certificate, nullifications: [])
            switch random.below(6) {
            case 0: transactions = [random.next()]
            case 1: transactions = Ledger.transactions(of: parent)
            case 2: time += 3_600_000
            case 3: time = 1
            case 4: justification = Justification(parent: madeUp(from: parent, as: index), nullifications: [])
            default: break
            }
            let content = Ledger.content(
                on: parent, variant: random.oneIn(8) ? 0 : variant, time: time, transactions)
            let header = EngineHeader(
                epoch: epoch, view: view, parent: parent.reference, justification: justification,
                proposer: roster.id(of: members[index].number), record: content.record, body: hash.digest(content.body))
            pair.append(signed(header, body: content.body, as: seat))
        }
        for receiver in members.indices where receiver != index {
            send(.block(pair[random.below(2)]), from: index, to: receiver)
        }
    }
}
