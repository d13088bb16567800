internal import RPC

/// `sotto rpc call`: any method of a node, by name.
enum RPCCallCommand {
    static let command = Command(
        "rpc call", "Call a method of a node and print its result.",
        description: """
            Calls one JSON-RPC method of a running node and prints the result as JSON. The request is not signed, so
            only methods that anyone may call will answer. sotto rpc methods lists them.
            """,
        arguments: [
            .init("METHOD", "the method, noun.verb"),
            .init("PARAMS", required: false, "the parameters, a JSON object or array"),
        ],
        flags: NodeConnection.flags,
        example: """
            sotto rpc call rpc.identity --node http://127.0.0.1:7440
            sotto rpc call ledger.block '{"height": 12}'
            """
    ) { invocation throws(CommandError) in
        var params: JSONValue?
        if let text = invocation.argument(1) {
            do throws(JSONError) {
                params = try JSONValue(parsing: text)
            } catch {
                throw CommandError(.usage, "PARAMS is not JSON", hint: "quote it: '{\"height\": 12}'")
            }
            guard params?.members != nil || params?.list != nil else {
                throw CommandError(.usage, "PARAMS must be a JSON object or array")
            }
        }
        let connection = try NodeConnection(invocation)
        let result = try await connection.call(invocation.arguments[0], params)
        Output.json(result, pretty: !invocation.wantsJSON)
    }
}

/// `sotto rpc methods`: what a node can be asked.
enum RPCMethodsCommand {
    static let command = Command(
        "rpc methods", "List the methods of a node.",
        description: """
            Lists the methods that a running node knows, who may call them, and what they do. With --json the whole
            OpenRPC document is printed.
            """,
        flags: NodeConnection.flags,
        example: "sotto rpc methods"
    ) { invocation throws(CommandError) in
        let connection = try NodeConnection(invocation)
        let document = try await connection.call("rpc.discover")
        if invocation.wantsJSON { return Output.json(document, pretty: false) }
        let rows = (document["methods"]?.list ?? []).map { method in
            ["name", "x-authority", "summary"].map { method[$0]?.string ?? "" }
        }
        Output.line(Table.titled(["method", "for", "what"], rows))
    }
}
