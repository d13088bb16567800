package import Primitives

/// Wraps lease-group keys to the validators' public key P, and unwraps them: hashed ElGamal on ristretto255 with a
/// proof that the sender knows r.
///
/// U = r·G with a fresh r; pad = HKDF-SHA-512(r·P, salt "sotto/1/group-wrap", info = statement ‖ U); the sealed key is
/// key ⊕ pad: a pad serves once, since r does. The proof is Schnorr's: T = k·G, c = H(statement ‖ U ‖ sealed ‖ T) under
/// the context "SottoV1-wrap-ristretto255-SHA512", s = k − c·r. The statement is chain (32) ‖ P (32) ‖ recording (32) ‖
/// sender (32) ‖ track (1) ‖ group u64 ‖ consent (32) ‖ roster (32), all of fixed width.
///
/// The proof makes the scheme safe against chosen wraps: who cannot prove knowledge of r, because U was taken or
/// derived from somebody else's wrap, gets no share. What it cannot do: a sender may wrap a key that opens nothing.
package struct WrapSeal: Hashable, Sendable {
    private static let name = "sotto/1/group-wrap"
    private static let context = RistrettoContext.own("wrap")

    package let chain: ChainID
    /// P: stays the same when shares are dealt anew.
    package let publicKey: GroupElement

    package init(chain: ChainID, publicKey: GroupElement) {
        self.chain = chain
        self.publicKey = publicKey
    }

    /// Wraps the key of one group of one track.
    /// - Throws: `RistrettoError.invalidElement` when P is none.
    package func wrap(
        _ key: borrowing SecretKey, of subject: GroupKeyWrap.Subject
    ) throws(RistrettoError) -> GroupKeyWrap {
        let secret = RistrettoSecret()
        let point = secret.publicElement()
        let sealed = try seal(key, shared: secret.multiply(publicKey), subject, point)
        let nonce = RistrettoSecret()
        let challenge = challenge(subject, point, sealed, nonce.publicElement())
        let proof = GroupProof(challenge: challenge, response: secret.response(to: challenge, nonce: nonce))
        return GroupKeyWrap(subject: subject, point: point, sealedKey: sealed, proof: proof)
    }

    /// Checks that the wrap was made, as it stands, for this chain and P by one who knew r.
    /// - Throws: `RistrettoError.invalidElement` for a point that is the identity or no element; `.badWrap`.
    package func verify(_ wrap: GroupKeyWrap) throws(RistrettoError) {
        guard wrap.point.isAcceptable else { throw .invalidElement }
        guard let (challenge, response) = wrap.proof.scalars else { throw .badWrap }
        let commitment: GroupElement
        do {
            commitment = try GroupElement.generator(times: response).adding(wrap.point.multiplied(by: challenge))
        } catch {
            throw .badWrap
        }
        guard self.challenge(wrap.subject, wrap.point, wrap.sealedKey, commitment) == challenge else { throw .badWrap }
    }

    /// The wrapped key, from what the combiner gave for `wrap.point`. Another element gives another key and no error:
    /// the first frame that does not open shows it.
    /// - Throws: `RistrettoError.invalidElement`.
    package func unwrap(_ wrap: GroupKeyWrap, combined: GroupElement) throws(RistrettoError) -> SecretKey {
        guard combined.isAcceptable else { throw .invalidElement }
        var bytes = exclusiveOr(wrap.sealedKey.bytes, pad(combined, wrap.subject, wrap.point))
        defer { ConstantTime.wipe(&bytes) }
        guard let key = try? SecretKey(copying: bytes.span) else { preconditionFailure("a sealed key has 32 bytes") }
        return key
    }

    private func seal(
        _ key: borrowing SecretKey, shared: GroupElement, _ subject: GroupKeyWrap.Subject, _ point: GroupElement
    ) -> Bytes32 {
        let pad = pad(shared, subject, point)
        let sealed = key.withBytes { bytes in
            pad.withBytes { pad in bytes.indices.map { bytes[$0] ^ pad[$0] } }
        }
        guard let value = Bytes32(sealed.span) else { preconditionFailure("a key has 32 bytes") }
        return value
    }

    private func exclusiveOr(_ sealed: [UInt8], _ pad: borrowing SecretKey) -> [UInt8] {
        pad.withBytes { pad in pad.indices.map { sealed[$0] ^ pad[$0] } }
    }

    private func pad(
        _ shared: GroupElement, _ subject: GroupKeyWrap.Subject, _ point: GroupElement
    ) -> SecretKey {
        HKDF.deriveKey(
            from: shared.bytes, salt: Array(Self.name.utf8), info: statement(subject) + point.bytes, using: .sha512)
    }

    private func challenge(
        _ subject: GroupKeyWrap.Subject, _ point: GroupElement, _ sealed: Bytes32, _ commitment: GroupElement
    ) -> RistrettoScalar {
        Self.context.hashToScalar(statement(subject) + point.bytes + sealed.bytes + commitment.bytes)
    }

    private func statement(_ subject: GroupKeyWrap.Subject) -> [UInt8] {
        chain.bytes + publicKey.bytes + subject.recording.bytes + subject.sender.bytes + [subject.track]
            + subject.group.rawValue.bigEndianBytes + subject.consent.bytes + subject.roster.bytes
    }
}

extension ThresholdShare {
    /// A validator's part in opening wraps of `chain`: its share times each wrap's point, with a proof. `wraps` are
    /// those that the seal on the ledger commits to, never the request's; each wrap's own proof is checked here,
    /// against the key that this share belongs to, before the share is used.
    /// - Throws: `RistrettoError.wrongPurpose`, `.badElementCount`, `.invalidElement`, `.badWrap`.
    package borrowing func evaluate(
        _ wraps: [GroupKeyWrap], chain: ChainID
    ) throws(RistrettoError) -> PartialEvaluation {
        guard purpose == .wraps else { throw .wrongPurpose }
        guard wraps.count <= PartialEvaluation.elementCountMax else { throw .badElementCount }
        let seal = WrapSeal(chain: chain, publicKey: publicKey)
        for wrap in wraps { try seal.verify(wrap) }
        return try evaluate(wraps.map(\.point), for: .wraps)
    }
}
