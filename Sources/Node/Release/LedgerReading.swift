package import Ledger

/// The newest final state, as a node has it: all of one read is of one record.
package protocol LedgerReading: Sendable {
    func read<Value: Sendable>(
        _ body: @Sendable (any StateView, LedgerTip) throws(StateError) -> Value
    ) async throws(StateError) -> Value
}

extension ChainActor: LedgerReading {}
