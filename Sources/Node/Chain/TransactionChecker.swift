import Crypto
import Ledger
import Primitives
import Synchronization
import Wire

/// Reads transactions and checks their signatures, each once, on whatever thread asks: the chain's thread, which votes,
/// has better things to do.
///
/// What was checked is kept until its block is final, so that neither a block nor a second copy costs it again. Two
/// generations bound that: when the younger is full, the older is forgotten.
final class TransactionChecker: Sendable {
    /// Transactions in one generation. It is full with as many bytes as a mempool holds, too.
    static let checkedMax = 65_536
    /// Transactions that one task checks: a few milliseconds, so that the cores share a large list.
    static let perTask = 32

    private struct Generation: Sendable {
        var transactions: [Digest: Verified<ParsedTransaction>] = [:]
        var byteCount: UInt64 = 0

        mutating func forget(_ envelope: Digest) {
            guard let gone = transactions.removeValue(forKey: envelope) else { return }
            byteCount -= UInt64(gone.value.bytes.count)
        }
    }

    private struct Checked: Sendable {
        var younger = Generation()
        var older = Generation()

        func find(_ envelope: Digest) -> Verified<ParsedTransaction>? {
            younger.transactions[envelope] ?? older.transactions[envelope]
        }

        mutating func add(_ transaction: Verified<ParsedTransaction>, _ envelope: Digest, byteCountMax: UInt64) {
            if younger.transactions.count >= TransactionChecker.checkedMax || younger.byteCount >= byteCountMax {
                older = younger
                younger = Generation()
            }
            guard younger.transactions.updateValue(transaction, forKey: envelope) == nil else { return }
            younger.byteCount += UInt64(transaction.value.bytes.count)
        }
    }

    private let rules: RuleBook
    private let verifier = SignatureVerifier()
    private let checked = Mutex(Checked())

    init(rules: RuleBook) { self.rules = rules }

    /// One transaction with its signatures checked, or why it may stand in no block.
    func check(_ bytes: [UInt8]) -> Result<Verified<ParsedTransaction>, SubmitError> {
        var hash = SHA256()
        return check(bytes, with: &hash)
    }

    /// As `check`, with a hash that is used again.
    func check(_ bytes: [UInt8], with hash: inout SHA256) -> Result<Verified<ParsedTransaction>, SubmitError> {
        let envelope = CID(of: bytes, .dagCBOR, with: &hash).digest
        if let known = checked.withLock({ $0.find(envelope) }) { return .success(known) }
        let parsed: ParsedTransaction
        do throws(TransactionFault) {
            parsed = try ParsedTransaction(bytes, chain: rules.chain, limits: rules.genesis.limits, with: &hash)
        } catch {
            return .failure(.faulty(error))
        }
        guard let verified = verifier.verified(parsed, in: rules.chain) else {
            return .failure(.faulty(.badSignature))
        }
        checked.withLock { $0.add(verified, envelope, byteCountMax: rules.genesis.limits.pendingBytes) }
        return .success(verified)
    }

    /// The answers to a list in its order, checked by several tasks of the pool at once.
    @concurrent
    func checkAll(_ list: [[UInt8]]) async -> [Result<Verified<ParsedTransaction>, SubmitError>] {
        guard list.count > Self.perTask else { return checkSome(list[...]) }
        let starts = stride(from: 0, to: list.count, by: Self.perTask)
        return await withTaskGroup(of: (Int, [Result<Verified<ParsedTransaction>, SubmitError>]).self) { group in
            for start in starts {
                group.addTask { (start, self.checkSome(list[start..<min(start + Self.perTask, list.count)])) }
            }
            var parts: [Int: [Result<Verified<ParsedTransaction>, SubmitError>]] = [:]
            for await (start, part) in group { parts[start] = part }
            return starts.flatMap { parts[$0] ?? [] }
        }
    }

    private func checkSome(_ list: ArraySlice<[UInt8]>) -> [Result<Verified<ParsedTransaction>, SubmitError>] {
        var hash = SHA256()
        return list.map { check($0, with: &hash) }
    }

    /// Those of a block that were checked before; nil in the place of each other one.
    func known(_ list: [[UInt8]], with hash: inout SHA256) -> [Verified<ParsedTransaction>?] {
        let envelopes = list.map { CID(of: $0, .dagCBOR, with: &hash).digest }
        return checked.withLock { checked in envelopes.map(checked.find) }
    }

    /// Forgets what has become final.
    func forget(_ transactions: [ParsedTransaction]) {
        checked.withLock { checked in
            for transaction in transactions {
                checked.younger.forget(transaction.envelopeID.digest)
                checked.older.forget(transaction.envelopeID.digest)
            }
        }
    }
}
