import Crypto
import HTTP
import Primitives
import RPC
import Testing

@Suite(.timeLimit(.minutes(1)))
struct RPCServerTests {
    private func code(_ body: () async throws -> Void) async -> RPCErrorCode? {
        do { try await body() } catch RPCClientError.refused(let error) { return error.code } catch { return nil }
        return nil
    }

    @Test("a call over HTTP brings its result or its error")
    func call() async throws {
        let node = try await TestNode()
        #expect(try await node.client.call("test.echo", ["value": [1, "x"]]) == [1, "x"])
        #expect(await code { _ = try await node.client.call("test.fail") } == .notFound)
        #expect(await code { _ = try await node.client.call("test.nothing") } == .methodNotFound)
        #expect(await code { _ = try await node.client.call("test.echo", ["wrong": 1]) } == .invalidParameters)
        #expect(await code { _ = try await node.client.call("rpc.subscribe", ["topic": "test.ticks"]) } == .unsupported)
        #expect(try await node.client.call("rpc.identity")["node"]?.string == TestNode.id.hex)
        #expect(try await node.client.call("rpc.discover")["openrpc"]?.string == "1.3.2")
        await node.server.stop()
    }

    @Test("batches are answered in order, notifications not at all")
    func batches() async throws {
        let node = try await TestNode()
        let echo = "{\"jsonrpc\":\"2.0\",\"method\":\"test.echo\",\"params\":[1],\"id\":1}"
        let silent = "{\"jsonrpc\":\"2.0\",\"method\":\"test.echo\",\"params\":[1]}"
        let error = """
            {"code":-32600,"message":"A request is a JSON object.","data":{"name":"invalidRequest"}}
            """
        let answer =
            "[{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":1},{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":\(error)}]"
        #expect(try await node.post("[\(echo),\(silent),7]").body == Array(answer.utf8))
        #expect(try await node.post(silent).status == 204)
        #expect(try await node.post("[\(silent)]").status == 204)
        let many = "[" + Array(repeating: echo, count: 51).joined(separator: ",") + "]"
        let refused = try JSONValue(parsing: try await node.post(many).body)
        #expect(refused["error"]?["code"] == -32005)
        #expect(refused["error"]?["data"]?["limit"] == 50)
        await node.server.stop()
    }

    @Test("what is no JSON-RPC call gets its HTTP status, and the node goes on")
    func statuses() async throws {
        var settings = RPCSettings()
        settings.bodyByteCountMax = 2000
        let node = try await TestNode(settings: settings)
        #expect(try await node.post("{}", type: "text/plain").status == 415)
        #expect(try await node.get("/rpc").status == 405)
        #expect(try await node.get("/").status == 404)
        #expect(try await node.post(String(repeating: " ", count: 2001)).status == 413)
        #expect(try await node.post("{").status == 200)
        #expect(try await node.client.call("test.echo") == .null)
        await node.server.stop()
    }

    @Test("health, readiness, metrics and the gateway have their paths")
    func paths() async throws {
        let node = try await TestNode(unreadiness: "catching up: 10 of 20")
        #expect(try await node.get("/healthz").status == 200)
        let ready = try await node.get("/readyz")
        #expect(ready.status == 503)
        #expect(ready.body == Array("catching up: 10 of 20\n".utf8))
        _ = try await node.client.call("test.echo")
        node.metrics.set(.consensusHeight, to: 42)
        let metrics = String(decoding: try await node.get("/metrics").body, as: UTF8.self)
        #expect(metrics.contains("sotto_rpc_requests_total{method=\"test.echo\"} 1\n"))
        #expect(metrics.contains("sotto_consensus_height 42\n"))
        let block = try await node.get("/ipfs/bafkqaaa?format=raw")
        #expect(block.status == 200)
        #expect(block.contentType == "application/vnd.ipld.raw")
        await node.server.stop()
    }

    @Test("a signed call acts for its member, on what was signed")
    func signed() async throws {
        let node = try await TestNode()
        let result = try await node.client.call("test.whoami", ["n": 7], for: node.signer())
        #expect(result == ["member": .string(TestNode.member.hex), "n": 7])
        #expect(await code { _ = try await node.client.call("test.whoami") } == .unauthorised)
        await node.server.stop()
    }

    @Test("a signed call is refused for another node, by another key, of a stranger, twice, or with another signature")
    func signedRefusals() async throws {
        let node = try await TestNode()
        let other = SigningKey.generate()
        for (signer, expected) in [
            (node.signer(node: TestNode.member), RPCErrorCode.wrongAudience),
            (node.signer(key: other), .unauthorised),
            (node.signer(member: TestNode.id), .unauthorised),
        ] {
            #expect(await code { _ = try await node.client.call("test.whoami", for: signer) } == expected)
        }
        let request = node.signer().envelope("test.whoami", .object([])).carrier(id: .number(1))
        _ = try await node.client.send(request)
        #expect(await code { _ = try await node.client.send(request) } == .replayedRequest)
        let envelope = node.signer().envelope("test.whoami", .object([]))
        var bytes = try #require(Base64.url.decode(envelope.text))
        bytes[60] ^= 1
        let forged = RPCRequest(
            id: .number(1), method: "test.whoami", params: ["signed": .string(Base64.url.encode(bytes))])
        #expect(await code { _ = try await node.client.send(forged) } == .unauthorised)
        _ = try await node.client.send(envelope.carrier(id: .number(2)))
        await node.server.stop()
    }

    @Test("a member that spends its tokens is told how long to wait, and so is an address, with 429")
    func rates() async throws {
        var settings = RPCSettings()
        settings.memberTokensPerSecond = 0.001
        settings.memberTokenBurst = 20
        settings.addressTokensPerSecond = 0.001
        settings.addressTokenBurst = 100
        let node = try await TestNode(settings: settings)
        for _ in 0..<20 { _ = try await node.client.call("test.whoami", for: node.signer()) }
        #expect(await code { _ = try await node.client.call("test.whoami", for: node.signer()) } == .rateLimited)
        for _ in 0..<3 { _ = try await node.client.call("test.wait") }
        #expect(await code { _ = try await node.client.call("test.wait") } == .rateLimited)
        for _ in 0..<19 { _ = try await node.client.call("test.echo") }
        let refused = try await node.post("{\"jsonrpc\":\"2.0\",\"method\":\"test.echo\",\"id\":1}")
        #expect(refused.status == 429)
        #expect(refused.headers.value("Retry-After") != nil)
        await node.server.stop()
    }

    @Test("more calls at once than the limit are answered busy")
    func busy() async throws {
        var settings = RPCSettings()
        settings.callCountMax = 1
        let (gate, open) = AsyncStream.makeStream(of: Void.self)
        let node = try await TestNode(settings: settings, gate: gate)
        let socket = try await node.socket()
        async let waiting = socket.call("test.wait")
        var refusal: RPCErrorCode?
        while refusal == nil { refusal = await code { _ = try await node.client.call("test.echo") } }
        #expect(refusal == .busy)
        open.finish()
        #expect(try await waiting == true)
        #expect(try await node.client.call("test.echo", [1]) == 1)
        await node.server.stop()
    }
}
