import Primitives
import RPC
import Testing
import Wire

struct JSONValueTests {
    private static let readings: [(String, JSONValue)] = [
        ("null", .null), (" true ", true), ("false", false), ("0", 0), ("-0", 0), ("-7", -7),
        ("18446744073709551615", .unsigned(.max)), ("-9223372036854775808", .negative(.min)),
        ("1.5", .float(1.5)), ("1e2", .float(100)), ("\"\"", ""), ("\"a\\n\\u00fc\\ud83d\\ude00\"", "a\nü😀"),
        ("[]", []), ("[1,[2]]", [1, [2]]), ("{}", .object([])), ("{\"b\":1,\"a\":[]}", ["b": 1, "a": []]),
    ]

    @Test("text is read as the value it spells", arguments: readings)
    func reading(text: String, value: JSONValue) throws {
        #expect(try JSONValue(parsing: text) == value)
    }

    @Test(
        "what is not strict JSON is refused",
        arguments: [
            "", " ", "nul", "True", "01", "-", "1.", ".5", "1e", "+1", "0x10", "NaN", "Infinity", "1e999",
            "18446744073709551616", "-9223372036854775809", "\"", "\"\\x\"", "\"\\u12\"", "\"\\ud800\"",
            "\"\\udc00\"", "\"\\ud800\\u0041\"", "\"\u{1}\"", "'a'", "[", "[1", "[1,", "[1,]", "[,]", "{", "{\"a\"",
            "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{a:1}", "{1:1}", "{\"a\" 1}", "1 2", "[] []",
            "// c\n1", "{\"a\":1,\"a\":2}",
        ])
    func refusing(text: String) {
        #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
    }

    @Test("every prefix of a document is refused, and text that is not UTF-8")
    func prefixes() {
        let document = Array("{\"a\":[1,-2.5e3,\"x\\u00e4\",null,true,{\"b\":[]}]}".utf8)
        for count in 0..<document.count {
            #expect(throws: JSONError.self) { try JSONValue(parsing: Array(document[..<count])) }
        }
        #expect(throws: JSONError.badText(at: 0)) { try JSONValue(parsing: [0x22, 0xff, 0x22]) }
    }

    @Test("limits on length, depth and count are checked before memory is taken")
    func limits() throws {
        var limits = JSONLimits()
        limits.depthMax = 3
        limits.valueCountMax = 5
        limits.byteCountMax = 20
        #expect(try JSONValue(parsing: "[[[1]]]", limits: limits) == [[[1]]])
        #expect(throws: JSONError.tooDeep(at: 3)) { try JSONValue(parsing: "[[[[1]]]]", limits: limits) }
        #expect(throws: JSONError.tooManyValues(limit: 5)) { try JSONValue(parsing: "[1,2,3,4,5]", limits: limits) }
        #expect(throws: JSONError.tooLong(limit: 20)) {
            try JSONValue(parsing: String(repeating: " ", count: 21), limits: limits)
        }
        let deep = String(repeating: "[", count: 100_000)
        #expect(throws: JSONError.tooDeep(at: 32)) { try JSONValue(parsing: deep) }
    }

    @Test("integers beyond 2^53 are written as strings and read back as the same number")
    func largeIntegers() throws {
        #expect(JSONValue.unsigned(1 << 53).text == "9007199254740992")
        #expect(JSONValue.unsigned((1 << 53) + 1).text == "\"9007199254740993\"")
        #expect(try JSONValue(parsing: JSONValue.unsigned(.max).text).unsigned == .max)
        for text in ["\"01\"", "\"-1\"", "\"1.0\"", "\"\"", "\" 1\"", "\"18446744073709551616\"", "1.0", "-1", "true"] {
            #expect(try JSONValue(parsing: text).unsigned == nil)
        }
    }

    @Test("what is written is read back, compact and pretty")
    func roundTrip() throws {
        let value: JSONValue = [
            "a": [1, -2, .float(0.5), "x\"\\\n\t\u{1}ü😀", nil, true], "empty": .object([]), "list": [],
        ]
        #expect(try JSONValue(parsing: value.text) == value)
        #expect(try JSONValue(parsing: value.prettyText) == value)
        #expect(JSONValue.object([.init("a", [1])]).prettyText == "{\n  \"a\": [\n    1\n  ]\n}")
    }

    @Test("dag-cbor becomes JSON with bytes in hexadecimal and links in base32, and back with keys in order")
    func nodes() {
        let cid = CID(.raw, .zero)
        let node = IPLDNode.map([
            .init(key: "b", value: .bytes([0, 255])), .init(key: "l", value: .link(cid.bytes)),
            .init(key: "n", value: .negative(0)), .init(key: "u", value: .unsigned(.max)),
        ])
        let json = JSONValue(node)
        #expect(json["b"] == "00ff")
        #expect(json["l"]?.string == cid.description)
        #expect(json["n"] == -1)
        #expect(json["u"] == .unsigned(.max))
        let unsorted: JSONValue = ["bb": 1, "a": "x", "ab": [nil]]
        #expect(
            unsorted.node
                == .map([
                    .init(key: "a", value: .text("x")), .init(key: "ab", value: .list([.null])),
                    .init(key: "bb", value: .unsigned(1)),
                ]))
    }
}
