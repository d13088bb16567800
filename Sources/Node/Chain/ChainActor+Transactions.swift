import Consensus
import Crypto
import EventLoop
import Ledger
package import Primitives
package import Wire

/// How transactions come in and what their senders hear.
extension ChainActor {
    /// Takes in a signed transaction; its id.
    ///
    /// - Throws: why it may not stand in a block, would fail, or finds no room.
    @discardableResult
    @concurrent
    package nonisolated func submit(_ bytes: [UInt8]) async throws(SubmitError) -> TransactionID {
        try await submit(try await checked(bytes))
    }

    /// Signatures are checked where the caller is; what fails is counted here.
    @concurrent
    private nonisolated func checked(_ bytes: [UInt8]) async throws(SubmitError) -> Verified<ParsedTransaction> {
        let answer = checker.check(bytes)
        if case .failure(let error) = answer { await refused([error], isMessage: false) }
        return try answer.get()
    }

    /// Takes in a list of signed transactions: for each in its place the id, or why it was not taken.
    @concurrent
    package nonisolated func submit(_ list: [[UInt8]]) async -> [Result<TransactionID, SubmitError>] {
        var answers: [Result<TransactionID, SubmitError>] = []
        var rest = await checker.checkAll(list)[...]
        while !rest.isEmpty {
            answers += await submit(Array(rest.prefix(Self.admissionsPerTurn)))
            rest = rest.dropFirst(Self.admissionsPerTurn)
        }
        return answers
    }

    private func submit(
        _ list: [Result<Verified<ParsedTransaction>, SubmitError>]
    ) -> [Result<TransactionID, SubmitError>] {
        list.map { checked in
            do throws(SubmitError) {
                return .success(try submit(try checked.get()))
            } catch {
                if case .failure = checked { meter.refused(error) }
                return .failure(error)
            }
        }
    }

    private func submit(_ transaction: Verified<ParsedTransaction>) throws(SubmitError) -> TransactionID {
        guard !isStopped else { throw .stopped }
        do throws(SubmitError) {
            try take(transaction)
        } catch {
            meter.refused(error)
            throw error
        }
        own[transaction.value.id] = SystemTime.monotonic
        outgoing.append(transaction.value.bytes)
        if outgoing.count == 1 {
            // Those that come in the same turn leave in one message.
            loop.schedule(after: .zero) { [weak self] in self?.assumeIsolated { $0.flushTransactions() } }
        }
        return transaction.value.id
    }

    /// Takes in a signed transaction and waits until it is final.
    ///
    /// - Throws: as `submit`, or when it was dropped or is not final in time.
    @concurrent
    package nonisolated func execute(
        _ bytes: [UInt8], within patience: Duration
    ) async throws(SubmitError) -> TransactionOutcome {
        try await execute(try await checked(bytes), within: patience)
    }

    private func execute(
        _ transaction: Verified<ParsedTransaction>, within patience: Duration
    ) async throws(SubmitError) -> TransactionOutcome {
        let id = transaction.value.id
        do throws(SubmitError) {
            _ = try submit(transaction)
        } catch {
            // The same transaction handed in again hears what became of it.
            guard case .faulty(.alreadyIncluded) = error, let outcome = outcome(of: id) else { throw error }
            return outcome
        }
        return try await outcome(of: id, within: patience)
    }

    /// What became of a transaction; nil when it is not on the ledger.
    package func outcome(of id: TransactionID) -> TransactionOutcome? {
        guard let position = try? store.position(of: id), let result = TransactionResult(code: position.code) else {
            return nil
        }
        return TransactionOutcome(id: id, height: position.height, index: position.index, result: result)
    }

    /// Waits until a pending transaction is final.
    package func outcome(of id: TransactionID, within patience: Duration) async throws(SubmitError)
        -> TransactionOutcome
    {
        let isPending = mempool.contains(id)
        if !isPending, let outcome = outcome(of: id) { return outcome }
        guard !isStopped else { throw .stopped }
        guard isPending || mempool.contains(id) || executed.values.contains(where: { $0.memories[id] != nil }) else {
            throw .dropped
        }
        guard waiterCount < Self.waitersMax else { throw .tooManyWaiting }
        waiterCount += 1
        lastWaiter += 1
        let number = lastWaiter
        let result: Result<TransactionOutcome, SubmitError> = await withCheckedContinuation { continuation in
            // Other jobs of the actor may have run since the look above, and the block may have become final in them.
            if !mempool.contains(id), let outcome = outcome(of: id) {
                waiterCount -= 1
                return continuation.resume(returning: .success(outcome))
            }
            let timer = loop.schedule(after: patience) { [weak self] in
                self?.assumeIsolated { $0.expire(id, number) }
            }
            waiters[id, default: []].append(Waiter(continuation: continuation, timer: timer, number: number))
        }
        return try result.get()
    }

    private func expire(_ id: TransactionID, _ number: Int) {
        guard let index = waiters[id]?.firstIndex(where: { $0.number == number }),
            let waiter = waiters[id]?.remove(at: index)
        else { return }
        if waiters[id]?.isEmpty ?? false { waiters[id] = nil }
        waiterCount -= 1
        waiter.continuation.resume(returning: .failure(.timedOut(id)))
    }

    func resolve(_ id: TransactionID, _ result: Result<TransactionOutcome, SubmitError>) {
        own[id] = nil
        for waiter in waiters.removeValue(forKey: id) ?? [] {
            waiterCount -= 1
            loop.cancel(waiter.timer)
            waiter.continuation.resume(returning: result)
        }
    }

    /// Checked transactions that another node sends on.
    func receiveTransactions(_ list: [Verified<ParsedTransaction>]) {
        guard !isStopped else { return }
        for transaction in list {
            do throws(SubmitError) {
                try take(transaction)
            } catch {
                meter.refused(error)
                log(
                    .debug, "transaction_refused",
                    ["id": .id(transaction.value.id), "why": .word(String(describing: error))])
            }
        }
    }

    func resendTransactions() {
        // Links lose nothing while they stand: what was sent a moment ago is on its way, and all of it together would
        // drown the votes. So each node says its own again, one message at a time, the longest unsaid first.
        let now = SystemTime.monotonic
        let due = own.filter { now - $0.value >= Self.resendPause }.sorted { ($0.value, $0.key) < ($1.value, $1.key) }
        let envelopes = due.prefix(Self.transactionsPerMessageMax).compactMap { id, _ in
            own[id] = now
            return mempool.envelope(id)
        }
        send(envelopes)
    }

    private func flushTransactions() {
        let envelopes = outgoing
        outgoing = []
        send(envelopes)
    }

    private func send(_ envelopes: [[UInt8]]) {
        var rest = envelopes[...]
        while !rest.isEmpty {
            let part = rest.prefix(Self.transactionsPerMessageMax)
            rest = rest.dropFirst(part.count)
            log(.debug, "transactions_sent", ["count": .count(part.count)])
            network.broadcast(.transactions, TransactionMessage(envelopes: Array(part)).encoded)
        }
    }

    // MARK: Steps

    private func take(_ transaction: Verified<ParsedTransaction>) throws(SubmitError) {
        if mempool.contains(transaction.value.id) { return }
        log(.debug, "transaction_taken", ["id": .id(transaction.value.id)])
        let answer: Mempool.Answer
        do throws(StateError) {
            var judge = try currentAdmission()
            // Held once, so that judging copies nothing.
            admission = nil
            answer = mempool.receive(transaction, judged: try judge.judge(transaction, with: &hash))
            admission = judge
        } catch {
            fail(.damaged(String(describing: error)))
            throw .stopped
        }
        switch answer {
        case .taken where lastBacklog.hasUnproposed: break  // The engine knows that there is something.
        case .taken: refreshBacklog()
        case .known: break
        case .busy(let milliseconds): throw .busy(retryAfterMilliseconds: milliseconds)
        case .faulty(let fault): throw .faulty(fault)
        case .failing(let result): throw .failing(result)
        }
    }

    private func currentAdmission() throws(StateError) -> Admission {
        if let admission { return admission }
        let time = max(SystemTime.utc, Timestamp(tip.record.time.rawValue + 1))
        return try Admission(rules, at: time, on: tip, over: state)
    }

    /// Tells the engine when what waits has changed in a way that matters to it.
    func refreshBacklog() {
        let backlog = Engine.Backlog(hasUnfinalised: mempool.hasPending, hasUnproposed: mempool.hasFree)
        guard backlog != lastBacklog else { return }
        lastBacklog = backlog
        handle(.backlog(backlog))
    }
}

/// Transactions on their way between nodes: `{v, txs}`.
package struct TransactionMessage: WireObject {
    package static let version: UInt64 = 1
    package let envelopes: [[UInt8]]

    package init(envelopes: [[UInt8]]) { self.envelopes = envelopes }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 2)
        try reader.key("v")
        guard try reader.unsigned() == Self.version else { throw .badValue(field: "v") }
        try reader.key("txs")
        envelopes = try reader.array(max: ChainActor.transactionsPerMessageMax) { inner throws(WireError) in
            try inner.byteString(max: CeilingOf.transactionBytes)
        }
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 2)
        writer.key("v")
        writer.unsigned(Self.version)
        writer.key("txs")
        writer.array(envelopes) { $0.byteString($1) }
    }
}
