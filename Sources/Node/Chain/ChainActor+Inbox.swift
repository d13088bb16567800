import EventLoop
import Ledger
import Primitives
import Wire

/// How messages of other nodes come from the links' thread to the chain.
extension ChainActor {
    /// Transactions that the chain admits in one go: a few milliseconds, after which votes have their turn.
    static let admissionsPerTurn = 128

    /// Takes what waits, batch by batch; between two batches timers and other calls have their turn. From any thread.
    nonisolated func drain(_ inbox: Inbox) {
        loop.call { [weak self] in
            self?.assumeIsolated { chain in
                let batch = inbox.takeConsensus()
                for (peer, bytes) in batch { chain.receive(bytes, from: peer) }
                if !batch.isEmpty { chain.drain(inbox) }
            }
        }
    }

    /// Reads and checks the transactions that wait, on the pool, and hands them to the chain in their order.
    @concurrent
    nonisolated func admit(from inbox: Inbox) async {
        while case let messages = inbox.takeTransactions(), !messages.isEmpty {
            var envelopes: [[UInt8]] = []
            var refused: [SubmitError] = []
            for message in messages {
                do throws(WireError) {
                    envelopes += try TransactionMessage(decoding: message).envelopes
                } catch {
                    refused.append(.faulty(.malformed(error)))
                }
            }
            var taken: [Verified<ParsedTransaction>] = []
            for answer in await checker.checkAll(envelopes) {
                switch answer {
                case .success(let transaction): taken.append(transaction)
                case .failure(let error): refused.append(error)
                }
            }
            if !refused.isEmpty { await self.refused(refused, isMessage: true) }
            var rest = taken[...]
            while !rest.isEmpty {
                await receiveTransactions(Array(rest.prefix(Self.admissionsPerTurn)))
                rest = rest.dropFirst(Self.admissionsPerTurn)
            }
        }
    }

    /// Counts what was refused before it came to the chain.
    func refused(_ errors: [SubmitError], isMessage: Bool) {
        for error in errors { meter.refused(error) }
        if isMessage { count { $0.refusedMessages += UInt64(errors.count) } }
    }
}
