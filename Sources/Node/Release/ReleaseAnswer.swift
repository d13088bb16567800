package import Crypto
package import Primitives
package import Wire

/// Why a validator releases nothing. The numbers travel; new reasons get new ones.
package enum ReleaseRefusal: UInt8, CaseIterable, Error, Sendable {
    /// The request is not of its form.
    case malformed = 1
    /// Who asks is no active member.
    case unknownMember = 2
    /// Not signed by the member's current key.
    case badSignature = 3
    /// The request's time lies too far from the newest record's.
    case stale = 4
    /// No open lease of this viewer stands on the ledger for this, here and now.
    case noLease = 5
    /// Not an assigned holder, or an epoch that holders may not have.
    case notHolder = 6
    /// The answer would have to be sealed to another key than the one in the lease.
    case otherKey = 7
    /// Nothing is sealed for this place, consent did not cover it, or does not stand any more.
    case notReleasable = 8
    /// The wrap is not the one that was sealed.
    case unprovenWrap = 9
    /// The sealed wrap is none: its point or its proof is false, or it is about something else.
    case badWrap = 10
    /// This node holds no share, or cannot read its state.
    case unavailable = 11
}

/// What a validator answers to a request for a share: `{v, sealed}` or `{v, refusal}`.
///
/// Sealed is HPKE in Auth mode, from the validator's agreement key to the key that the ledger or the request names. So
/// only the requester reads it, and a bad share is the validator's own and nobody's else: a home node in between can
/// withhold an answer, but not forge one.
package enum ReleaseAnswer: WireObject, Hashable {
    case sealed([UInt8])
    case refused(ReleaseRefusal)

    private static let version: UInt64 = 1
    /// An evaluation of 32 elements, and what sealing adds.
    package static let sealedByteCountMax = 2_048

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 2)
        try reader.key("v")
        guard try reader.unsigned() == Self.version else { throw .badValue(field: "v") }
        if try reader.keyIfPresent("sealed") {
            self = .sealed(try reader.byteString(max: Self.sealedByteCountMax))
        } else {
            try reader.key("refusal")
            guard let refusal = ReleaseRefusal(rawValue: UInt8(try reader.unsigned(max: 255))) else {
                throw .badValue(field: "refusal")
            }
            self = .refused(refusal)
        }
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 2)
        writer.key("v")
        writer.unsigned(Self.version)
        switch self {
        case .sealed(let bytes):
            writer.key("sealed")
            writer.byteString(bytes)
        case .refused(let refusal):
            writer.key("refusal")
            writer.unsigned(UInt64(refusal.rawValue))
        }
    }

    // MARK: Sealing

    /// Seals an evaluation as the answer to `request` and to no other.
    /// - Throws: `CryptoError.badPoint` for a key that nothing can be sealed to.
    package static func seal(
        _ evaluation: PartialEvaluation, answering request: SignedObject, to key: AgreementKey,
        from validator: AgreementSecret, chain: ChainID
    ) throws(CryptoError) -> ReleaseAnswer {
        .sealed(
            try HPKE.seal(
                evaluation.encoded, to: key, info: info(chain), authenticating: binding(request), from: validator))
    }

    /// The evaluation in `sealed`, as exactly this validator answered exactly this request.
    /// - Throws: `CryptoError.authenticationFailed` for another validator, request or receiver; `.malformed` for an
    ///   authentic answer that holds no evaluation.
    package static func open(
        _ sealed: [UInt8], answering request: SignedObject, with key: AgreementSecret, from validator: AgreementKey,
        chain: ChainID
    ) throws(CryptoError) -> PartialEvaluation {
        let bytes = try HPKE.open(
            sealed, with: key, info: info(chain), authenticating: binding(request), from: validator)
        do throws(WireError) {
            return try PartialEvaluation(decoding: bytes)
        } catch {
            throw .malformed
        }
    }

    private static func info(_ chain: ChainID) -> [UInt8] { Array("sotto/1/share-answer".utf8) + [0] + chain.bytes }

    private static func binding(_ request: SignedObject) -> [UInt8] { SHA256.hash(request.encoded).bytes }
}
