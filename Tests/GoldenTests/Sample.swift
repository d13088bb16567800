import Crypto
import Primitives
import Wire

/// Values for examples: every one follows from a short text, so that the golden files never change by themselves.
enum Sample {
    /// 2027-01-15T08:00:00Z.
    static let start: UInt64 = 1_800_000_000_000

    static func digest(_ text: String) -> Digest { SHA256.hash(Array("sotto golden \(text)".utf8)) }
    static func id<Value: Identifier>(_ text: String) -> Value { Value(raw: digest(text).raw) }
    static func bytes(_ text: String, count: Int) -> [UInt8] {
        var output: [UInt8] = []
        var index = 0
        while output.count < count {
            output += digest("\(text) \(index)").bytes
            index += 1
        }
        return Array(output.prefix(count))
    }
    static func time(_ milliseconds: UInt64 = 0) -> Timestamp { Timestamp(start + milliseconds) }
    static func cid(_ text: String, _ codec: CID.Codec = .dagCBOR) -> CID { CID(codec, digest(text)) }

    /// A key pair that grows from the text.
    static func key(_ text: String) -> SigningKey {
        guard let key = try? SigningKey(seed: digest("key of \(text)").bytes) else {
            preconditionFailure("a digest is a seed")
        }
        return key
    }

    static func publicKey(_ text: String) -> PublicKey { key(text).publicKey }

    static func signature(_ text: String) -> Signature {
        key(text).signature(over: Array(text.utf8))
    }

    static func proof(_ text: String) -> GroupProof {
        GroupProof(challenge: digest(text).raw, response: digest(text + "'").raw)
    }

    static let chain: ChainID = id("chain")

    static func signed(_ object: some WireObject, _ kind: SigningKind, by text: String, chain: ChainID = chain)
        -> SignedObject
    {
        key(text).sign(kind, chain: chain, body: object.encoded)
    }
}
