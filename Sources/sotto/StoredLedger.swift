internal import FoundationEssentials
internal import KeyValue
internal import Ledger
internal import Node

/// The store of a data directory that no node runs on.
struct StoredLedger {
    let store: ChainStore
    let rules: RuleBook

    init(_ home: HomeFiles, _ invocation: Invocation) throws(CommandError) {
        rules = try home.rules()
        guard FileManager.default.fileExists(atPath: home.ledgerPath) else {
            throw CommandError(.settings, "there is no store in \(home.ledgerPath)")
        }
        let settings = StorageFields.settings(try Settings.read(invocation))
        do throws(ChainStoreError) {
            store = try ChainStore(path: home.ledgerPath, rules: rules, settings: settings)
        } catch {
            throw Self.explain(error, home.ledgerPath)
        }
    }

    static func explain(_ error: ChainStoreError, _ path: String) -> CommandError {
        switch error {
        case .store(.locked): CommandError("\(path) is in use", hint: "stop the node first")
        case .store(.diskFull): CommandError("the disk of \(path) is full")
        case .store(.corrupt), .damaged:
            CommandError(
                "the store \(path) is damaged: \(error)",
                hint: "sotto snapshot restore --replace DIRECTORY, with a snapshot of another node")
        case .damagedSegment(let file, let offset, let height):
            CommandError(
                "\(path)/blocks/\(file) is damaged at byte \(offset), in the block of height \(height)",
                hint: "copy the file from another node's data, or sotto snapshot restore --replace DIRECTORY")
        case .missingSegment(let file):
            CommandError(
                "\(path)/blocks/\(file) is missing",
                hint: "copy the file from another node's data, or sotto snapshot restore --replace DIRECTORY")
        case .store(let error): CommandError("the store \(path) cannot be opened: \(error)")
        case .otherChain: CommandError(.settings, "\(path) belongs to another network than genesis.cbor")
        case .newerLayout(let version):
            CommandError("\(path) was written by a newer sotto (layout \(version))", hint: "upgrade sotto")
        case .unfinishedRestore:
            CommandError(
                "a snapshot was being restored to \(path), and that did not end",
                hint: "run sotto snapshot restore again, or remove \(SnapshotRestore.buildingPath(of: path))")
        case .pruned(let height): CommandError("the transactions of block \(height) are pruned here")
        case .erased(let height): CommandError("transactions of block \(height) are erased")
        }
    }
}

extension CommandError {
    /// A fault of a snapshot, with what may help at that step.
    init(_ fault: SnapshotFault, in path: String) {
        let chunk = fault.chunk.map { " (chunk \($0))" } ?? ""
        let hint: String? =
            switch fault.step {
            case .manifest: "is this a snapshot of this network? sotto snapshot list"
            case .chunk: "copy the chunk again from where the snapshot came from; the others need not be"
            case .heads, .log, .recent, .state: "do not trust whoever made this snapshot; take another node's"
            case .store: nil
            case .swap: "a node must be stopped; a store that is there is replaced with --replace only"
            }
        self.init("snapshot \(path), step \(fault.step.rawValue)\(chunk): \(fault.why)", hint: hint)
    }
}
