/// An Ed25519 signature: 64 bytes, R then S (RFC 8032 section 5.1.6).
package struct Signature: Hashable, Sendable {
    package static let byteCount = 64
    private let commitment: Bytes32
    private let response: Bytes32

    /// Takes exactly 64 bytes; any other count gives nil.
    package init?(_ bytes: some Collection<UInt8>) {
        let copy = [UInt8](bytes)
        guard copy.count == Self.byteCount, let commitment = Bytes32(copy.span.extracting(0..<32)),
            let response = Bytes32(copy.span.extracting(32..<64))
        else { return nil }
        self.commitment = commitment
        self.response = response
    }

    package var bytes: [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(Self.byteCount)
        commitment.append(to: &output)
        response.append(to: &output)
        return output
    }
}
