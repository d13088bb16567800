import EventLoop
import HTTP
import Primitives
import RPC
import Testing

@Suite(.timeLimit(.minutes(1)))
struct RPCCommandTests {
    @Test("a method is called, and its result or its refusal is shown")
    func call() async throws {
        var registry = RPCRegistry(version: "1")
        registry.add(
            RPCMethod(
                "test.echo", "Returns its parameter.", parameters: [RPCParameter("value", .any, "anything")],
                result: RPCParameter("value", .any, "the same")
            ) { call throws(RPCError) in call.arguments["value"] ?? .null })
        let server = RPCServer(
            loop: GLibLoop(name: "node"), settings: RPCSettings(), registry: registry,
            node: RPCNode(id: .zero, chain: .zero, standing: { _, _ in .unknownMember }), metrics: MetricsRegistry())
        let port = try await server.start()
        try await Script(
            """
            $ sotto rpc call test.echo '{"value": [1, "x"]}' --node http://127.0.0.1:\(port)
            [
              1,
              "x"
            ]
            $ sotto rpc call test.echo '["a"]' --json --node http://127.0.0.1:\(port)/rpc
            "a"
            $ sotto rpc call test.ecko --node http://127.0.0.1:\(port)/
            2> sotto: error: This node has no such method. (-32601)
            2> sotto: hint: did you mean: test.echo
            ? 4
            $ sotto rpc methods --node http://127.0.0.1:\(port)
            METHOD           FOR     WHAT
            rpc.discover     anyone  The OpenRPC document of this node.
            rpc.identity     anyone  What a client must know to sign a request: node, chain and clock.
            rpc.subscribe    anyone  Follows a topic; values come as notifications. WebSocket only.
            rpc.unsubscribe  anyone  Ends a subscription of this connection.
            test.echo        anyone  Returns its parameter.
            """
        ).run()
        await server.stop()
    }
}
