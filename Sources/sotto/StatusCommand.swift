internal import Primitives
internal import RPC

/// `sotto status`: how the node and its network stand.
enum StatusCommand {
    static let command = Command(
        "status", "Show height, view, role and peers of a node.",
        description: "Asks a running node how it and its network stand. A stall is explained in words.",
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
        // Nobody votes while there is nothing to decide.
        let isAwaited = waiting > 0 || status["stalled"]?.string != nil
        if isAwaited, !missing.isEmpty { rows.append(["not voted yet", missing]) }
        if status["muted"]?.boolean ?? false {
            rows.append(["signing", "stopped: this key signed what this store does not know; see the log"])
        }
        rows.append(["state", status["stalled"]?.string.map { "stalled: \($0)" } ?? "blocks become final"])
        Output.line(Table.plain(rows))
    }
}
