import Crypto
import Primitives
import Testing
import Wire

@Suite struct KeyRequestTests {
    private static func word(_ number: UInt64) -> Bytes32 { Bytes32(words: (number, 0, 0, number)) }
    private static let member = MemberID(raw: word(1))
    private static let key = AgreementKey(raw: word(2))

    private static func blind(_ count: Int = 2, nonce: Int = 16) -> BlindEvaluationRequest? {
        BlindEvaluationRequest(
            key: key, time: Timestamp(5), nonce: [UInt8](repeating: 7, count: nonce), member: member,
            elements: [GroupElement](repeating: GroupElement(raw: word(3)), count: count))
    }

    private static func share(_ count: Int = 1) -> WrapShareRequest? {
        let wrap = WrapShareRequest.ProvenWrap(wrap: [1, 2, 3], proof: [Digest(raw: word(4)), Digest(raw: word(5))])
        return WrapShareRequest(
            time: Timestamp(5), group: GroupIndex(6),
            wraps: [WrapShareRequest.ProvenWrap](repeating: wrap, count: count),
            member: member, recording: RecordingID(raw: word(7)))
    }

    private static func outer(_ role: OuterKeyRequest.Role) -> OuterKeyRequest {
        OuterKeyRequest(
            as: role, key: key, time: Timestamp(5), epoch: RightsEpoch(6), member: member,
            recording: RecordingID(raw: word(7)))
    }

    private func holds<Value: WireObject & Equatable>(_ value: Value) throws {
        let bytes = value.encoded
        #expect(try Value(decoding: bytes) == value)
        for count in bytes.indices {
            #expect(throws: WireError.self) { try Value(decoding: Array(bytes[..<count])) }
        }
        for index in bytes.indices {
            var flipped = bytes
            flipped[index] ^= 1 << UInt8(index & 7)
            guard let other = try? Value(decoding: flipped) else { continue }
            #expect(other != value && other.encoded == flipped)
        }
    }

    @Test("every request has one encoding")
    func encodings() throws {
        try holds(try #require(Self.blind()))
        try holds(try #require(Self.share()))
        for role in OuterKeyRequest.Role.allCases { try holds(Self.outer(role)) }
    }

    @Test("a request asks for something, and for no more than the limit; the longest fits its limit of bytes")
    func limits() throws {
        #expect(Self.blind(0) == nil && Self.blind(33) == nil && Self.blind(nonce: 15) == nil)
        #expect(Self.share(0) == nil && Self.share(33) == nil)
        #expect(try #require(Self.blind(32)).encoded.count <= BlindEvaluationRequest.byteCountMax)
        #expect(Self.outer(.holder).encoded.count <= OuterKeyRequest.byteCountMax)
        let wrap = WrapShareRequest.ProvenWrap(
            wrap: [UInt8](repeating: 0, count: WrapShareRequest.ProvenWrap.wrapByteCountMax),
            proof: [Digest](repeating: .zero, count: WrapShareRequest.ProvenWrap.proofCountMax))
        let longest = WrapShareRequest(
            time: Timestamp(1 << 62), group: GroupIndex(1 << 62),
            wraps: [WrapShareRequest.ProvenWrap](repeating: wrap, count: 32), member: .zero, recording: .zero)
        #expect(try #require(longest).encoded.count <= WrapShareRequest.byteCountMax)
    }

    @Test("a request counts with its member's signature, in its chain, as its kind, and not above its limit")
    func signatures() throws {
        let signer = SigningKey.generate()
        let chain = ChainID(raw: Self.word(9))
        let body = Self.outer(.viewer).encoded
        let signed = try SignedKeyRequest<OuterKeyRequest>(signer.sign(.outerRequest, chain: chain, body: body))
        let verifier = SignatureVerifier()
        let context = SignedKeyRequest<OuterKeyRequest>.Context(chain: chain, key: signer.publicKey)
        #expect(verifier.verified(signed, in: context)?.value.request == Self.outer(.viewer))
        let elsewhere = SignedKeyRequest<OuterKeyRequest>.Context(chain: .zero, key: signer.publicKey)
        #expect(verifier.verified(signed, in: elsewhere) == nil)
        let stranger = SignedKeyRequest<OuterKeyRequest>.Context(chain: chain, key: SigningKey.generate().publicKey)
        #expect(verifier.verified(signed, in: stranger) == nil)
        let other = try SignedKeyRequest<OuterKeyRequest>(signer.sign(.shareRequest, chain: chain, body: body))
        #expect(verifier.verified(other, in: context) == nil)
        let long = signer.sign(
            .outerRequest, chain: chain, body: [UInt8](repeating: 0, count: OuterKeyRequest.byteCountMax + 1))
        #expect(throws: WireError.limitExceeded(at: 0, limit: 256)) { try SignedKeyRequest<OuterKeyRequest>(long) }
    }
}
