internal import EventLoop
internal import KeyValue
internal import Ledger
internal import Node
internal import Primitives
internal import RPC

/// `sotto doctor`: what is wrong with a node, and what to do.
enum DoctorCommand {
    static let command = Command(
        "doctor", "Look for what is wrong with a node, running or not, and say what to do.",
        description: """
            Looks at settings, genesis, who may read the keys, clock, durable writes (measured), disk, ports, peers and
            the store of a data directory. Whether a node runs on it is asked at its RPC port; a store is opened only
            when none does. Nothing is changed but a file that is written for the measurement and removed. Leaves with
            0 when nothing is wrong but for warnings, and with 1 when something is.
            """,
        flags: [NodeConnection.flags[0], NodeConnection.flags[1]],
        example: "sotto doctor --home ./network/validator-1"
    ) { invocation throws(CommandError) in
        var doctor = DoctorHome(try HomeFiles(invocation))
        let settings = doctor.settings(invocation)
        let documents = doctor.documents()
        doctor.permissions()
        let status = await running(invocation, documents?.member)
        let used = status?["disk"]?["storeBytes"]?.unsigned ?? storedByteCount(doctor.home)
        doctor.machine(documents?.genesis, used: used)
        if let status {
            doctor.running(status, chain: documents?.rules.chain, limits: documents?.genesis.limits)
        } else {
            doctor.add(Finding("node", .ok, "does not run"))
            if let settings {
                let values = settings.values
                let rpc = SocketAddress(ip: values.text("rpc.address"), port: UInt16(values.integer("rpc.port")))
                doctor.ports(settings.node, rpc: rpc)
            }
            if let documents { await doctor.store(documents.rules, documents.member, settings?.values) }
        }
        try report(doctor.findings, invocation)
    }

    /// The status of the node of this data directory; nil when it does not run, or another answers.
    private static func running(_ invocation: Invocation, _ member: MemberID?) async -> JSONValue? {
        guard let connection = try? NodeConnection(invocation) else { return nil }
        guard let status = try? await connection.call("node.status") else { return nil }
        guard let member else { return status }
        return status["member"]?.string == member.hex ? status : nil
    }

    private static func storedByteCount(_ home: HomeFiles) -> UInt64? {
        let count = DurableDirectory.byteCount(of: home.ledgerPath)
        return count > 0 ? UInt64(count) : nil
    }

    private static func report(_ findings: [Finding], _ invocation: Invocation) throws(CommandError) {
        let faults = findings.count { $0.verdict == .fault }
        if invocation.wantsJSON {
            Output.json([
                "faults": .unsigned(UInt64(faults)),
                "warnings": .unsigned(UInt64(findings.count { $0.verdict == .warning })),
                "findings": .list(findings.map(\.json)),
            ])
        } else {
            var rows: [[String]] = []
            for finding in findings {
                rows.append([finding.verdict.rawValue, finding.check, finding.text])
                if let advice = finding.advice { rows.append(["", "", "→ \(advice)"]) }
            }
            Output.line(Table.plain(rows))
        }
        guard faults == 0 else {
            throw CommandError("\(faults) \(faults == 1 ? "thing is" : "things are") wrong", hint: "see each → above")
        }
    }
}

extension DoctorHome {
    /// What a running node says of itself.
    mutating func running(_ status: JSONValue, chain: ChainID?, limits: NetworkLimits?) {
        let version = status["version"]?.string ?? "?"
        add(
            version == Sotto.version
                ? Finding("node", .ok, "runs, version \(version), height \(status["height"]?.unsigned ?? 0)")
                : Finding(
                    "node", .warning, "runs as version \(version), and this program is \(Sotto.version)",
                    advice: "start the node again if it was to be upgraded"))
        if let chain, status["chain"]?.string != chain.hex {
            add(
                Finding(
                    "chain", .fault, "the node runs another network than genesis.cbor names",
                    advice: "start the node again with the right data directory"))
        }
        if let text = status["clockSkewMilliseconds"], let limits {
            let skew: Int64? =
                switch text {
                case .unsigned(let number): Int64(clamping: number)
                case .negative(let number): number
                default: nil
                }
            if let skew { add(DoctorRules.skew(skew, max: limits.clockSkew)) }
        }
        let peers = status["peers"]?.list ?? []
        let silent = peers.filter { !($0["connected"]?.boolean ?? false) }
            .map { String(($0["member"]?.string ?? "?").prefix(12)) }
        add(DoctorHome.peers(peers.count, silent))
        if status["role"]?.string == "validator" {
            let isMuted = status["muted"]?.boolean ?? false
            add(
                isMuted
                    ? Finding(
                        "watermark", .fault, "the node signs nothing: its key signed what its store does not know",
                        advice: "never run one key twice; bring back the newest store; see the log")
                    : Finding("watermark", .ok, "the node signs"))
        }
        if let fault = status["signer"]?.string {
            add(Finding("signer", .fault, fault, advice: "see the signer's log; without it the node votes for nothing"))
        }
        if let sentence = status["stall"]?["sentence"]?.string {
            let causes = (status["stall"]?["causes"]?.list ?? []).compactMap(\.string).joined(separator: "; ")
            add(Finding("finality", .fault, "stalled: \(sentence)", advice: causes.isEmpty ? nil : causes))
        } else {
            add(Finding("finality", .ok, "blocks become final"))
        }
    }
}
