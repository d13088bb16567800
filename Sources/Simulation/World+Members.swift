import Consensus
import Primitives
import Wire

/// What one member does: the shell of the simulated world.
extension World {
    mutating func perform(_ action: Engine.Action, of index: Int) {
        let isCorrect = members[index].nature == .correct
        switch action {
        case .persist(let durable): persist(durable, of: index)
        case .cast(let ballot): cast(ballot, of: index)
        case .broadcast(let outgoing):
            if isCorrect { watch(outgoing) }
            if isCorrect, flaws.contains(.selfish), case .certificate = outgoing { return }
            broadcast(parcel(outgoing), from: index)
            if members[index].nature == .stale, case .vote(let vote) = outgoing { signBeside(vote, as: index) }
        case .send(let outgoing, let seat):
            if isCorrect { watch(outgoing) }
            if isCorrect, flaws.contains(.selfish) { return }
            send(parcel(outgoing), from: index, to: seat)
        case .resendTransactions:
            guard !members[index].own.isEmpty else { return }
            broadcast(.transactions(members[index].own.sorted()), from: index)
        case .startTimer(let timer, let duration):
            if isCorrect, flaws.contains(.deafAfterRestart), members[index].life > 0 { return }
            members[index].timersStarted += 1
            members[index].timers[timer] = members[index].timersStarted
            let microseconds = UInt64(duration / .microseconds(1))
            agenda.plan(
                .timer(timer, number: members[index].timersStarted, member: index, life: members[index].life),
                at: now + microseconds)
        case .cancelTimer(let timer): members[index].timers[timer] = nil
        case .fetch(let request, let seat):
            if isCorrect, flaws.contains(.incurious) { return }
            send(.request(request), from: index, to: seat)
        case .validate(let digest, let check): validate(digest, check, of: index)
        case .propose(let order): propose(order, of: index)
        case .commit(let blocks, let finalization):
            commit(blocks, by: finalization, .commit(blocks, finalization), of: index)
        case .seal(let seal):
            commit(seal.blocks, echoes: seal.echoes, by: seal.finalization, .seal(seal), of: index)
            for echo in seal.echoes { members[index].blocks[echo.hash] = echo }
        case .drop(let hashes):
            members[index].ledger.drop(hashes)
            for hash in hashes { members[index].blocks[hash] = nil }
        case .report(let notice):
            if isCorrect { checkers.reported(notice, by: members[index].number) }
        }
    }

    /// A shell that cannot write stops; it may find room when it starts again.
    private mutating func write(_ entry: SimulatedDisk.Entry, of index: Int) {
        if !members[index].disk.append(entry) {
            tell("member \(index) stops: its disk is full")
            crash(index)
        }
    }

    private mutating func persist(_ durable: Engine.Durable, of index: Int) {
        let isCorrect = members[index].nature == .correct
        switch durable {
        case .block(let block):
            members[index].blocks[block.hash] = block
            if isCorrect, flaws.contains(.unsyncedBodies) { return }
        case .certificate: if isCorrect, flaws.contains(.forgottenCertificates) { return }
        }
        write(.durable(durable), of: index)
    }

    mutating func cast(_ ballot: Ballot, of index: Int) {
        guard let vote = vote(ballot, of: index) else { return }
        let life = members[index].life
        if ballot.kind == .nullify { members[index].nullified.insert(ballot.view) }
        if members[index].nature == .correct, flaws.contains(.unsyncedVotes) {
            checkers.sent(vote)
            broadcast(.vote(vote), from: index)
        }
        write(.vote(vote), of: index)
        guard isAlive(index, life) else { return }
        agenda.plan(.synced(vote, member: index, life: life), at: now + random.within(members[index].syncTime))
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
        var verdict = members[index].ledger.execute(block, check, at: clock(of: index))
        if flaws.contains(.trustingVerdicts), verdict == .invalid { verdict = .valid }
        agenda.plan(
            .validated(digest, verdict, member: index, life: members[index].life), at: now + random.within(0...500))
    }

    private mutating func propose(_ order: Engine.Order, of index: Int) {
        let member = members[index]
        var variant = member.variant
        if member.nature == .twin, random.oneIn(4) { variant = 0 }
        let echo: (record: CID, body: [UInt8])? = order.echoes.map { ($0, []) }
        guard let content = echo ?? members[index].ledger.build(order, variant: variant, at: clock(of: index)),
            let seat = roster.seat(of: member.number, in: order.epoch)
        else { return }
        var header = order.header(record: content.record, body: hash.digest(content.body))
        if flaws.contains(.shortJustification) {
            header = EngineHeader(
                epoch: header.epoch, view: header.view, parent: header.parent,
                justification: Justification(parent: header.justification.parent, nullifications: []),
                proposer: header.proposer, record: header.record, body: header.body)
        }
        let block = signed(header, body: content.body, as: seat)
        if echo == nil {
            let check = Engine.Check(parent: order.parent.hash, mustBeEmpty: false)
            _ = members[index].ledger.execute(block, check, at: clock(of: index))
        }
        agenda.plan(.built(block, member: index, life: member.life), at: now + random.within(0...1_000))
    }

    /// A block that `seat` answers for, made known to the checkers.
    mutating func signed(_ header: EngineHeader, body: [UInt8], as seat: Seat) -> Block {
        let headerHash = hash.digest(header.encoded)
        let signature = SimulatedSigner.signProposal(view: header.view, hash: headerHash, as: seat)
        guard let block = Block(Proposal(header: header, signature: signature, body: body), with: &hash) else {
            preconditionFailure("a body has its own hash")
        }
        checkers.note(block)
        return block
    }

    private mutating func commit(
        _ final: [Block], echoes: [Block] = [], by finalization: Certificate, _ entry: SimulatedDisk.Entry,
        of index: Int
    ) {
        let isCorrect = members[index].nature == .correct
        let blocks = isCorrect && flaws.contains(.disorderedCommits) ? final.reversed() : final
        let life = members[index].life
        write(entry, of: index)
        guard isAlive(index, life) else { return }
        if !(isCorrect && flaws.contains(.unsyncedCommits)) { members[index].disk.sync() }
        members[index].ledger.commit(blocks)
        members[index].export = Checkers<Ledger>.export(blocks, after: members[index].export)
        let first = members[index].committed.next
        members[index].committed = Height(members[index].committed.rawValue + UInt64(blocks.count))
        for block in blocks {
            members[index].blocks[block.hash] = block
            members[index].own.subtract(Ledger.transactions(of: block))
            members[index].awaited.subtract(Ledger.transactions(of: block))
        }
        guard isCorrect else { return }
        let epoch = members[index].engine.validators.epoch
        let lying = roster.members(of: epoch).count { scenario.natures[$0] != .correct }
        let needed = roster.quorum(of: epoch) - lying
        let holders = correct.map { members[$0].disk }
        checkers.committed(
            blocks, echoes: echoes, from: first, by: finalization, state: members[index].ledger.state,
            export: members[index].export
        ) { hash in
            holders.filter { $0.bodies.contains(hash) }.count >= needed
        }
    }

    // MARK: Arrivals

    mutating func arrive(_ parcel: Parcel, from sender: Int, to index: Int) {
        guard members[index].isUp else { return }
        guard members[index].nature.hasEngine else { return lie(about: parcel, from: sender, as: index) }
        guard isOfItsEpoch(parcel, from: sender, to: index) else { return }
        switch parcel {
        case .vote(let vote):
            guard SimulatedSigner.isGenuine(vote) else { return }
            miscount(vote, of: index)
            if members[index].engine.isNews(vote) { feed(.vote(Verified(unchecked: vote)), to: index) }
        case .certificate(let certificate):
            guard isBelieved(certificate, by: index) else { return }
            overinterpret(certificate, of: index)
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
        let leader = roster.leader(of: block.view, in: block.header.epoch)
        misvote(on: block, of: index)
        guard block.proposal.signature == SimulatedSigner.signProposal(view: block.view, hash: block.hash, as: leader),
            isJustificationBelieved(block, by: index), members[index].engine.isNews(block)
        else { return }
        feed(.block(Verified(unchecked: block)), to: index)
    }

    private mutating func answer(_ request: CatchUpRequest, of index: Int, to asker: Int) {
        if members[index].nature == .withholder { return }
        if members[index].nature == .correct, flaws.contains(.selfish) { return }
        switch request {
        case .block(let hash):
            if let block = members[index].blocks[hash] { send(.block(block), from: index, to: asker) }
        case .certificates(let view, let epoch):
            if let seat = roster.seat(of: members[asker].number, in: epoch) {
                feed(.certificatesRequested(after: view, by: seat), to: index)
            } else if let newest = members[index].engine.head.finalization {
                send(.certificate(newest), from: index, to: asker)
            }
        case .finalised(let height):
            let rows: [(Block, Certificate?)]
            do throws(SimulatedDisk.Damage) {
                rows = try members[index].disk.finalised(
                    above: Int(height.rawValue), atMost: CatchUpResponse.proposalCountMax)
            } catch {
                return stop(index)
            }
            guard let last = rows.last, let finalization = last.1 else { return }
            send(.certificate(finalization), from: index, to: asker)
            var blocks = rows.map(\.0)
            if finalization.hash != last.0.hash {
                blocks += members[index].disk.seals[last.0.header.epoch]?.echoes ?? []
            }
            for block in blocks { send(.block(block), from: index, to: asker) }
        }
    }
}
