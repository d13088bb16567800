import Consensus
import Crypto
import EventLoop
import KeyValue
import Ledger
import Primitives
import Wire

/// What the engine asks for, done in the order it asks.
extension ChainActor {
    func perform(_ actions: [Engine.Action]) {
        var batch = WriteBatch()
        var ballots: [Ballot] = []
        for action in actions where !isStopped {
            switch action {
            case .persist(let durable): store.add(durable, to: &batch)
            case .cast(let ballot): ballots.append(ballot)
            case .broadcast(let outgoing): network.broadcast(traffic(outgoing), encode(outgoing))
            case .send(let outgoing, let seat):
                guard let peer = validators[seat]?.id else { continue }
                network.send(peer, traffic(outgoing), encode(outgoing))
            case .resendTransactions: resendTransactions()
            case .startTimer(let timer, let delay): start(timer, after: delay)
            case .cancelTimer(let timer): timers.removeValue(forKey: timer).map { loop.cancel($0) }
            case .fetch(let request, let seat):
                guard let peer = validators[seat]?.id else { continue }
                noteQuestion(request, to: peer)
                network.send(peer, .sync, Message.request(request).encoded)
            case .validate(let block, let check): validate(block, check)
            case .propose(let order): propose(order)
            case .commit(let blocks, let finalization): commit(blocks, finalization, &batch)
            case .seal(let seal): commit(seal.blocks, seal.finalization, &batch, echoes: seal.echoes)
            case .drop(let hashes):
                for hash in hashes { forget(hash) }
                refreshBacklog()
            case .report(let notice): report(notice)
            }
        }
        // The body of a block that is voted for is durable by now, and so are the votes, with their signer.
        // S-13: nothing is signed in an epoch that is sealed.
        let casts = isStopped || engine.isSealed ? [] : cast(ballots, &batch)
        guard !isStopped, !casts.isEmpty || !batch.operations.isEmpty else { return }
        write(batch, synced: false)
        guard !isStopped else { return }
        events += casts.map { .cast($0) }
    }

    func write(_ batch: WriteBatch, synced: Bool) {
        let before = SystemTime.monotonic
        do throws(ChainStoreError) {
            try store.write(batch, synced: synced)
        } catch {
            return fail(error)
        }
        if synced { countSync(since: before) }
    }

    private func countSync(since before: Duration) {
        let elapsed = SystemTime.monotonic - before
        meter.synced(elapsed)
        count { statistics in
            statistics.syncedWrites += 1
            statistics.syncedWriteNanoseconds += UInt64(max(0, elapsed / .nanoseconds(1)))
        }
    }

    private func traffic(_ outgoing: Engine.Outgoing) -> ChainNetwork.Traffic {
        switch outgoing {
        case .vote, .certificate: .consensus
        case .proposal: .sync
        }
    }

    private func encode(_ outgoing: Engine.Outgoing) -> [UInt8] {
        switch outgoing {
        case .vote(let vote): Message.vote(vote).encoded
        case .certificate(let certificate): Message.certificate(certificate).encoded
        case .proposal(let block): Message.proposal(block.proposal).encoded
        }
    }

    private func start(_ timer: Engine.Timer, after delay: Duration) {
        timers[timer].map { loop.cancel($0) }
        timers[timer] = loop.schedule(after: delay) { [weak self] in
            self?.assumeIsolated { chain in
                chain.timers[timer] = nil
                chain.handle(.timerFired(timer))
            }
        }
    }

    // MARK: Blocks

    func view(of parent: Digest) -> (tip: LedgerTip, view: any StateView)? {
        if parent == head { return (tip, state) }
        var layers: [ExecutedBlock] = []
        var hash = parent
        while hash != head {
            guard let layer = executed[hash], let block = bodies[hash] else { return nil }
            layers.append(layer)
            hash = block.header.parent.hash
        }
        return layers.first.map { ($0.tip, OverlayView(layers, over: state)) }
    }

    func remember(_ block: ExecutedBlock, as hash: Digest) {
        if let old = executed.updateValue(block, forKey: hash) { mempool.settled(old) }
        mempool.executed(block)
    }

    func forget(_ hash: Digest) {
        bodies[hash] = nil
        if let block = executed.removeValue(forKey: hash) { mempool.settled(block) }
    }

    func verdict(on time: Timestamp?) -> Engine.Verdict {
        guard let time else { return .invalid }
        let now = SystemTime.utc
        let skew = max(now.milliseconds(since: time), time.milliseconds(since: now))
        // Catch-up hands over blocks as old as they are: they are followed, and not voted for.
        return skew <= rules.genesis.limits.clockSkew ? .valid : .untimely
    }

    private func propose(_ order: Engine.Order) {
        if let record = order.echoes { return propose(order, record, body: []) }
        guard signer != nil, let parent = view(of: order.parent.hash) else { return }
        guard let limits = try? RuleBook.limits(after: parent.tip, from: parent.view) else {
            return fail(.damaged("limits"))
        }
        let included = Set(executedOn(order.parent.hash).flatMap { $0.transactions.map(\.id) })
        let now = SystemTime.utc
        let time = max(now, Timestamp(parent.tip.record.time.rawValue + 1))
        var candidates: [Verified<ParsedTransaction>] = []
        if !order.mustBeEmpty {
            candidates = mempool.candidates(
                at: time, bytesMax: limits.blockBytes,
                countMax: blockPace.countMax(limit: Int(limits.blockTransactions)), excluding: included)
        }
        if candidates.isEmpty, !order.mustBeEmpty, mempool.hasFree {
            for expired in mempool.dropExpired(at: time) { resolve(expired, .failure(.dropped)) }
        }
        let block: ExecutedBlock
        do throws(BlockFault) {
            let before = SystemTime.monotonic
            let prepared = try rules.prepare(
                candidates, recovery: recovery(on: parent.tip), at: time, on: parent.tip, over: parent.view,
                with: &hash)
            blockPace.executed(candidates.count, in: SystemTime.monotonic - before)
            block = prepared.block
            for (id, _) in prepared.faults {
                for dropped in mempool.discard(id) { resolve(dropped, .failure(.dropped)) }
            }
        } catch {
            if case .state(let error) = error { fail(.damaged(String(describing: error))) }
            return
        }
        propose(order, block.tip.recordID, body: block.block.encoded, block)
    }

    /// Signs the block and hands it to the engine; `block` is what came of it, nil for an echo (S-13).
    private func propose(_ order: Engine.Order, _ record: CID, body: [UInt8], _ block: ExecutedBlock? = nil) {
        let header = order.header(record: record, body: hash.digest(body))
        let signed = Proposal.signedBody(
            epoch: order.epoch, view: order.view, hash: hash.digest(header.encoded))
        guard let signature = signature(ofProposal: signed, in: order.view) else { return }
        let proposal = Proposal(header: header, signature: signature, body: body)
        guard let built = Block(proposal, with: &hash), let verified = signatures.verified(built, in: context) else {
            return log(.error, "own_block_refused", ["view": .counter(order.view)])
        }
        bodies[built.hash] = built
        if let block { remember(block, as: built.hash) }
        meter.proposed(order.view)
        events.append(.built(verified))
        lastBacklog = Engine.Backlog(hasUnfinalised: lastBacklog.hasUnfinalised, hasUnproposed: false)
        refreshBacklog()
    }

    private func executedOn(_ hash: Digest) -> [ExecutedBlock] {
        var layers: [ExecutedBlock] = []
        var hash = hash
        while let layer = executed[hash], let block = bodies[hash] {
            layers.append(layer)
            hash = block.header.parent.hash
        }
        return layers
    }

    private func commit(
        _ blocks: [Block], _ finalization: Certificate, _ batch: inout WriteBatch, echoes: [Block] = []
    ) {
        let pairs = blocks.compactMap { block in executed[block.hash].map { (block: block, executed: $0) } }
        guard pairs.count == blocks.count, let last = pairs.last else {
            return fail(.damaged("a finalised block was not executed"))
        }
        // What this turn persisted before is older than what becomes final now, and must not outlive it.
        if !batch.operations.isEmpty {
            write(batch, synced: false)
            batch = WriteBatch()
        }
        do throws(ChainStoreError) {
            try store.commit(pairs, finalization: finalization, echoes: echoes)
        } catch {
            return fail(error)
        }
        tip = last.executed.tip
        head = last.block.hash
        finalisedAt = SystemTime.monotonic
        meter.finalised(last.block.view)
        admission = nil
        for (block, result) in pairs {
            state.committed(result)
            finalised(block, result)
        }
        for block in bodies.values where block.view <= last.block.view { forget(block.hash) }
        refreshBacklog()
    }

    private func finalised(_ block: Block, _ result: ExecutedBlock) {
        count { statistics in
            statistics.finalisedBlocks += 1
            statistics.finalisedTransactions += UInt64(result.transactions.count)
        }
        for id in mempool.finalised(result) { resolve(id, .failure(.dropped)) }
        checker.forget(result.transactions)
        for (index, transaction) in result.transactions.enumerated() {
            resolve(
                transaction.id,
                .success(
                    TransactionOutcome(
                        id: transaction.id, height: result.record.height, index: UInt32(index),
                        result: result.results[index])))
        }
        log(
            .info, "finalised",
            [
                "height": .counter(result.record.height), "view": .counter(block.view),
                "transactions": .count(result.transactions.count),
            ])
        for listener in listeners { listener(FinalisedBlock(block: block, executed: result)) }
    }

    // MARK: Notices

    private func report(_ notice: Engine.Notice) {
        switch notice {
        case .entered(let view, let kind):
            if kind == .nullify { count { $0.nullifiedViews += 1 } }
            if kind == .notarize { meter.notarized(before: view) }
            log(.debug, "entered", ["view": .counter(view), "by": .word(String(describing: kind))])
        case .conflict(let first, let second):
            meter.caught(first.signer)
            log(
                .error, "validator_signed_twice",
                [
                    "view": .counter(first.view), "member": .id(validators[first.signer]?.id ?? .zero),
                    "first": .word(String(describing: first.ballot.kind)),
                    "second": .word(String(describing: second.ballot.kind)),
                ])
            accuse(first, second)
        case .contradiction(let first, let second):
            accuse(first, second)
            log(.error, "certificates_contradict", ["view": .counter(first.view)])
        case .guardBehind(let ballot):
            log(.error, "guard_behind", ["view": .counter(ballot.view)])
        case .invalidBlock(let block): log(.warning, "invalid_block", ["view": .counter(block.view)])
        case .invalidFinalised(let block):
            log(.error, "invalid_finalised_block", ["view": .counter(block.view)])
        case .stalled(let view, let missing):
            let names = missing.compactMap { validators[$0]?.id.hex.prefix(12) }.joined(separator: ",")
            log(.debug, "repeated", ["view": .counter(view), "missing": .word(names)])
        case .full(let table):
            // Finalizations come faster than blocks to whoever catches up: nothing for an operator.
            log(table == .targets ? .debug : .warning, "table_full", ["table": .word(String(describing: table))])
        }
    }
}
