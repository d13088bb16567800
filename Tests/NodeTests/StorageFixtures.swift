import Crypto
import EventLoop
import KeyValue
import Ledger
import Node
import Primitives
import Wire

/// A store of a network of one validator, filled block by block.
final class FilledStore {
    let documents: Documents
    let scratch: Scratch
    var settings: StorageSettings
    private(set) var store: ChainStore
    private var filler: LedgerFiller
    /// Ids in the order of the log.
    private(set) var ids: [TransactionID] = []
    private var time: Timestamp

    var path: String { scratch.path + "/ledger" }
    var tip: LedgerTip { get throws { try store.tip() } }

    init(_ settings: StorageSettings = StorageSettings()) throws {
        documents = try Documents(validators: 1)
        scratch = try Scratch()
        self.settings = settings
        store = try ChainStore(path: scratch.path + "/ledger", rules: documents.rules, settings: settings)
        filler = try Self.filler(store, documents)
        time = SystemTime.utc
    }

    private static func filler(_ store: ChainStore, _ documents: Documents) throws -> LedgerFiller {
        try LedgerFiller(store, rules: documents.rules, keys: [documents.nodes[0].keys.sign])
    }

    /// Settings under which bodies move after every block, and a file holds a few.
    static var small: StorageSettings {
        var settings = StorageSettings()
        settings.moveByteCount = 1
        settings.segmentByteCount = 4_096
        return settings
    }

    func fill(blocks: Int, transactions: Int = 1) throws {
        for _ in 0..<blocks { try add(try (0..<transactions).map { _ in try documents.admission() }) }
    }

    /// A block of these.
    func add(_ envelopes: [[UInt8]], after milliseconds: UInt64 = 10) throws {
        time = time.adding(milliseconds: milliseconds)
        ids += try filler.add(envelopes, at: time).transactions.map(\.id)
    }

    /// The next block is so much later.
    func pass(milliseconds: UInt64) { time = Timestamp(time.rawValue + milliseconds) }

    func close() { store.close() }

    func reopen() throws {
        store.close()
        store = try ChainStore(path: path, rules: documents.rules, settings: settings)
        filler = try Self.filler(store, documents)
    }

    func verify() throws -> ChainVerifier.Report {
        var verifier = try ChainVerifier(store, rules: documents.rules)
        return try verifier.run()
    }

    var segments: [String] { DurableDirectory.names(in: path + "/blocks") }

    /// Changes what lies on the disk while the store is closed.
    func tamper(_ body: (KeyValueStore) throws -> Void) throws {
        store.close()
        let keys = try KeyValueStore(path: path)
        try body(keys)
        keys.close()
    }
}
