import Crypto
import Primitives

/// What travels sealed between a member and a validator through the member's home node.
enum NumberSeals {
    /// Seals evidence to a validator.
    static func seal(evidence: [UInt8], to validator: AgreementKey, chain: ChainID) throws(CryptoError) -> [UInt8] {
        try HPKE.seal(evidence, to: validator, info: Array("sotto/1/number-claim".utf8), authenticating: chain.bytes)
    }

    static func open(evidence: [UInt8], with validator: AgreementSecret, chain: ChainID) throws(CryptoError) -> [UInt8]
    {
        try HPKE.open(
            evidence, with: validator, info: Array("sotto/1/number-claim".utf8), authenticating: chain.bytes)
    }

    /// Seals an evaluation to the key in the request, from the validator: nobody else can have made it, so a bad one is
    /// the validator's own.
    static func seal(
        evaluation: [UInt8], to member: AgreementKey, from validator: AgreementSecret, request: Digest, chain: ChainID
    ) throws(CryptoError) -> [UInt8] {
        try HPKE.seal(
            evaluation, to: member, info: Array("sotto/1/number-evaluation".utf8),
            authenticating: chain.bytes + request.bytes, from: validator)
    }

    static func open(
        evaluation: [UInt8], with member: AgreementSecret, from validator: AgreementKey, request: Digest,
        chain: ChainID
    ) throws(CryptoError) -> [UInt8] {
        try HPKE.open(
            evaluation, with: member, info: Array("sotto/1/number-evaluation".utf8),
            authenticating: chain.bytes + request.bytes, from: validator)
    }
}
