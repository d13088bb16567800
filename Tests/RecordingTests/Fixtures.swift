import Crypto
import Primitives
import Recording
import Wire

func digest(_ byte: UInt8) -> Digest { Digest(raw: Bytes32(words: (0, 0, 0, UInt64(byte)))) }
func key(_ byte: UInt8) -> PublicKey { PublicKey(raw: digest(byte).raw) }
func transaction(_ byte: UInt8) -> TransactionID { TransactionID(raw: digest(byte).raw) }

let testCall = CallID(raw: digest(7).raw)
let testRecording = RecordingID(raw: digest(9).raw)
private let noSignature = Signature(Array(repeating: 0, count: 64))

/// An object signed by `key`, as far as a core can see.
func signedObject(_ key: PublicKey, _ body: [UInt8]) -> SignedObject {
    guard let noSignature else { preconditionFailure("64 bytes are a signature") }
    return SignedObject(key: key, signature: noSignature, body: body)
}

func signed(_ list: LeafList, by key: PublicKey) throws -> Verified<SignedLeafList> {
    Verified(unchecked: try SignedLeafList(signedObject(key, list.encoded)))
}

/// Every prefix of `object`'s encoding is refused, and each flipped bit is refused or another value in its one form.
func strictnessFaults<Object: WireObject & Equatable>(_ object: Object) -> [String] {
    let bytes = object.encoded
    var faults: [String] = []
    if (try? Object(decoding: bytes)) != object { faults.append("does not decode to itself") }
    for count in bytes.indices where (try? Object(decoding: Array(bytes[..<count]))) != nil {
        faults.append("prefix of \(count)")
    }
    for index in bytes.indices {
        for bit in [0, 3, 7] {
            var flipped = bytes
            flipped[index] ^= 1 << bit
            guard let other = try? Object(decoding: flipped) else { continue }
            if other == object || other.encoded != flipped { faults.append("bit \(bit) of byte \(index)") }
        }
    }
    if (try? Object(decoding: bytes + [0])) != nil { faults.append("trailing byte") }
    return faults
}

/// A frame of `size` bytes and two that say which it is.
func frame(_ timestamp: UInt64, size: Int = 20, clear: UInt8 = 3, mark: UInt8 = 0) -> RecordedFrame {
    RecordedFrame(
        timestamp: timestamp, clearByteCount: clear,
        bytes: (0..<size).map(UInt8.init(truncatingIfNeeded:)) + [UInt8(truncatingIfNeeded: timestamp), mark])
}
