package import Wire

/// One reader of bytes that strangers send, with what must hold whatever they are: it returns, and what it took it
/// writes back as the same bytes.
package struct Decoder: Sendable {
    /// As the rule in `Genesis/sotto.cddl`, where there is one: golden objects of that rule are its first inputs.
    package let name: String
    /// Inputs are not made longer.
    package let byteCountMax: Int
    /// Traps when something does not hold.
    package let run: @Sendable ([UInt8]) -> Void

    package init(_ name: String, byteCountMax: Int = 4_096, run: @escaping @Sendable ([UInt8]) -> Void) {
        self.name = name
        self.byteCountMax = byteCountMax
        self.run = run
    }

    /// An object with one encoding.
    package init<Object: WireObject>(_ name: String, byteCountMax: Int = 4_096, _ type: Object.Type) {
        self.init(name, byteCountMax: byteCountMax) { bytes in
            guard let object = try? Object(decoding: bytes) else { return }
            Self.require(object.encoded == bytes, "another encoding was taken")
        }
    }

    /// A test or a fuzzer sees this as a crash.
    package static func require(_ holds: Bool, _ rule: StaticString) {
        precondition(holds, "\(rule)")
    }
}
