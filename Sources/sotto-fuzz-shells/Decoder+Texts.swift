internal import EventLoop
internal import Fuzzing
internal import ICE
internal import Node
internal import PKCS11
internal import Primitives
internal import RPC
internal import Rights
internal import Wire

/// What people and programs write as text to a node.
extension Decoder {
    static let texts: [Decoder] = [
        Decoder("json") { bytes in
            guard let value = try? JSONValue(parsing: bytes) else { return }
            let text = Array(value.text.utf8)
            guard let again = try? JSONValue(parsing: text) else { return require(false, "own text is refused") }
            require(Array(again.text.utf8) == text, "text changes when read again")
            _ = value.node.encoded
        },
        Decoder("rpc") { bytes in _ = RPCMessage(parsing: bytes, limits: JSONLimits(), batchMax: 50) },
        Decoder("odrl") { bytes in
            guard let value = try? JSONValue(parsing: bytes),
                let document = try? ODRLDocument(value.node, chain: .zero)
            else { return }
            guard let node = try? document.node(chain: .zero) else { return }
            guard let again = try? ODRLDocument(node, chain: .zero) else {
                return require(false, "an own document is refused")
            }
            require(again == document, "a document changes when read again")
        },
        Decoder("ice-candidate", byteCountMax: 600) { bytes in
            _ = try? ICECandidate(Redacted(String(decoding: bytes, as: UTF8.self)))
        },
        Decoder("socket-address", byteCountMax: 100) { bytes in
            guard let address = SocketAddress(String(decoding: bytes, as: UTF8.self)) else { return }
            _ = address.with(port: 1)
        },
        Decoder("pkcs11-uri", byteCountMax: 600) { bytes in
            _ = try? TokenURI(String(decoding: bytes, as: UTF8.self))
        },
        // A configuration file: what was understood, written plainly, is understood as the same.
        Decoder("settings", byteCountMax: 1_000) { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            guard let values = try? settings.read(file: ("a", text), environment: [:], flags: [:]) else { return }
            let readings = values.readings.sorted { $0.key < $1.key }
            let plain = readings.map { "\($0.key) = \($0.value.text)\n" }.joined()
            guard let again = try? settings.read(file: ("a", plain), environment: [:], flags: [:]) else {
                return require(false, "an own file is refused")
            }
            require(readings.allSatisfy { again.readings[$0.key]?.value == $0.value.value }, "a value changes")
        },
        Decoder("callee", byteCountMax: 400) { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            guard let callee = Callee(direct: text) else { return }
            require(Callee(direct: callee.text) == callee, "whom to call changes when read again")
        },
        Decoder("rpc-response") { bytes in
            guard let json = try? JSONValue(parsing: bytes), let response = RPCResponse(json: json) else { return }
            // An error that is written names its code, whether the one that was read did so or not.
            guard let own = RPCResponse(json: response.json) else { return require(false, "an own answer is refused") }
            require(RPCResponse(json: own.json) == own, "an answer changes when read again")
        },
        Decoder("log-consistency-answer") { bytes in
            guard let json = try? JSONValue(parsing: bytes), let answer = LogConsistency(json: json) else { return }
            require(LogConsistency(json: answer.json)?.json == answer.json, "an answer changes when read again")
        },
    ]

    /// One field of each kind.
    private static let settings = SettingsReader(fields: [
        SettingsField("a.text", .text, default: "", ""), SettingsField("a.path", .path, default: "b", ""),
        SettingsField("a.boolean", .boolean, default: "true", ""),
        SettingsField("a.integer", .integer(0...65_535), default: "1", ""),
        SettingsField("a.duration", .duration(.zero ... .seconds(86_400)), default: "10s", ""),
        SettingsField("a.byteCount", .byteCount(0...UInt64(1) << 40), default: "64KiB", ""),
        SettingsField("a.choice", .choice(["b", "c"]), default: "b", ""),
        SettingsField("a.list", .list, default: "", ""),
    ])
}
