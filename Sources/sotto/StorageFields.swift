internal import Node
internal import RPC

/// The settings of a node's store.
enum StorageFields {
    static let all = [
        SettingsField(
            "storage.role", .choice(StorageSettings.Role.allCases.map(\.rawValue)), default: "full",
            "full forgets old versions of the state, and old blocks as storage.keepBlocks says; archive keeps all, "
                + "which takes several kilobytes for each changed fact."),
        SettingsField(
            "storage.keepBlocks", .integer(0...1 << 40), default: "0",
            "How many of the newest heights a full node keeps with their transactions, in whole files, so rather more; "
                + "0 keeps all. Records, finality proofs and the log stay in any case. The default is 0 because a "
                + "ledger that nobody has whole cannot be executed again from genesis."),
        SettingsField(
            "storage.keepState", .integer(64...1 << 40), default: "256",
            "For how many heights a full node keeps the state tree of the past, for proofs against a recent record."),
        SettingsField(
            "storage.segmentBytes", .byteCount(1 << 20...1 << 30), default: "64MiB",
            "How long a file of old blocks grows before the next begins. Pruning deletes whole files."),
        SettingsField(
            "storage.snapshotEvery", .integer(0...1 << 40), default: "0",
            "Make a snapshot of the ledger at each height that this number divides, for nodes that begin, and keep the "
                + "newest two of them in data/snapshots; 0 makes none. What lies there is handed out over the RPC in "
                + "any case. The default is 0 because a snapshot reads the whole state and takes as much disk again."),
        SettingsField(
            "storage.erasureSeconds", .integer(0...86_400), default: "600",
            "For how long, in the ledger's time, the body of an erased transaction stays for nodes that catch up; "
                + "nobody else is given it. A node that is further behind has to begin with a snapshot."),
    ]

    static func settings(_ values: SettingsValues) -> StorageSettings {
        var settings = StorageSettings()
        settings.role = StorageSettings.Role(rawValue: values.text("storage.role")) ?? .full
        settings.keepBlocks = values.integer("storage.keepBlocks")
        settings.keepState = values.integer("storage.keepState")
        settings.segmentByteCount = Int(values.integer("storage.segmentBytes"))
        settings.erasureSeconds = values.integer("storage.erasureSeconds")
        return settings
    }
}
