internal import Crypto
internal import EventLoop
internal import ICE
internal import PKCS11
internal import Primitives
internal import RPC
internal import Rights
internal import Wire

/// What people and programs write as text, and small formats of bytes.
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
        Decoder("phone-number", byteCountMax: 100) { bytes in
            guard let number = PhoneNumber(String(decoding: bytes, as: UTF8.self)) else { return }
            require(PhoneNumber(number.exposed) == number, "a number changes when read again")
        },
        Decoder("cid", byteCountMax: 100) { bytes in
            if let cid = CID(bytes: bytes) { require(cid.bytes == bytes, "another CID was taken") }
            let text = String(decoding: bytes, as: UTF8.self)
            if let cid = CID(text: text) { require(cid.description == text, "another CID was taken") }
        },
        Decoder("base64url", byteCountMax: 300) { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            if let data = Base64.url.decode(text) { require(Base64.url.encode(data) == text, "two texts, one value") }
        },
        Decoder("socket-address", byteCountMax: 100) { bytes in
            guard let address = SocketAddress(String(decoding: bytes, as: UTF8.self)) else { return }
            _ = address.with(port: 1)
        },
        Decoder("member-text", byteCountMax: 200) { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            if let id = MemberID(text: text, chain: .zero) {
                require(id.text(chain: .zero) == text, "two texts, one id")
            }
        },
        Decoder("pkcs11-uri", byteCountMax: 600) { bytes in
            _ = try? TokenURI(String(decoding: bytes, as: UTF8.self))
        },
        Decoder("preimage") { bytes in
            guard let (kind, chain, body) = SigningKind.parse(bytes) else { return }
            require(kind.preimage(chain: chain, body: body) == bytes, "another preimage was taken")
        },
        Decoder("key-file", byteCountMax: 120) { bytes in
            guard let (purpose, isSealed) = try? KeyFile.inspect(bytes), !isSealed else { return }
            _ = try? KeyFile.decode(bytes, purpose: purpose)
        },
    ]
}
