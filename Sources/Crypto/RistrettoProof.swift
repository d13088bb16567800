internal import Primitives

/// The proof of RFC 9497 section 2.2 that one secret k lies behind a public key k·G and behind every pair
/// (C_i, k·C_i): the discrete logarithms are equal.
///
/// The pairs are folded into one, M = Σ d_i·C_i and Z = Σ d_i·D_i with hashed weights; then c = H(B, M, Z, r·G, r·M)
/// and s = r − c·k. The context string keeps proofs of different protocols apart.
enum RistrettoProof {
    /// Proves that `outputs[i]` is `secret` times `inputs[i]` for every i. The nonce is drawn anew for every proof.
    /// - Throws: `RistrettoError.badElementCount` when there are none or the counts differ, `.invalidElement`.
    static func prove(
        _ secret: borrowing RistrettoSecret, publicKey: GroupElement, inputs: [GroupElement], outputs: [GroupElement],
        context: RistrettoContext
    ) throws(RistrettoError) -> GroupProof {
        try prove(
            secret, publicKey: publicKey, inputs: inputs, outputs: outputs, context: context, nonce: RistrettoSecret())
    }

    /// The same with a given nonce, for the vectors: a nonce used twice gives the secret away.
    static func prove(
        _ secret: borrowing RistrettoSecret, publicKey: GroupElement, inputs: [GroupElement], outputs: [GroupElement],
        context: RistrettoContext, nonce: consuming RistrettoSecret
    ) throws(RistrettoError) -> GroupProof {
        let weights = try self.weights(publicKey, inputs, outputs, context)
        let input = try GroupElement.combination(of: inputs, weights: weights)
        let output = try secret.multiply(input)
        let challenge = challenge(
            publicKey, input, output, nonce.publicElement(), try nonce.multiply(input), context)
        return GroupProof(challenge: challenge, response: secret.response(to: challenge, nonce: nonce))
    }

    /// Checks what `prove` made.
    /// - Throws: `RistrettoError.badProof`; `.badElementCount` when there are none or the counts differ.
    static func verify(
        _ proof: GroupProof, publicKey: GroupElement, inputs: [GroupElement], outputs: [GroupElement],
        context: RistrettoContext
    ) throws(RistrettoError) {
        let weights = try self.weights(publicKey, inputs, outputs, context)
        guard publicKey.isAcceptable, let (challenge, response) = proof.scalars else { throw .badProof }
        let expected: RistrettoScalar
        do {
            let input = try GroupElement.combination(of: inputs, weights: weights)
            let output = try GroupElement.combination(of: outputs, weights: weights)
            let first = try GroupElement.generator(times: response).adding(publicKey.multiplied(by: challenge))
            let second = try input.multiplied(by: response).adding(output.multiplied(by: challenge))
            expected = self.challenge(publicKey, input, output, first, second, context)
        } catch {
            throw .badProof
        }
        guard expected == challenge else { throw .badProof }
    }

    /// The d_i of ComputeComposites.
    private static func weights(
        _ publicKey: GroupElement, _ inputs: [GroupElement], _ outputs: [GroupElement], _ context: RistrettoContext
    ) throws(RistrettoError) -> [RistrettoScalar] {
        guard !inputs.isEmpty, inputs.count == outputs.count, inputs.count <= RistrettoContext.inputByteCountMax else {
            throw .badElementCount
        }
        let tag = RistrettoContext.prefixed(Array("Seed-".utf8) + context.bytes)
        let seed = RistrettoContext.prefixed(SHA512.hash(RistrettoContext.prefixed(publicKey.bytes) + tag))
        return zip(inputs, outputs).enumerated().map { index, pair in
            var transcript = seed
            transcript += RistrettoContext.twoBytes(index)
            transcript += RistrettoContext.prefixed(pair.0.bytes)
            transcript += RistrettoContext.prefixed(pair.1.bytes)
            transcript += Array("Composite".utf8)
            return context.hashToScalar(transcript)
        }
    }

    private static func challenge(
        _ publicKey: GroupElement, _ input: GroupElement, _ output: GroupElement, _ first: GroupElement,
        _ second: GroupElement, _ context: RistrettoContext
    ) -> RistrettoScalar {
        var transcript: [UInt8] = []
        for element in [publicKey, input, output, first, second] {
            transcript += RistrettoContext.prefixed(element.bytes)
        }
        return context.hashToScalar(transcript + Array("Challenge".utf8))
    }
}
