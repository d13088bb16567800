internal import Crypto
internal import Fuzzing
internal import Primitives
internal import Wire

/// What people and programs write as text, and small formats of bytes.
extension Decoder {
    static let texts: [Decoder] = [
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
        Decoder("hex", byteCountMax: 300) { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            if let data = Hex.decode(text) { require(Hex.encode(data) == text.lowercased(), "two texts, one value") }
        },
        Decoder("member-text", byteCountMax: 200) { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            if let id = MemberID(text: text, chain: .zero) {
                require(id.text(chain: .zero) == text, "two texts, one id")
            }
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
