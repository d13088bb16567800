import Consensus
import Crypto
import EventLoop
import Ledger
import Primitives
import Wire

/// How proposed blocks are judged. A block whose transactions came with it, and not before, waits until the pool has
/// checked their signatures; votes and timers go on meanwhile.
extension ChainActor {
    /// As many unchecked transactions the chain's thread checks itself rather than wait for others.
    private static let uncheckedMax = 4

    /// Judges a block now or, when its signatures must be checked first, later.
    func validate(_ hash: Digest, _ check: Engine.Check) {
        if let verdict = verdict(on: hash, check, mayWait: true) { events.append(.validated(hash, verdict)) }
    }

    /// Nil: its signatures are being checked, and the verdict comes as an event.
    private func verdict(on hash: Digest, _ check: Engine.Check, mayWait: Bool) -> Engine.Verdict? {
        guard let block = bodies[hash], let parent = view(of: check.parent) else { return .invalid }
        if executed[hash] != nil { return verdict(on: executed[hash]?.record.time) }
        guard let content = try? LedgerBlock(decoding: block.proposal.body),
            content.record.cid(with: &self.hash) == block.header.record
        else { return .invalid }
        let known = checker.known(content.transactions, with: &self.hash)
        if mayWait, known.count(where: { $0 == nil }) > Self.uncheckedMax {
            let unchecked = zip(content.transactions, known).filter { $0.1 == nil }.map(\.0)
            Task {  // Ends with the verdict.
                _ = await checker.checkAll(unchecked)
                conclude(hash, check)
            }
            return nil
        }
        var transactions: [Verified<ParsedTransaction>] = []
        transactions.reserveCapacity(known.count)
        for (bytes, known) in zip(content.transactions, known) {
            guard let transaction = try? known ?? checker.check(bytes, with: &self.hash).get() else { return .invalid }
            transactions.append(transaction)
        }
        do throws(BlockFault) {
            let before = SystemTime.monotonic
            let recovery = try recovery(in: content, on: parent.tip)
            let result = try rules.process(
                content.record, transactions, recovery: recovery, on: parent.tip, over: parent.view, with: &self.hash)
            blockPace.executed(transactions.count, in: SystemTime.monotonic - before)
            remember(result, as: hash)
        } catch {
            if case .state(let error) = error { fail(.damaged(String(describing: error))) }
            log(.warning, "block_refused", ["view": .counter(block.view), "fault": .word(String(describing: error))])
            return .invalid
        }
        refreshBacklog()
        if block.view == engine.view { meter.skewed(by: content.record.time) }
        // Too many blocks wait for finality: one with transactions is followed when certified, and not voted for.
        if check.mustBeEmpty, !content.transactions.isEmpty { return .untimely }
        return verdict(on: content.record.time)
    }

    /// The signatures were checked: those that hold are known now. The engine ignores the verdict on a block that it
    /// has dropped meanwhile.
    private func conclude(_ hash: Digest, _ check: Engine.Check) {
        guard !isStopped, engine.holds(hash), let verdict = verdict(on: hash, check, mayWait: false) else { return }
        handle(.validated(hash, verdict))
    }
}
