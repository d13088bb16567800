package import Primitives

/// Decides what a mempool takes in: the functions that execute blocks, run against the newest state, with nothing
/// kept. Make one for each new tip.
package struct Admission {
    /// What to do with a transaction.
    package enum Verdict: Equatable, Sendable {
        /// It would succeed in a block now; `charged` is the member whose quota it uses.
        case admitted(charged: MemberID)
        /// It would succeed at the earliest after this transaction.
        case waits(for: TransactionID, charged: MemberID)
        /// It may stand in no block.
        case faulty(TransactionFault)
        /// It would be recorded as a failure.
        case failing(TransactionResult)
    }

    private var execution: Execution

    /// Against the state of `tip`, as for a block at `time`.
    package init(
        _ rules: RuleBook, at time: Timestamp, on tip: LedgerTip, over view: any StateView
    ) throws(StateError) {
        execution = try rules.begin(nil, at: time, on: tip, over: view)
    }

    /// Judges one transaction (rule LG-30).
    package mutating func judge(
        _ transaction: Verified<ParsedTransaction>, with hash: inout some Hashing
    ) throws(StateError) -> Verdict {
        let parsed = transaction.value
        if let fault = try execution.fault(of: parsed) { return .faulty(fault) }
        let result = try execution.attempt(parsed, with: &hash)
        switch result {
        case .succeeded: return .admitted(charged: try execution.charged(for: parsed))
        case .failed(.predecessorMissing):
            guard let after = parsed.transaction.after, try execution.result(of: after) == nil else {
                return .failing(result)
            }
            return .waits(for: after, charged: try execution.charged(for: parsed))
        case .failed, .refusedByPolicy, .leaseRefused: return .failing(result)
        }
    }
}
