package import Primitives

/// The side that answers a Noise_IK_25519_AESGCM_SHA256 handshake, after it has read a first message.
///
/// Having read one proves that the initiator's key once made it, not that it was made now: act on the payload only in
/// ways that a replay cannot harm.
package struct NoiseResponder {
    /// The shortest first message: ephemeral key, sealed static key, tag of an empty payload.
    package static let byteCountMin = 96
    /// Who calls.
    package let initiator: AgreementKey
    /// What the first message carries.
    package let payload: [UInt8]
    private let state: NoiseSymmetricState
    private let ephemeralOfInitiator: AgreementKey

    /// Reads a first message. Bytes that were not made for this key cost one key agreement.
    /// - Throws: `CryptoError.malformed`, `.badPoint` or `.authenticationFailed`.
    package init(prologue: [UInt8], own: AgreementSecret, reading message: [UInt8]) throws(CryptoError) {
        guard message.count >= Self.byteCountMin, message.count <= NoiseInitiator.byteCountMax,
            let ephemeral = AgreementKey(message[..<32])
        else { throw .malformed }
        state = NoiseSymmetricState(prologue: prologue, responder: own.publicKey)
        state.mix(ephemeral.bytes)
        state.mix(try own.sharedSecret(with: ephemeral))
        let key = try state.decrypt(Array(message[32..<80]))
        guard let initiator = AgreementKey(key) else { preconditionFailure("a key of another length") }
        state.mix(try own.sharedSecret(with: initiator))
        payload = try state.decrypt(Array(message[80...]))
        self.initiator = initiator
        ephemeralOfInitiator = ephemeral
    }

    /// Makes the answer and this end's transport. Each call is an answer of its own; use one. The ephemeral is given
    /// only by vectors.
    /// - Throws: `CryptoError.badPoint`, or `.limitExceeded` for too long a payload.
    package func answer(
        payload: [UInt8] = [], ephemeral: AgreementSecret = .generate()
    ) throws(CryptoError) -> (message: [UInt8], transport: NoiseTransport) {
        guard payload.count <= NoiseInitiator.byteCountMax - 48 else { throw .limitExceeded }
        let state = state.copy()
        var message = ephemeral.publicKey.bytes
        state.mix(message)
        state.mix(try ephemeral.sharedSecret(with: ephemeralOfInitiator))
        state.mix(try ephemeral.sharedSecret(with: initiator))
        message += try state.encrypt(payload)
        return (message, try state.transport(isInitiator: false))
    }
}
