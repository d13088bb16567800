import Primitives
import Testing
import Wire

@Suite struct ThresholdWireTests {
    private static func word(_ number: UInt64) -> Bytes32 { Bytes32(words: (number, 0, 0, number)) }
    private static let proof = GroupProof(challenge: word(1), response: word(2))

    private static func keys(_ count: UInt64) throws -> ThresholdPublicKeys {
        try #require(
            ThresholdPublicKeys(
                purpose: .wraps, sharingEpoch: SharingEpoch(3), publicKey: GroupElement(raw: word(9)),
                shares: (0..<count).map { GroupElement(raw: word($0)) }))
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

    @Test("public keys, evaluations, sealed shares and wraps each have one encoding")
    func encodings() throws {
        try holds(try Self.keys(4))
        try holds(
            PartialEvaluation(
                purpose: .phone, sharingEpoch: SharingEpoch(1), index: 2,
                elements: [GroupElement(raw: Self.word(4)), GroupElement(raw: Self.word(5))], proof: Self.proof))
        try holds(SealedShare(purpose: .outer, sharingEpoch: SharingEpoch(1), index: 128, sealed: [1, 2, 3]))
        try holds(
            GroupKeyWrap(
                subject: GroupKeyWrap.Subject(
                    recording: RecordingID(raw: Self.word(1)), sender: PublicKey(raw: Self.word(2)), track: 255,
                    group: GroupIndex(7), consent: TransactionID(raw: Self.word(3)), roster: Digest(raw: Self.word(4))),
                point: GroupElement(raw: Self.word(5)), sealedKey: Self.word(6), proof: Self.proof))
    }

    @Test("public keys of another threshold, of no member, or of too many, are refused")
    func keyLimits() throws {
        var bytes = try Self.keys(4).encoded
        #expect(bytes[3] == 3)
        bytes[3] = 2
        #expect(throws: WireError.badValue(field: "t")) { try ThresholdPublicKeys(decoding: bytes) }
        let none = ThresholdPublicKeys(purpose: .phone, sharingEpoch: .zero, publicKey: .zero, shares: [])
        #expect(none == nil)
        let many = [GroupElement](repeating: .zero, count: ThresholdPublicKeys.memberCountMax + 1)
        #expect(ThresholdPublicKeys(purpose: .phone, sharingEpoch: .zero, publicKey: .zero, shares: many) == nil)
        #expect(try Self.keys(4).share(of: 0) == nil)
        #expect(try Self.keys(4).share(of: 5) == nil)
        #expect(try Self.keys(4).share(of: 4)?.raw == Self.word(3))
    }

    @Test("an evaluation of nothing or of too much, and a member outside 1 through the limit, are refused")
    func evaluationLimits() {
        func evaluation(_ count: Int, index: Int = 1) -> [UInt8] {
            PartialEvaluation(
                purpose: .phone, sharingEpoch: .zero, index: index,
                elements: [GroupElement](repeating: .zero, count: count), proof: Self.proof
            ).encoded
        }
        #expect(throws: WireError.badValue(field: "elements")) { try PartialEvaluation(decoding: evaluation(0)) }
        #expect(throws: WireError.self) { try PartialEvaluation(decoding: evaluation(33)) }
        #expect(throws: WireError.badValue(field: "index")) { try PartialEvaluation(decoding: evaluation(1, index: 0)) }
        #expect(throws: WireError.self) { try PartialEvaluation(decoding: evaluation(1, index: 129)) }
    }

    @Test("a seal over a share binds chain, purpose, sharing epoch and member")
    func shareBinding() {
        let chain = ChainID(raw: Self.word(1))
        let data = [
            SealedShare.associatedData(chain: chain, purpose: .phone, sharingEpoch: SharingEpoch(1), index: 1),
            SealedShare.associatedData(chain: .zero, purpose: .phone, sharingEpoch: SharingEpoch(1), index: 1),
            SealedShare.associatedData(chain: chain, purpose: .outer, sharingEpoch: SharingEpoch(1), index: 1),
            SealedShare.associatedData(chain: chain, purpose: .phone, sharingEpoch: SharingEpoch(2), index: 1),
            SealedShare.associatedData(chain: chain, purpose: .phone, sharingEpoch: SharingEpoch(1), index: 256),
        ]
        #expect(Set(data).count == 5 && data.allSatisfy { $0.count == 43 })
    }
}
