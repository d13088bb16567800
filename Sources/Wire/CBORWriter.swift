package import Primitives

/// Writes dag-cbor: RFC 8949 deterministic encoding as IPLD narrows it.
///
/// The caller writes map keys in canonical order (by length, then bytes).
package struct CBORWriter: Sendable {
    package private(set) var bytes: [UInt8] = []

    package init(reserving capacity: Int = 256) { bytes.reserveCapacity(capacity) }

    package mutating func unsigned(_ value: UInt64) { head(major: 0, value) }
    package mutating func unsigned(_ value: some Counter) { head(major: 0, value.rawValue) }

    package mutating func integer(_ value: Int64) {
        value >= 0 ? head(major: 0, UInt64(value)) : head(major: 1, UInt64(-1 - value))
    }

    /// The integer −1 − `value`.
    mutating func negative(_ value: UInt64) { head(major: 1, value) }

    package mutating func byteString(_ value: some Collection<UInt8>) {
        head(major: 2, UInt64(value.count))
        bytes.append(contentsOf: value)
    }

    package mutating func byteString(_ value: [UInt8]) {
        head(major: 2, UInt64(value.count))
        bytes.append(contentsOf: value)
    }

    package mutating func byteString(_ value: some Identifier) {
        head(major: 2, 32)
        value.raw.append(to: &bytes)
    }

    package mutating func byteString(_ value: Signature) { byteString(value.bytes) }

    package mutating func text(_ value: String) {
        head(major: 3, UInt64(value.utf8.count))
        bytes.append(contentsOf: value.utf8)
    }

    package mutating func arrayHeader(count: Int) { head(major: 4, UInt64(count)) }
    package mutating func mapHeader(count: Int) { head(major: 5, UInt64(count)) }
    package mutating func key(_ key: String) { text(key) }
    package mutating func boolean(_ value: Bool) { bytes.append(value ? 0xf5 : 0xf4) }
    package mutating func null() { bytes.append(0xf6) }

    /// A float in its only dag-cbor form, 64 bits. No consensus object holds one.
    package mutating func float(_ value: Double) {
        bytes.append(0xfb)
        let bits = value.bitPattern
        append(bits, byteCount: 8)
    }

    /// A link: tag 42 over a zero byte and the binary CID.
    package mutating func link(_ cid: CID) { link(bytes: cid.bytes) }

    mutating func link(bytes cid: [UInt8]) {
        head(major: 6, 42)
        head(major: 2, UInt64(cid.count + 1))
        bytes.append(0x00)
        bytes.append(contentsOf: cid)
    }

    /// Bytes that are one canonical value already.
    package mutating func raw(_ encoded: [UInt8]) { bytes.append(contentsOf: encoded) }

    package mutating func array<Element>(_ elements: [Element], _ write: (inout CBORWriter, Element) -> Void) {
        arrayHeader(count: elements.count)
        for element in elements { write(&self, element) }
    }

    private mutating func head(major: UInt8, _ value: UInt64) {
        let top = major << 5
        switch value {
        case 0..<24: bytes.append(top | UInt8(value))
        case 24..<0x100:
            bytes.append(top | 24)
            append(value, byteCount: 1)
        case 0x100..<0x1_0000:
            bytes.append(top | 25)
            append(value, byteCount: 2)
        case 0x1_0000..<0x1_0000_0000:
            bytes.append(top | 26)
            append(value, byteCount: 4)
        default:
            bytes.append(top | 27)
            append(value, byteCount: 8)
        }
    }

    private mutating func append(_ value: UInt64, byteCount: Int) {
        for index in (0..<byteCount).reversed() { bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(index * 8))) }
    }
}
