import Consensus
import Primitives
import Wire

/// What one member does: the shell of the simulated world.
extension World {
    mutating func perform(_ action: Engine.Action, of index: Int) {
        let isCorrect = members[index].nature == .correct
        switch action {
        case .persist(let durable):
            if case .block(let block) = durable { members[index].blocks[block.hash] = block }
            if isCorrect, flaws.contains(.unsyncedBodies), case .block = durable { return }
            members[index].disk.append(.durable(durable))
        case .cast(let ballot): cast(ballot, of: index)
        case .broadcast(let outgoing):
            if isCorrect { watch(outgoing) }
            if isCorrect, flaws.contains(.selfish), case .certificate = outgoing { return }
            broadcast(parcel(outgoing), from: index)
        case .send(let outgoing, let seat):
            if isCorrect { watch(outgoing) }
            if isCorrect, flaws.contains(.selfish) { return }
            for receiver in members.indices where members[receiver].seat == seat && receiver != index {
                send(parcel(outgoing), from: index, to: receiver)
            }
        case .resendTransactions:
            guard !members[index].own.isEmpty else { return }
            broadcast(.transactions(members[index].own.sorted()), from: index)
        case .startTimer(let timer, let duration):
            members[index].timersStarted += 1
            members[index].timers[timer] = members[index].timersStarted
            let microseconds = UInt64(duration / .microseconds(1))
            agenda.plan(
                .timer(timer, number: members[index].timersStarted, member: index, life: members[index].life),
                at: now + microseconds)
        case .cancelTimer(let timer): members[index].timers[timer] = nil
        case .fetch(let request, let seat):
            for receiver in members.indices where members[receiver].seat == seat && receiver != index {
                send(.request(request), from: index, to: receiver)
            }
        case .validate(let digest, let check): validate(digest, check, of: index)
        case .propose(let order): propose(order, of: index)
        case .commit(let blocks, let finalization): commit(blocks, finalization, of: index)
        case .drop(let hashes):
            members[index].ledger.drop(hashes)
            for hash in hashes { members[index].blocks[hash] = nil }
        case .report(let notice):
            if isCorrect { checkers.reported(notice, by: members[index].seat) }
        }
    }

    private mutating func cast(_ ballot: Ballot, of index: Int) {
        let vote = SimulatedSigner.vote(ballot, as: members[index].seat)
        let life = members[index].life
        if ballot.kind == .nullify { members[index].nullified.insert(ballot.view) }
        if members[index].nature == .correct, flaws.contains(.unsyncedVotes) {
            checkers.sent(vote)
            broadcast(.vote(vote), from: index)
            agenda.plan(.synced(vote, member: index, life: life), at: now + random.within(50...5_000))
            members[index].disk.append(.vote(vote))
            return
        }
        members[index].disk.append(.vote(vote))
        agenda.plan(.synced(vote, member: index, life: life), at: now + random.within(50...3_000))
    }

    private func parcel(_ outgoing: Engine.Outgoing) -> Parcel {
        switch outgoing {
        case .vote(let vote): .vote(vote)
        case .certificate(let certificate): .certificate(certificate)
        case .proposal(let block): .block(block)
        }
    }

    private mutating func watch(_ outgoing: Engine.Outgoing) {
        switch outgoing {
        case .vote(let vote): checkers.sent(vote)
        case .certificate(let certificate): checkers.sent(certificate)
        case .proposal: break
        }
    }

    private mutating func validate(_ digest: Digest, _ check: Engine.Check, of index: Int) {
        guard let block = members[index].engine.block(digest) else { return }
        var verdict = members[index].ledger.execute(block, check)
        if flaws.contains(.trustingVerdicts), verdict == .invalid { verdict = .valid }
        agenda.plan(
            .validated(digest, verdict, member: index, life: members[index].life), at: now + random.within(0...500))
    }

    private mutating func propose(_ order: Engine.Order, of index: Int) {
        let member = members[index]
        var variant = member.variant
        if member.nature == .twin, random.oneIn(4) { variant = 0 }
        guard let content = members[index].ledger.build(order, variant: variant) else { return }
        var header = order.header(record: content.record, body: hash.digest(content.body))
        if flaws.contains(.shortJustification) {
            header = EngineHeader(
                epoch: header.epoch, view: header.view, parent: header.parent,
                justification: Justification(parent: header.justification.parent, nullifications: []),
                proposer: header.proposer, record: header.record, body: header.body)
        }
        let headerHash = hash.digest(header.encoded)
        let signature = SimulatedSigner.signProposal(view: header.view, hash: headerHash, as: member.seat)
        let proposal = Proposal(header: header, signature: signature, body: content.body)
        guard let block = Block(proposal, with: &hash) else { preconditionFailure("a body has its own hash") }
        checkers.note(block)
        _ = members[index].ledger.execute(block, .init(parent: order.parent.hash, mustBeEmpty: false))
        agenda.plan(.built(block, member: index, life: member.life), at: now + random.within(0...1_000))
    }

    private mutating func commit(_ blocks: [Block], _ finalization: Certificate, of index: Int) {
        let height = Height(members[index].engine.head.height.rawValue)
        members[index].disk.append(.commit(blocks, finalization))
        if members[index].nature == .correct {
            let first = Height(UInt64(members[index].disk.finalised.count) + 1)
            let needed = validators.quorum - scenario.lyingCount
            let holders = correct.map { members[$0].disk }
            checkers.committed(blocks, from: first) { hash in
                holders.filter { $0.bodies.contains(hash) }.count >= needed
            }
        }
        members[index].disk.sync()
        precondition(height.rawValue >= UInt64(members[index].disk.finalised.count), "commits come in order")
        members[index].ledger.commit(blocks)
        for block in blocks {
            members[index].blocks[block.hash] = block
            members[index].own.subtract(Ledger.transactions(of: block))
            awaited.subtract(members[index].nature == .correct ? Ledger.transactions(of: block) : [])
        }
    }

    // MARK: Arrivals

    mutating func arrive(_ parcel: Parcel, from sender: Int, to index: Int) {
        guard members[index].isUp else { return }
        if members[index].nature == .liar { return lie(about: parcel, as: index) }
        switch parcel {
        case .vote(let vote):
            guard SimulatedSigner.isGenuine(vote) else { return }
            miscount(vote, of: index)
            if members[index].engine.isNews(vote) { feed(.vote(Verified(unchecked: vote)), to: index) }
        case .certificate(let certificate):
            guard flaws.contains(.repeatedSigner) || SimulatedSigner.isGenuine(certificate, quorum: validators.quorum)
            else { return }
            finalizeLate(certificate, of: index)
            if members[index].engine.isNews(certificate) {
                feed(.certificate(Verified(unchecked: certificate)), to: index)
            }
        case .block(let block): arrive(block, to: index)
        case .request(let request): answer(request, of: index, to: sender)
        case .transactions(let list):
            for transaction in list { _ = members[index].ledger.submit(transaction) }
            tellBacklog(index)
        }
    }

    private mutating func arrive(_ block: Block, to index: Int) {
        let leader = validators.leader(of: block.view)
        guard block.proposal.signature == SimulatedSigner.signProposal(view: block.view, hash: block.hash, as: leader)
        else { return }
        let isJustified = block.header.justification.certificates.allSatisfy {
            SimulatedSigner.isGenuine($0, quorum: validators.quorum)
        }
        if members[index].nature == .correct {
            if flaws.contains(.notarizeTwice), block.view == members[index].engine.view {
                cast(Ballot(kind: .notarize, epoch: .zero, view: block.view, hash: block.hash), of: index)
            }
            if flaws.contains(.shortJustification), !block.header.isSound(in: chain) {
                cast(Ballot(kind: .notarize, epoch: .zero, view: block.view, hash: block.hash), of: index)
            }
        }
        guard isJustified || flaws.contains(.repeatedSigner), members[index].engine.isNews(block) else { return }
        feed(.block(Verified(unchecked: block)), to: index)
    }

    private mutating func answer(_ request: CatchUpRequest, of index: Int, to asker: Int) {
        if members[index].nature == .silent { return }
        if members[index].nature == .correct, flaws.contains(.selfish) { return }
        switch request {
        case .block(let hash):
            if let block = members[index].blocks[hash] { send(.block(block), from: index, to: asker) }
        case .certificates(let view):
            feed(.certificatesRequested(after: view, by: members[asker].seat), to: index)
        case .finalised(let height):
            let finalised = members[index].disk.finalised
            guard Int(height.rawValue) < finalised.count else { return }
            let rest = finalised[Int(height.rawValue)...]
            let within = rest.prefix(CatchUpResponse.proposalCountMax)
            let end = within.lastIndex { $0.finalization != nil } ?? rest.firstIndex { $0.finalization != nil }
            guard let end, let finalization = finalised[end].finalization else { return }
            send(.certificate(finalization), from: index, to: asker)
            for entry in rest[...end] { send(.block(entry.block), from: index, to: asker) }
        }
    }

    // MARK: Lies and flaws

    /// For everything it hears of, the liar signs all three ballots and gives each peer some of them.
    private mutating func lie(about parcel: Parcel, as index: Int) {
        let ballots: [Ballot]
        switch parcel {
        case .block(let block):
            ballots = Ballot.Kind.allCases.map { Ballot(kind: $0, epoch: .zero, view: block.view, hash: block.hash) }
        case .vote(let vote) where random.oneIn(3):
            ballots = Ballot.Kind.allCases.map {
                Ballot(kind: $0, epoch: .zero, view: vote.view, hash: vote.ballot.hash)
            }
        case .vote, .certificate, .request, .transactions: return
        }
        for receiver in members.indices where receiver != index {
            for ballot in ballots where random.oneIn(2) {
                send(.vote(SimulatedSigner.vote(ballot, as: members[index].seat)), from: index, to: receiver)
            }
        }
    }

    /// The flaw of counting one signer twice: a certificate of one vote too few, filled up with another's name.
    private mutating func miscount(_ vote: Vote, of index: Int) {
        guard members[index].nature == .correct, flaws.contains(.repeatedSigner) else { return }
        _ = members[index].heard[vote.ballot, default: SeatSet()].insert(vote.signer)
        guard let signers = members[index].heard[vote.ballot], signers.count == validators.quorum - 1 else { return }
        var filled = signers
        for seat in 0..<validators.count where filled.count < validators.quorum { _ = filled.insert(Seat(seat)) }
        let signatures = filled.seats.map {
            SimulatedSigner.sign(vote.ballot, as: signers.contains($0) ? $0 : vote.signer)
        }
        if let forged = Certificate(ballot: vote.ballot, signers: filled, signatures: signatures) {
            feed(.certificate(Verified(unchecked: forged)), to: index)
        }
    }

    /// The flaw of signing finalize for a view that was given up.
    private mutating func finalizeLate(_ certificate: Certificate, of index: Int) {
        guard members[index].nature == .correct, flaws.contains(.finalizeAfterNullify), certificate.kind == .notarize,
            members[index].nullified.contains(certificate.view)
        else { return }
        cast(Ballot(kind: .finalize, epoch: .zero, view: certificate.view, hash: certificate.hash), of: index)
    }

    // MARK: Crashes

    mutating func crash(_ index: Int) {
        guard members[index].isUp else { return }
        members[index].isUp = false
        members[index].life += 1
        members[index].timers = [:]
        members[index].disk.crash(with: &random)
        agenda.plan(.restart(member: index), at: now + random.within(1_000...1_500_000))
    }

    mutating func restart(_ index: Int) {
        guard !members[index].isUp else { return }
        members[index].isUp = true
        let restored = members[index].disk.restored(chain: chain, seat: members[index].seat, epoch: .zero)
        var ledger = Ledger(chain: chain)
        ledger.commit(members[index].disk.finalised.map(\.block))
        members[index].ledger = ledger
        members[index].blocks = [:]
        for entry in members[index].disk.finalised { members[index].blocks[entry.block.hash] = entry.block }
        for block in restored.blocks { members[index].blocks[block.hash] = block }
        members[index].own = []
        members[index].toldBacklog = .empty
        members[index].engine = Engine(
            chain: chain, validators: validators, seat: members[index].seat, restored: restored, pace: pace)
        feed(.started, to: index)
    }
}
