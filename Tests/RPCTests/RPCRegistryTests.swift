import Primitives
import RPC
import Testing
import Wire

struct RPCRegistryTests {
    @Test("the discovery document names exactly the methods that are dispatched, with their parameters")
    func discovery() throws {
        let registry = TestNode.registry(gate: nil)
        let document = try JSONValue(parsing: OpenRPCDocument(of: registry).json.text)
        let described = try #require(document["methods"]?.list)
        #expect(described.compactMap { $0["name"]?.string } == registry.methods.map(\.name))
        for entry in described {
            let name = try #require(entry["name"]?.string)
            let method = try #require(registry.method(name))
            #expect(entry["summary"]?.string == method.summary)
            #expect(entry["x-authority"]?.string == method.authority.rawValue)
            let parameters = try #require(entry["params"]?.list)
            #expect(parameters.compactMap { $0["name"]?.string } == method.parameters.map(\.name))
            #expect(parameters.compactMap { $0["required"]?.boolean } == method.parameters.map(\.isRequired))
            let errors = try #require(entry["errors"]?.list)
            #expect(errors.compactMap { $0["$ref"]?.string } == method.errors.map { "#/components/errors/\($0.name)" })
        }
        #expect(document["x-topics"]?.list?.count == registry.topics.count)
        #expect(document["components"]?["errors"]?.members?.count == RPCErrorCode.allCases.count)
    }

    private static let admissions: [(RPCValueType, JSONValue, Bool)] = [
        (.boolean, true, true), (.boolean, 1, false), (.unsigned, 7, true),
        (.unsigned, "18446744073709551615", true), (.unsigned, -1, false), (.unsigned, .float(1), false),
        (.unsigned(max: 5), 6, false), (.text(byteCountMax: 3), "abc", true),
        (.text(byteCountMax: 3), "abcd", false), (.choice(["a", "b"]), "b", true), (.choice(["a"]), "c", false),
        (.bytes(byteCountMax: 2), "00ff", true), (.bytes(byteCountMax: 2), "00ff00", false),
        (.bytes(byteCountMax: 2), "0", false), (.identifier, "00", false),
        (.identifier, .string(Digest.zero.hex), true), (.member, .string(Digest.zero.hex), true),
        (.member, .string("did:sotto:abc:" + Base32.encode(Digest.zero.bytes)), true),
        (.member, "did:sotto:abc:xyz", false), (.contentID, .string(CID(.raw, .zero).description), true),
        (.contentID, "bafy", false), (.list(of: .boolean, countMax: 2), [true, false], true),
        (.list(of: .boolean, countMax: 2), [true, false, true], false),
        (.list(of: .boolean, countMax: 2), [1], false), (.object, .object([]), true), (.object, [], false),
    ]

    @Test("each parameter type admits what it says", arguments: admissions)
    func types(type: RPCValueType, value: JSONValue, isGood: Bool) { #expect(type.admits(value) == isGood) }

    @Test("parameters are bound by name or by place; unknown, missing, surplus and wrong ones are refused")
    func binding() throws {
        let declared = [
            RPCParameter("height", .unsigned, "h"), RPCParameter("full", .boolean, required: false, "f"),
        ]
        #expect(
            try RPCArguments([7, true], declared: declared)
                == RPCArguments(["full": true, "height": 7], declared: declared))
        #expect(
            try RPCArguments(["height": "9007199254740993"], declared: declared).unsigned("height") == 9007199254740993)
        #expect(try RPCArguments([7, nil], declared: declared)["full"] == nil)
        for params: JSONValue in [[], .object([]), [7, true, 1], ["height": 7, "more": 1], ["height": "x"], [nil]] {
            #expect(throws: RPCError.self) { try RPCArguments(params, declared: declared) }
        }
    }

    @Test("a name that is almost right is suggested")
    func nearest() {
        let error = TestNode.registry(gate: nil).unknownMethod("test.ehco")
        #expect(error.data?["nearest"] == "test.echo")
        #expect(TestNode.registry(gate: nil).unknownMethod("zzzzzzzz").data == nil)
    }
}
