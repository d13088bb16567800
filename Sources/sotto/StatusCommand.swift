internal import FoundationEssentials
internal import Primitives
internal import RPC

/// `sotto status`: how the node and its network stand.
enum StatusCommand {
    static let command = Command(
        "status", "Show height, view, role and peers of a node.",
        description: """
            Asks a running node how it and its network stand. While something waits and nothing becomes final, it says
            which votes of which validators are awaited, since when, and what is known of the reasons. A node that does
            not answer is looked at by sotto doctor.
            """,
        flags: NodeConnection.flags,
        example: "sotto status --node http://127.0.0.1:7440"
    ) { invocation throws(CommandError) in
        let status = try await NodeConnection(invocation).call("node.status")
        if invocation.wantsJSON { return Output.json(status) }
        func text(_ name: String) -> String {
            switch status[name] {
            case .string(let text): text
            case .unsigned(let value): String(value)
            default: "-"
            }
        }
        func short(_ name: String) -> String { String(text(name).prefix(12)) }
        let peers = status["peers"]?.list ?? []
        let connected = peers.count { $0["connected"]?.boolean ?? false }
        let missing = (status["missing"]?.list ?? []).compactMap { $0.string?.prefix(12) }.joined(separator: " ")
        let waiting = status["mempool"]?["transactions"]?.unsigned ?? 0
        let known = status["dht"]?["nodes"]?.unsigned ?? 0
        let records = status["dht"]?["records"]?.unsigned ?? 0
        var rows = [
            ["network", "\(text("network")) \(short("chain"))"], ["member", short("member")], ["role", text("role")],
            ["height", text("height")], ["view", "\(text("view")), led by \(short("leader"))"],
            ["transactions", text("logSize")],
            ["peers", "\(connected) of \(peers.count) connected"],
            ["mempool", "\(waiting) transactions"],
            ["dht", "\(known) nodes, \(records) records here"],
        ]
        if !missing.isEmpty { rows.append(["not heard of", missing]) }
        if let free = status["disk"]?["freeBytes"]?.unsigned {
            rows.append([
                "disk", "\(free >> 20) MiB free, \((status["disk"]?["storeBytes"]?.unsigned ?? 0) >> 20) MiB used",
            ])
        }
        if status["muted"]?.boolean ?? false {
            rows.append(["signing", "stopped: this key signed what this store does not know; see the log"])
        }
        if let fault = status["signer"]?.string { rows.append(["signer", fault]) }
        rows += state(status)
        Output.line(Table.plain(rows))
    }

    /// Whether all is well; if not, what is awaited since when, and the reasons line by line.
    private static func state(_ status: JSONValue) -> [[String]] {
        guard let stall = status["stall"], let sentence = stall["sentence"]?.string else {
            return [["state", "blocks become final"]]
        }
        let since = stall["since"]?.unsigned.map {
            Date(timeIntervalSince1970: Double($0 / 1_000)).formatted(.iso8601)
        }
        var rows = [
            ["state", "stalled: \(sentence)"], ["since", "\(since ?? "-"), \(stall["seconds"]?.unsigned ?? 0) s ago"],
        ]
        for (index, cause) in (stall["causes"]?.list ?? []).enumerated() {
            rows.append([index == 0 ? "because" : "", cause.string ?? ""])
        }
        return rows
    }
}
