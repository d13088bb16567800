package import Primitives

/// The side that opens a Noise_IK_25519_AESGCM_SHA256 handshake: it knows whom it calls and shows its own key
/// encrypted. Messages: `e, es, s, ss` and `e, ee, se`, each with a payload.
///
/// The first payload can be replayed by whoever saw it and is not forward secret against the responder's key; the
/// second is both fresh and forward secret.
package struct NoiseInitiator {
    /// The longest handshake message in bytes, as the specification has it.
    package static let byteCountMax = 65_535
    /// What to send, and to send again when no answer comes.
    package let message: [UInt8]
    private let state: NoiseSymmetricState
    private let own: AgreementSecret
    private let ephemeral: AgreementSecret

    /// Makes the first message. The ephemeral is given only by vectors.
    /// - Throws: `CryptoError.badPoint` for a peer's key of small order, `.limitExceeded` for too long a payload.
    package init(
        prologue: [UInt8], own: AgreementSecret, responder: AgreementKey, payload: [UInt8] = [],
        ephemeral: AgreementSecret = .generate()
    ) throws(CryptoError) {
        guard payload.count <= Self.byteCountMax - NoiseResponder.byteCountMin else { throw .limitExceeded }
        state = NoiseSymmetricState(prologue: prologue, responder: responder)
        self.own = own
        self.ephemeral = ephemeral
        var message = ephemeral.publicKey.bytes
        state.mix(message)
        state.mix(try ephemeral.sharedSecret(with: responder))
        message += try state.encrypt(own.publicKey.bytes)
        state.mix(try own.sharedSecret(with: responder))
        message += try state.encrypt(payload)
        self.message = message
    }

    /// Reads the answer. A forged one is refused and changes nothing: a later one may still be true.
    /// - Throws: `CryptoError.malformed`, `.badPoint` or `.authenticationFailed`.
    package func finish(
        reading answer: [UInt8]
    ) throws(CryptoError) -> (payload: [UInt8], transport: NoiseTransport) {
        guard answer.count >= 48, answer.count <= Self.byteCountMax, let remote = AgreementKey(answer[..<32]) else {
            throw .malformed
        }
        let state = state.copy()
        state.mix(remote.bytes)
        state.mix(try ephemeral.sharedSecret(with: remote))
        state.mix(try own.sharedSecret(with: remote))
        let payload = try state.decrypt(Array(answer[32...]))
        return (payload, try state.transport(isInitiator: true))
    }
}
