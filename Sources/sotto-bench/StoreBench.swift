internal import Crypto
internal import EventLoop
internal import FoundationEssentials
internal import KeyValue
internal import Ledger
internal import Node
internal import Primitives
internal import Rights
internal import Wire

/// One node's store, filled through the executor without a network: how time, memory and disk for each transaction
/// change as it grows.
enum StoreBench {
    private static let transactionsPerBlock = 500
    /// Measurements on the way.
    private static let stations = 10

    static func run(transactions: Int, into report: Report) throws {
        let path = try Leftovers.shared.directory() + "/ledger"
        let testnet = try Testnet(name: "store", validators: 1, time: SystemTime.utc)
        let node = testnet.nodes[0]
        var hash = SHA256()
        let rules = RuleBook(genesis: testnet.genesis, judge: PolicyJudge(), with: &hash)
        var maker = StoreLoad(node: node, chain: rules.chain)
        let store = try ChainStore(path: path, rules: rules)
        var filler = try LedgerFiller(store, rules: rules, keys: [node.keys.sign])
        report.fact("store.transactions", "\(transactions), \(transactionsPerBlock) to a block, every block synced")
        report.fact("store.transaction", "call.open, and call.end in the next block")
        let perStation = max(1, transactions / stations / transactionsPerBlock)
        var time = SystemTime.utc
        var count = 0
        while count < transactions {
            var commits = Sample()
            var spent = Duration.zero
            for _ in 0..<perStation {
                let block = try self.block(&maker, rules, with: &hash)
                time = max(SystemTime.utc, Timestamp(time.rawValue + 1))
                let began = SystemTime.monotonic
                let executed = try filler.add(block, at: time)
                let elapsed = SystemTime.monotonic - began
                guard executed.results.allSatisfy({ $0 == .succeeded }) else { throw BenchError("a call failed") }
                commits.add(elapsed)
                spent += elapsed
                count += block.count
            }
            let name = "store.at\(count)"
            report.row(name + ".rate", Double(perStation * transactionsPerBlock) / (spent / .seconds(1)), "executed/s")
            report.latency(name + ".block", commits)
            report.row(name + ".disk", Double(size(of: path)) / Double(count), "bytes/transaction")
            report.row(name + ".memory", Double(memory()) / 1_048_576, "MiB resident")
        }
        let (before, after) = try store.compact()
        report.row("store.compacted.before", Double(before) / Double(count), "bytes/transaction")
        report.row("store.compacted.after", Double(after) / Double(count), "bytes/transaction")
        for (table, byteCount) in try store.byteCounts() where byteCount * 1_000 > after {
            report.row("store.table.\(table)", Double(byteCount) / Double(count), "bytes/transaction")
        }
        store.close()
    }

    /// Signed and checked outside of the time that is measured.
    private static func block(
        _ maker: inout StoreLoad, _ rules: RuleBook, with hash: inout SHA256
    ) throws -> [Verified<ParsedTransaction>] {
        let verifier = SignatureVerifier()
        var block: [Verified<ParsedTransaction>] = []
        for envelope in maker.block(of: transactionsPerBlock) {
            let parsed = try ParsedTransaction(
                envelope, chain: rules.chain, limits: rules.genesis.limits, with: &hash)
            guard let verified = verifier.verified(parsed, in: rules.chain) else { throw BenchError("bad signature") }
            block.append(verified)
        }
        return block
    }

    private static func size(of path: String) -> Int { DurableDirectory.byteCount(of: path) }

    private static func memory() -> Int {
        let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
        let fields = text.split(separator: " ")
        return fields.count > 1 ? (Int(fields[1]) ?? 0) * 4_096 : 0
    }
}

/// Signs calls of one home node: opened in one block, ended in the next.
private struct StoreLoad {
    let node: Testnet.Node
    let chain: ChainID
    private var open: [(call: CallID, minute: UInt64)] = []

    init(node: Testnet.Node, chain: ChainID) {
        self.node = node
        self.chain = chain
    }

    mutating func block(of count: Int) -> [[UInt8]] {
        var hash = SHA256()
        let now = SystemTime.utc
        var envelopes = open.map { sign(.callEnd(CallEnd(call: $0.call, minute: $0.minute)), at: now) }
        open = []
        while envelopes.count < count {
            let call = CallID(raw: SHA256.hash(SecureRandom.bytes(count: 32)).raw)
            let key = SigningKey.generate().publicKey
            let seat = CallSeat(
                key: key, certificate: SHA256.hash(SecureRandom.bytes(count: 32)),
                roster: CallSeat.rosterHash(call: call, keys: [key], with: &hash), minute: now.rawValue / 60_000)
            envelopes.append(sign(.callOpen(CallOpen(call: call, seat: seat, owner: node.member)), at: now))
            if open.count < count / 2 { open.append((call, seat.minute)) }
        }
        return envelopes
    }

    private func sign(_ operation: Ledger.Operation, at now: Timestamp) -> [UInt8] {
        let body = Transaction(
            operation, from: AuthorID(node.member), chain: chain,
            nonce: SecureRandom.bytes(count: Transaction.nonceByteCount), until: now.adding(milliseconds: 110_000)
        ).encoded
        return node.keys.sign.sign(.transaction, chain: chain, body: body).encoded
    }
}
