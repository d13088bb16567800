import Primitives

/// Bytes from the hexadecimal text of a vector.
func hex(_ text: String) -> [UInt8] {
    guard let bytes = Hex.decode(text) else { preconditionFailure("not hexadecimal: \(text)") }
    return bytes
}

/// Every copy of `bytes` with one bit of one byte flipped.
func flips(of bytes: [UInt8]) -> [[UInt8]] {
    bytes.indices.map { index in
        var copy = bytes
        copy[index] ^= 1 << UInt8(index & 7)
        return copy
    }
}

/// Every proper prefix of `bytes`.
func prefixes(of bytes: [UInt8]) -> [[UInt8]] { bytes.indices.map { Array(bytes[..<$0]) } }
