import Crypto
import Primitives
import Testing

/// Values computed once by an independent program from the formats as documented: a change of any transcript shows.
@Suite struct ThresholdGoldenTests {
    private let chain = ChainID(
        raw: Bytes32(
            words: (0x0101_0101_0101_0101, 0x0101_0101_0101_0101, 0x0101_0101_0101_0101, 0x0101_0101_0101_0101)))
    private let scalar = "e6f73f344b79b379f1a0dd37e07ff62e38d9f71345ce62ae3a9bc60b04ccd909"
    private let publicKey = "c803e2cc6b05fc15064549b5920659ca4a77b2cca6f04f6b357009335476ad4e"

    private func bytes32(_ byte: UInt8) -> Bytes32 { Bytes32([UInt8](repeating: byte, count: 32)) ?? .zero }

    private func hexadecimal(_ key: borrowing SecretKey) -> String {
        key.withBytes { bytes in Hex.encode(bytes.indices.map { bytes[$0] }) }
    }

    @Test("a number's location and sealing key")
    func location() {
        let output = [UInt8](repeating: 1, count: 64)
        #expect(
            VOPRFLocation.location(output: output, epoch: LocationEpoch(5)).hex
                == "13f3b1eb9f523658a9f8d2fe2e3088b115ed8c53662a9763515eba75b650ea84")
        #expect(
            hexadecimal(VOPRFLocation.sealingKey(output: output, epoch: LocationEpoch(5)))
                == "b8722d5243c5b5d43ff30cf0d6ef38a0f0ac65c75309cf9d2ab13ef1ebf8f570")
    }

    @Test("an outer key: its point and O_e")
    func outerKey() throws {
        let name = ThresholdOuterKey(
            chain: chain, recording: RecordingID(raw: bytes32(2)), rightsEpoch: RightsEpoch(3))
        let point = try name.point()
        #expect(point.hex == "ecd34440b41668c0e016ff403ab193ccd75a10514e41c3adee6432bf17b42942")
        let secret = try RistrettoSecret(copying: hex(scalar).span)
        #expect(
            hexadecimal(name.key(from: try secret.multiply(point)))
                == "2e9996f74cd47a47ed3d3968bfc4be061b5dd46fef8b9707814cd717f7afe983")
    }

    @Test("a wrap made elsewhere is verified and opened")
    func wrap() throws {
        let subject = GroupKeyWrap.Subject(
            recording: RecordingID(raw: bytes32(2)), sender: PublicKey(raw: bytes32(3)), track: 7,
            group: GroupIndex(9), consent: TransactionID(raw: bytes32(4)), roster: Digest(raw: bytes32(5)))
        let proof = hex(
            "59912118514377a04861f3890dbc81ed00ed803d711fa9ef973e9469f8b3730f"
                + "47ec319f2d0a3a71deb13a3229da608ba2207b22f08870f5833210e1e3a7b908")
        let wrap = GroupKeyWrap(
            subject: subject,
            point: try #require(
                GroupElement(hex: "5e3ac6ea76ab67af4e5b260a6ee02eceeca2a70572bca2f90826a1e455215a5f")),
            sealedKey: try #require(Bytes32(hex: "654496c4a0fe8a4fc540caccf01174b638ff04e3c8dc53b5a59c3cb36218343e")),
            proof: try #require(GroupProof(proof)))
        let seal = WrapSeal(chain: chain, publicKey: try #require(GroupElement(hex: publicKey)))
        try seal.verify(wrap)
        let secret = try RistrettoSecret(copying: hex(scalar).span)
        let key = try seal.unwrap(wrap, combined: secret.multiply(wrap.point))
        #expect(hexadecimal(key) == String(repeating: "06", count: 32))
    }

    @Test("an evaluation made elsewhere is verified")
    func evaluation() throws {
        let key = try #require(GroupElement(hex: publicKey))
        let keys = try #require(
            ThresholdPublicKeys(purpose: .phone, sharingEpoch: SharingEpoch(1), publicKey: key, shares: [key]))
        let blinded = try #require(
            GroupElement(hex: "3cc05e5224cfab78765f41a361026f4c5f6eda14d589f7ddeebbfa6fbacc367e"))
        let evaluated = try #require(
            GroupElement(hex: "3013f9c07caedd48ca0bbc10dceb5789cc06a48714eccca441fd07525ac9570f"))
        let proof = hex(
            "c53898cb8c54eeaa5c0cde1520c15155e4c6a504990a1e6e9448c3decc724101"
                + "3fefd09f30bba8d76b815b8aa93ad276c61cce4587fd31633cab70e6c41dd905")
        var combiner = try ThresholdCombiner(keys, inputs: [blinded])
        try combiner.add(
            PartialEvaluation(
                purpose: .phone, sharingEpoch: SharingEpoch(1), index: 1, elements: [evaluated],
                proof: try #require(GroupProof(proof))))
        #expect(try combiner.combined() == [evaluated])
    }
}
