package import Primitives

/// The oblivious pseudorandom function of RFC 9497, suite ristretto255-SHA512, modes 0 (OPRF) and 1 (VOPRF).
///
/// A client blinds its input, a server evaluates it without seeing it, the client finalizes to 64 bytes that only both
/// together can compute. In mode 1 the server proves that it used the key it is known by.
package struct VOPRF: Sendable {
    /// Which protocol of the RFC: the mode's number is part of every hash.
    package enum Mode: UInt8, Sendable {
        case oblivious = 0
        case verifiable = 1
    }

    /// The length of the output in bytes.
    package static let outputByteCount = SHA512.byteCount

    package let mode: Mode
    let context: RistrettoContext

    package init(_ mode: Mode) {
        self.mode = mode
        context = RistrettoContext(
            Array("OPRFV1-".utf8) + [mode.rawValue] + Array("-\(RistrettoContext.suite)".utf8))
    }

    /// DeriveKeyPair of section 3.2.1. The seed is 32 bytes.
    /// - Throws: `RistrettoError.invalidScalar` for another length; `.inputTooLong` for a long `info`.
    package func deriveKey(seed: [UInt8], info: [UInt8]) throws(RistrettoError) -> RistrettoSecret {
        guard seed.count == RistrettoScalar.byteCount else { throw .invalidScalar }
        guard info.count <= RistrettoContext.inputByteCountMax else { throw .inputTooLong }
        let input = seed + RistrettoContext.prefixed(info)
        for counter in UInt8.min...UInt8.max {
            let scalar = context.hashToScalar(input + [counter], under: Array("DeriveKeyPair".utf8) + context.bytes)
            if scalar != .zero { return try RistrettoSecret(copying: scalar.bytes.span) }
        }
        throw .invalidScalar
    }

    /// Hides an input behind a new random scalar.
    /// - Throws: `RistrettoError.inputTooLong`; `.invalidElement` for an input that nobody can find.
    package func blind(_ input: [UInt8]) throws(RistrettoError) -> VOPRFBlinding {
        try blind(input, with: RistrettoSecret())
    }

    /// The same with a given scalar, for the vectors: a scalar used twice shows that two inputs are equal.
    package func blind(_ input: [UInt8], with scalar: consuming RistrettoSecret) throws(RistrettoError) -> VOPRFBlinding
    {
        guard input.count <= RistrettoContext.inputByteCountMax else { throw .inputTooLong }
        return VOPRFBlinding(
            input: input, element: try scalar.multiply(context.hashToGroup(input)), scalar: scalar)
    }

    /// The server's step: each blinded element times the key.
    /// - Throws: `RistrettoError.invalidElement`, `.badElementCount`.
    package func evaluate(
        _ blinded: [GroupElement], with key: borrowing RistrettoSecret
    ) throws(RistrettoError) -> [GroupElement] {
        guard (1...PartialEvaluation.elementCountMax).contains(blinded.count) else { throw .badElementCount }
        var evaluated: [GroupElement] = []
        for element in blinded { evaluated.append(try key.multiply(element)) }
        return evaluated
    }

    /// The server's proof that every evaluation was made with the key behind its public key.
    /// - Throws: `RistrettoError.badElementCount`, `.invalidElement`.
    package func prove(
        _ evaluated: [GroupElement], of blinded: [GroupElement], with key: borrowing RistrettoSecret
    ) throws(RistrettoError) -> GroupProof {
        try RistrettoProof.prove(
            key, publicKey: key.publicElement(), inputs: blinded, outputs: evaluated, context: context)
    }

    /// The same with a given nonce, for the vectors: a nonce used twice gives the key away.
    package func prove(
        _ evaluated: [GroupElement], of blinded: [GroupElement], with key: borrowing RistrettoSecret,
        nonce: consuming RistrettoSecret
    ) throws(RistrettoError) -> GroupProof {
        try RistrettoProof.prove(
            key, publicKey: key.publicElement(), inputs: blinded, outputs: evaluated, context: context, nonce: nonce)
    }

    /// The client's check of that proof.
    /// - Throws: `RistrettoError.badProof`, `.badElementCount`.
    package func verify(
        _ proof: GroupProof, for evaluated: [GroupElement], of blinded: [GroupElement], publicKey: GroupElement
    ) throws(RistrettoError) {
        try RistrettoProof.verify(
            proof, publicKey: publicKey, inputs: blinded, outputs: evaluated, context: context)
    }

    /// The client's last step: takes the blinding away and hashes to 64 bytes. In mode 1, verify first.
    /// - Throws: `RistrettoError.invalidElement`.
    package func finalize(
        _ blinding: borrowing VOPRFBlinding, evaluated: GroupElement
    ) throws(RistrettoError) -> [UInt8] {
        output(input: blinding.input, unblinded: try blinding.scalar.inverted().multiply(evaluated))
    }

    /// What a holder of the whole key computes by itself (Evaluate of section 3.3.1).
    /// - Throws: `RistrettoError.inputTooLong`, `.invalidElement`.
    package func evaluateDirectly(
        _ input: [UInt8], with key: borrowing RistrettoSecret
    ) throws(RistrettoError) -> [UInt8] {
        guard input.count <= RistrettoContext.inputByteCountMax else { throw .inputTooLong }
        return output(input: input, unblinded: try key.multiply(context.hashToGroup(input)))
    }

    private func output(input: [UInt8], unblinded: GroupElement) -> [UInt8] {
        SHA512.hash(
            RistrettoContext.prefixed(input) + RistrettoContext.prefixed(unblinded.bytes) + Array("Finalize".utf8))
    }
}

/// A client's state between `blind` and `finalize`: the element may be sent, the rest stays.
package struct VOPRFBlinding: ~Copyable, Sendable {
    let input: [UInt8]
    /// What the server is sent.
    package let element: GroupElement
    let scalar: RistrettoSecret

    init(input: [UInt8], element: GroupElement, scalar: consuming RistrettoSecret) {
        self.input = input
        self.element = element
        self.scalar = scalar
    }
}
