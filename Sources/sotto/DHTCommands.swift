internal import RPC

/// `sotto dht peers|find`.
enum DHTCommands {
    static let peers = Command(
        "dht peers", "List the nodes of the DHT.",
        description: "The nodes that the ledger names, as a running node sees them. With --json its own state, too.",
        flags: NodeConnection.flags,
        example: "sotto dht peers"
    ) { invocation throws(CommandError) in
        let connection = try NodeConnection(invocation)
        let peers = try await connection.call("dht.peers")
        if invocation.wantsJSON {
            return Output.json(["status": try await connection.call("dht.status"), "peers": peers])
        }
        let rows = (peers.list ?? []).map { peer in
            [
                peer["did"]?.string ?? "-", String((peer["id"]?.string ?? "-").prefix(16)),
                peer["live"]?.boolean == true ? "live" : "silent",
                peer["address"]?.boolean == true ? "known" : "unknown",
            ]
        }
        Output.line(Table.titled(["member", "id", "state", "address"], rows))
    }

    static let find = Command(
        "dht find", "Find who holds a content block, or the record at a location.",
        description: "Asks a running node to look into the DHT. A record is sealed; what is shown is its envelope.",
        flags: NodeConnection.flags + [
            .init("--cid", "CID", "A content block."), .init("--location", "ID", "A place in the key space."),
            .init("--kind", "KIND", "Of the record at the location: phone, endpoint or contacts. Default phone."),
        ],
        example: "sotto dht find --cid bafkrei…"
    ) { invocation throws(CommandError) in
        var params: [JSONValue.Member] = []
        for name in ["cid", "location", "kind"] {
            if let value = invocation.flag("--" + name) { params.append(.init(name, .string(value))) }
        }
        guard (invocation.flag("--cid") == nil) != (invocation.flag("--location") == nil) else {
            throw CommandError(.usage, "dht find needs --cid or --location")
        }
        let found = try await NodeConnection(invocation).call("dht.find", .object(params))
        if invocation.wantsJSON { return Output.json(found) }
        if let providers = found["providers"]?.list {
            guard !providers.isEmpty else { throw CommandError("nobody says that it holds this") }
            return Output.line(providers.compactMap { $0["did"]?.string }.joined(separator: "\n"))
        }
        Output.line(
            Table.plain(
                ["location", "kind", "writer", "sequence", "expiry"].map { name in
                    [name, found[name]?.string ?? found[name]?.unsigned.map { String($0) } ?? "-"]
                }))
    }
}
