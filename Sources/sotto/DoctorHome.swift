internal import EventLoop
internal import FoundationEssentials
internal import Glibc
internal import Ledger
internal import Node
internal import Primitives
internal import RPC

/// What a look at a data directory finds, whether or not a node runs on it.
struct DoctorHome {
    let home: HomeFiles
    private(set) var findings: [Finding] = []

    init(_ home: HomeFiles) { self.home = home }

    /// The settings, when they are right.
    mutating func settings(_ invocation: Invocation) -> (values: SettingsValues, node: NodeSettings)? {
        do throws(CommandError) {
            let values = try Settings.read(invocation)
            let node = try NodeFields.settings(values, home: home)
            _ = try RPCFields.settings(values)
            let isThere = home.exists(Settings.fileName)
            findings.append(
                Finding("settings", .ok, isThere ? "\(home.settingsPath) is right" : "all at their defaults"))
            return (values, node)
        } catch {
            for message in error.messages {
                findings.append(Finding("settings", .fault, message, advice: "sotto settings template explains each"))
            }
            return nil
        }
    }

    /// The network's document and the member's, when they fit.
    mutating func documents() -> (genesis: Genesis, rules: RuleBook, member: MemberID)? {
        do throws(CommandError) {
            let genesis = try home.genesis()
            let rules = try home.rules()
            let member = try home.member()
            findings.append(Finding("genesis", .ok, "network \(genesis.name), chain \(rules.chain.hex.prefix(12))"))
            return (genesis, rules, member)
        } catch {
            findings.append(
                Finding(
                    "genesis", .fault, error.messages.joined(separator: "; "),
                    advice: error.hint ?? "bring genesis.cbor and registration.cbor back from where they were made"))
            return nil
        }
    }

    /// Who may read the keys.
    mutating func permissions() {
        let keys = home.path + "/keys"
        var open: [String] = []
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: keys)) ?? []).sorted()
        for (path, allowed) in [(keys, 0o700)] + names.map({ (keys + "/" + $0, 0o600) }) {
            var status = stat()
            guard unsafe stat(path, &status) == 0 else { continue }
            if status.st_mode & 0o777 & ~mode_t(allowed) != 0 { open.append(path) }
        }
        if names.isEmpty {
            findings.append(Finding("keys", .fault, "there are no keys in \(keys)", advice: "sotto init makes them"))
        } else if open.isEmpty {
            findings.append(Finding("keys", .ok, "\(names.count) files that only their owner may read"))
        } else {
            findings.append(
                Finding(
                    "keys", .fault, "others may read \(open.joined(separator: ", "))",
                    advice: "chmod 700 \(keys); chmod 600 \(keys)/*; and rotate them if somebody may have"))
        }
    }

    /// Disk, clock and limits of the machine.
    mutating func machine(_ genesis: Genesis?, used: UInt64?) {
        let limits = genesis?.limits
        let skewMax = Duration.milliseconds(limits?.clockSkew ?? 5_000)
        findings.append(DoctorRules.clock(ClockDiscipline(), skewMax: skewMax))
        let data = home.exists("data") ? home.path + "/data" : home.path
        findings.append(
            DoctorRules.sync(SyncProbe(directory: data), delta: .milliseconds(limits?.delta ?? 100)))
        let age = genesis.map { Duration.milliseconds(SystemTime.utc.milliseconds(since: $0.time)) } ?? .seconds(86_400)
        findings.append(DoctorRules.disk(DiskSpace(at: data), used: used, age: age))
        findings.append(DoctorRules.openFiles(ProcessUsage().openFileCountMax))
    }

    mutating func add(_ finding: Finding) { findings.append(finding) }

    // MARK: Nobody runs on it

    /// Whether the ports can be had, and who of the others listens.
    mutating func ports(_ settings: NodeSettings, rpc: SocketAddress?) {
        let wanted =
            [("link.listen", settings.link, PortProbe.Kind.tcp), ("dht.listen", settings.dht, .udp)]
            + (rpc.map { [("rpc.port", $0, .tcp)] } ?? [])
        let taken = wanted.filter { !PortProbe.isFree($0.1, $0.2) }.map(\.0)
        findings.append(
            taken.isEmpty
                ? Finding("ports", .ok, "the node's ports are free")
                : Finding(
                    "ports", .fault, "\(taken.joined(separator: ", ")) cannot be had",
                    advice: "another process has the port, or the machine has no such address: ss -lntup"))
        let silent = settings.peers.filter { !PortProbe.isListening($0.link) }
        findings.append(Self.peers(settings.peers.count, silent.map { String($0.member.hex.prefix(12)) }))
    }

    static func peers(_ count: Int, _ silent: [String]) -> Finding {
        if count == 0 { return Finding("peers", .ok, "no other node is dialled") }
        let seen = "\(count - silent.count) of \(count) reachable"
        guard !silent.isEmpty else { return Finding("peers", .ok, seen) }
        return Finding(
            "peers", silent.count == count ? .fault : .warning, "\(seen), not \(silent.joined(separator: ", "))",
            advice: "are they running? is node.peers right, and does a firewall let TCP through?")
    }

    /// Opens the store as a node would, and looks whether it would sign.
    mutating func store(_ rules: RuleBook, _ member: MemberID, _ values: SettingsValues?) async {
        guard FileManager.default.fileExists(atPath: home.ledgerPath) else {
            return findings.append(Finding("store", .ok, "empty: the node will fetch the chain from its peers"))
        }
        do {
            let loop = try EpollLoop(name: "doctor")
            defer { loop.stop() }
            let store = try ChainStore(path: home.ledgerPath, rules: rules)
            var keys: RuntimeKeys?
            do throws(CommandError) {
                if let values { keys = try SignerFields.keys(values, home, on: rules.chain) }
            } catch {
                findings.append(
                    Finding(
                        "signer", .fault, error.messages.joined(separator: "; "), advice: error.hint ?? "sotto signer"))
            }
            let chain = try ChainActor(
                on: loop, rules: rules, store: store, member: member, signer: keys?.votes, network: .none, log: .silent)
            let prospect = await chain.prospect
            if let fault = await chain.status.signerFault {
                findings.append(
                    Finding("signer", .fault, fault.sentence, advice: "without it the node votes for nothing"))
            }
            await chain.stop()
            let limits = rules.genesis.limits
            findings.append(Finding("store", .ok, "height \(prospect.height.rawValue), of this network"))
            findings.append(DoctorRules.record(prospect.recordTime, now: SystemTime.utc, max: limits.clockSkew))
            if keys == nil {
                findings.append(
                    Finding(
                        "watermark", .warning, "the keys do not open here, so the guard was not looked at",
                        advice: "set SOTTO_PASSPHRASE_FILE, or ask the signer"))
            } else if prospect.isMuted {
                findings.append(
                    Finding(
                        "watermark", .fault, "the key signed what this store does not know: the node will sign nothing",
                        advice: "the store is older than the key's last vote, or the key runs twice: "
                            + "bring back the newest store; never run one key twice"))
            } else if prospect.isValidator {
                findings.append(
                    Finding("watermark", .ok, "would vote from view \(prospect.view.rawValue)"))
            }
        } catch {
            findings.append(
                Finding(
                    "store", .fault, "\(home.ledgerPath) cannot be opened: \(error)",
                    advice: "does another process have it? else sotto ledger verify, or bring back a backup"))
        }
    }
}
