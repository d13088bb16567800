internal import EventLoop
internal import FoundationEssentials
internal import HTTP
internal import Ledger
internal import Node
internal import Primitives
internal import RPC
internal import Synchronization
internal import Wire

/// `sotto light follow|checkpoint|alarm`: the ledger by its records alone.
enum LightCommands {
    static let follow = Command(
        "light follow", "Follow a ledger without storing it, and notice if there are two.",
        description: """
            Goes from the genesis document of the data directory, or from where it stood, to the newest record of a
            node: validator epoch by validator epoch, each record signed by a quorum. A record is taken when the
            witnesses show the very same: two of them, or all if there are fewer. If two final records of one height
            turn up, it stops for good, writes the proof and the votes that contradict each other to data/light, and
            leaves with 1.
            """,
        flags: NodeConnection.flags + [
            .init("--witness", "URLS", "Other nodes to ask, comma-separated. Default the setting light.witnesses."),
            .init("--checkpoint", "FILE", "Begin here instead of at genesis; trust where you have it from."),
            .init("--restart", "Forget where it stood, and begin anew."),
            .init("--once", "Stop when nothing newer is there."),
        ],
        example: "sotto light follow --node http://10.0.0.1:7440 --witness http://10.0.0.2:7440,http://10.0.0.3:7440"
    ) { invocation throws(CommandError) in
        let stop = invocation.has("--once") ? nil : try StopSignal()
        let (follower, store) = try await open(invocation)
        let isStopped = Flag()
        var unconfirmed = 0
        // Ends with the signal, or with the program.
        if let stop {
            Task {
                await stop.wait()
                isStopped.value.withLock { $0 = true }
            }
        }
        repeat {
            let round = try await explained { () throws(FollowError) in try await follower.round() }
            switch round {
            case .unchanged: if invocation.has("--once") { return try await said(follower, invocation) }
            case .advanced(let proven, let witnesses): say(proven, "final", witnesses, invocation)
            case .unconfirmed(let proven, let witnesses):
                say(proven, "too few witnesses show it", witnesses, invocation)
                unconfirmed += 1
                if invocation.has("--once"), unconfirmed == Self.patience {
                    throw CommandError(
                        .refused, "only \(witnesses) witnesses show record \(proven.record.height)",
                        hint: "are they running, and of this network?")
                }
            }
            try? await Task.sleep(for: .milliseconds(500))
        } while !isStopped.value.withLock { $0 }
        await store.close()
    }

    /// Rounds in which witnesses may be behind before `--once` gives up.
    private static let patience = 10

    /// Set by a signal, read between rounds.
    private final class Flag: Sendable { let value = Mutex(false) }

    static let checkpoint = Command(
        "light checkpoint", "Write where the light client stands, for another to begin from.",
        description: """
            Writes the newest record that sotto light follow has taken, with its finality proof and the validators that
            decided it. Whoever begins from the file trusts you instead of walking from genesis.
            """,
        flags: [.init("--output", "FILE", "Where to write.")],
        example: "sotto light checkpoint --output checkpoint.cbor --home ./alice"
    ) { invocation throws(CommandError) in
        let path = try invocation.required("--output", "FILE")
        let home = try HomeFiles(invocation)
        let store = try store(home, try home.rules().chain)
        guard let checkpoint = try await stored({ () throws(LightStoreError) in try await store.checkpoint() }) else {
            throw CommandError(.settings, "the light client has taken no record yet", hint: "sotto light follow --once")
        }
        guard (try? Data(checkpoint.encoded).write(to: URL(filePath: path))) != nil else {
            throw CommandError("cannot write \(path)")
        }
        Output.line("record \(checkpoint.proven.record.height) in \(path)")
    }

    static let alarm = Command(
        "light alarm", "Show why the light client stopped, and write the proof to a file.",
        description: """
            Shows the two final records that sotto light follow found at one height, and which validators' keys signed
            both. With --output the whole proof is written, for the other operators. With --submit the member of the
            data directory puts each pair of votes on the ledger of the node, as evidence; who signed both then leaves.
            """,
        flags: MemberConnection.flags + [
            .init("--output", "FILE", "Write the proof here."),
            .init("--submit", "Put the evidence on the ledger."),
        ],
        example: "sotto light alarm --output alarm.cbor --home ./alice"
    ) { invocation throws(CommandError) in
        let home = try HomeFiles(invocation)
        let store = try store(home, try home.rules().chain)
        guard let alarm = try await stored({ () throws(LightStoreError) in try await store.alarm() }) else {
            return Output.line("no alarm: all records that were seen belong to one ledger")
        }
        if let path = invocation.flag("--output") {
            guard (try? Data(alarm.encoded).write(to: URL(filePath: path))) != nil else {
                throw CommandError("cannot write \(path)")
            }
        }
        Output.line("two final records of height \(alarm.first.record.height)")
        Output.line(
            Table.titled(
                ["validator key", "epoch", "view"],
                alarm.evidence.map { [$0.key.hex, "\($0.epoch)", "\($0.view)"] }))
        guard invocation.has("--submit") else { return }
        let client = try await MemberConnection.open(invocation, home: home)
        for evidence in alarm.evidence {
            do throws(HomeError) {
                let outcome = try await client.submit(.evidence(evidence))
                Output.line("evidence against \(evidence.key.hex.prefix(16))… stands at height \(outcome.height)")
            } catch {
                Output.note("evidence against \(evidence.key.hex.prefix(16))…: \(error.explained.messages.joined())")
            }
        }
    }

    // MARK: Steps

    private static func open(
        _ invocation: Invocation
    ) async throws(CommandError) -> (LightFollower, LightStore) {
        let home = try HomeFiles(invocation)
        let rules = try home.rules()
        let values = try Settings.read(invocation)
        let primary = NodeLedger(try NodeConnection(invocation).client)
        let urls = invocation.flag("--witness").map { $0.split(separator: ",").map(String.init) }
        let witnesses = (urls ?? values.list("light.witnesses")).map { url in NodeLedger(LightFields.client(url)) }
        var start: LightCheckpoint?
        if let path = invocation.flag("--checkpoint") {
            guard let data = try? Data(contentsOf: URL(filePath: path)),
                let checkpoint = try? LightCheckpoint(decoding: [UInt8](data))
            else { throw CommandError(.usage, "\(path) is no checkpoint", hint: "sotto light checkpoint writes one") }
            start = checkpoint
        }
        if witnesses.isEmpty { Output.note("no witness: a node could show you another ledger than it shows others") }
        let store = try store(home, rules.chain)
        if invocation.has("--restart") { try await stored { () throws(LightStoreError) in try await store.forget() } }
        let follower = try await explained { [start] () throws(FollowError) in
            try await LightFollower(
                rules, primary: primary, witnesses: witnesses, store: store, from: start, log: NodeFields.log(values))
        }
        return (follower, store)
    }

    static func store(_ home: HomeFiles, _ chain: ChainID) throws(CommandError) -> LightStore {
        try home.make()
        do throws(LightStoreError) {
            return try LightStore(path: home.lightPath, chain: chain)
        } catch {
            throw explain(error, home.lightPath)
        }
    }

    private static func stored<Value>(
        _ body: () async throws(LightStoreError) -> Value
    ) async throws(CommandError) -> Value {
        do throws(LightStoreError) {
            return try await body()
        } catch {
            throw explain(error, "data/light")
        }
    }

    private static func explain(_ error: LightStoreError, _ path: String) -> CommandError {
        switch error {
        case .failed(let why):
            CommandError("\(path) cannot be used: \(why)", hint: "does another sotto follow from this data directory?")
        case .otherChain: CommandError(.settings, "\(path) belongs to another network than genesis.cbor")
        case .damaged: CommandError("\(path) is damaged", hint: "move it away and follow anew")
        }
    }

    static func explained<Value>(_ body: () async throws(FollowError) -> Value) async throws(CommandError) -> Value {
        do throws(FollowError) {
            return try await body()
        } catch {
            switch error {
            case .node(let error): throw error.explained
            case .store(let error): throw explain(error, "data/light")
            case .expired(let time):
                throw CommandError(
                    .refused, "the light client's last record, of time \(time), is older than the trust period",
                    hint: "begin anew with --restart, or from a fresh --checkpoint after it")
            case .forked(let alarm):
                throw CommandError(
                    "the ledger was split: two final records of height \(alarm.first.record.height), and "
                        + "\(alarm.evidence.count) validators signed both",
                    hint: "trust neither; sotto light alarm --output FILE writes the proof for the other operators")
            case .badCheckpoint(let fault): throw CommandError(.refused, "the checkpoint: \(fault.sentence)")
            }
        }
    }

    private static func say(_ proven: ProvenRecord, _ what: String, _ witnesses: Int, _ invocation: Invocation) {
        let record = proven.record
        if invocation.wantsJSON {
            return Output.json(
                [
                    "height": .unsigned(record.height.rawValue), "epoch": .unsigned(record.epoch.rawValue),
                    "stateRoot": .string(record.stateRoot.hex), "logRoot": .string(record.logRoot.hex),
                    "logSize": .unsigned(record.logSize), "witnesses": .unsigned(UInt64(witnesses)),
                    "what": .string(what),
                ], pretty: false)
        }
        Output.line(
            "record \(record.height) of validator epoch \(record.epoch): \(what), \(witnesses) witnesses, log of "
                + "\(record.logSize) with root \(record.logRoot.hex.prefix(16))…")
    }

    private static func said(_ follower: LightFollower, _ invocation: Invocation) async throws(CommandError) {
        guard let head = await follower.head else { return Output.note("the network has no final block yet") }
        if invocation.wantsJSON { return }
        Output.note("record \(head.record.height) is the newest")
    }
}

/// The settings of a light client.
enum LightFields {
    static let all = [
        SettingsField(
            "node.role", .choice(["full", "peer"]), default: "full",
            "full keeps the ledger, and votes where the ledger says so; peer follows client.node as a light client."),
        SettingsField(
            "light.witnesses", .list, default: "",
            "URLs of nodes that a light client asks whether they see the same ledger, comma-separated."),
    ]

    static func client(_ url: String) -> RPCClient {
        let base = url.hasSuffix("/") ? String(url.dropLast()) : url
        var settings = HTTPClientSettings()
        settings.timeout = .seconds(10)
        return RPCClient(
            http: HTTPClient(loop: GLibLoop(name: "witness"), settings: settings),
            url: base.hasSuffix(RPCServer.path) ? base : base + RPCServer.path)
    }
}
