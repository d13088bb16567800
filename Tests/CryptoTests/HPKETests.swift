import Crypto
import Primitives
import Testing

/// One vector of the test vectors of RFC 9180; all say the same plaintext with the same info.
struct HPKEVector: Sendable {
    let suite: CipherSuite
    let receiver: String
    let ephemeral: String
    let encapsulated: String
    let sender: String?
    /// Messages 0, 1, …, each with the data `Count-n`.
    let messages: [String]
    /// Exports of 32 bytes under the names "", 0x00 and "TestContext".
    let exports: [String]
}

@Suite struct HPKETests {
    static let info = "4f6465206f6e2061204772656369616e2055726e"
    static let plaintext = "4265617574792069732074727574682c20747275746820626561757479"
    static let vectors = [
        HPKEVector(
            suite: .aes128GCM, receiver: "4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8",
            ephemeral: "52c4a758a802cd8b936eceea314432798d5baf2d7e9235dc084ab1b9cfa2f736",
            encapsulated: "37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431", sender: nil,
            messages: [
                "f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a",
                "af2d7e9ac9ae7e270f46ba1f975be53c09f8d875bdc8535458c2494e8a6eab251c03d0c22a56b8ca42c2063b84",
                "498dfcabd92e8acedc281e85af1cb4e3e31c7dc394a1ca20e173cb72516491588d96a19ad4a683518973dcc180",
            ], exports: []),
        HPKEVector(
            suite: .aes256GCM, receiver: "497b4502664cfea5d5af0b39934dac72242a74f8480451e1aee7d6a53320333d",
            ephemeral: "179d4b53b6365c45b600c4163b61d95cbc2f4d9e36f1695558dce265ab8bab11",
            encapsulated: "6c93e09869df3402d7bf231bf540fadd35cd56be14f97178f0954db94b7fc256", sender: nil,
            messages: ["e5d84cd531cfb583096e7cfa9641bd3079cf3a91cda813c52deb5f512be9931980a41de125a925cdad859d5b7a"],
            exports: [
                "ded6cffafaea6b812cbf3e241e88332adbc077aca81512914213810ee291770a",
                "04d3cb6cc116b28ffd22ad5bc276c60d31fec71ceb87ae24db811c64b7507339",
                "7c5ded445732c14fe09727d29b4251c0fd38455fe8440571e687f0886aac94d2",
            ]),
        HPKEVector(
            suite: .aes128GCM, receiver: "fdea67cf831f1ca98d8e27b1f6abeb5b7745e9d35348b80fa407ff6958f9137e",
            ephemeral: "ff4442ef24fbc3c1ff86375b0be1e77e88a0de1e79b30896d73411c5ff4c3518",
            encapsulated: "23fb952571a14a25e3d678140cd0e5eb47a0961bb18afcf85896e5453c312e76",
            sender: "dc4a146313cce60a278a5323d321f051c5707e9c45ba21a3479fecdf76fc69dd",
            messages: [
                "5fd92cc9d46dbf8943e72a07e42f363ed5f721212cd90bcfd072bfd9f44e06b80fd17824947496e21b680c141b",
                "d3736bb256c19bfa93d79e8f80b7971262cb7c887e35c26370cfed62254369a1b52e3d505b79dd699f002bc8ed",
                "122175cfd5678e04894e4ff8789e85dd381df48dcaf970d52057df2c9acc3b121313a2bfeaa986050f82d93645",
            ],
            exports: [
                "28c70088017d70c896a8420f04702c5a321d9cbf0279fba899b59e51bac72c85",
                "25dfc004b0892be1888c3914977aa9c9bbaf2c7471708a49e1195af48a6f29ce",
                "5a0131813abc9a522cad678eb6bafaabc43389934adb8097d23c5ff68059eb64",
            ]),
    ]

    @Test("both ends agree with the vectors of RFC 9180", arguments: vectors)
    func vector(_ vector: HPKEVector) throws {
        let receiver = try AgreementSecret(secret: hex(vector.receiver))
        let sender = try vector.sender.map { try AgreementSecret(secret: hex($0)) }
        let (encapsulated, sealing) = try HPKEContext.sender(
            to: receiver.publicKey, info: hex(Self.info), from: sender, suite: vector.suite,
            ephemeral: AgreementSecret(secret: hex(vector.ephemeral)))
        #expect(encapsulated.hex == vector.encapsulated)
        let opening = try HPKEContext.receiver(
            encapsulated, with: receiver, info: hex(Self.info), from: sender?.publicKey, suite: vector.suite)
        for (index, message) in vector.messages.enumerated() {
            let data = Array("Count-\(index)".utf8)
            #expect(try Hex.encode(sealing.seal(hex(Self.plaintext), authenticating: data)) == message)
            #expect(try opening.open(hex(message), authenticating: data) == hex(Self.plaintext))
        }
        for (name, expected) in zip([[], [0], Array("TestContext".utf8)] as [[UInt8]], vector.exports) {
            #expect(Hex.encode(sealing.export(name, count: 32)) == expected)
            #expect(Hex.encode(opening.export(name, count: 32)) == expected)
        }
    }

    @Test("what is sealed opens for the receiver alone, with the same info and data")
    func single() throws {
        let receiver = AgreementSecret.generate()
        let sealed = try HPKE.seal([1, 2, 3], to: receiver.publicKey, info: [7], authenticating: [8])
        #expect(sealed.count == 3 + HPKE.overheadByteCount)
        #expect(try HPKE.open(sealed, with: receiver, info: [7], authenticating: [8]) == [1, 2, 3])
        #expect(throws: CryptoError.authenticationFailed) {
            _ = try HPKE.open(sealed, with: AgreementSecret.generate(), info: [7], authenticating: [8])
        }
        #expect(throws: CryptoError.authenticationFailed) {
            _ = try HPKE.open(sealed, with: receiver, info: [6], authenticating: [8])
        }
        #expect(throws: CryptoError.authenticationFailed) {
            _ = try HPKE.open(sealed, with: receiver, info: [7], authenticating: [9])
        }
        for bad in flips(of: sealed) + prefixes(of: sealed) {
            #expect(throws: CryptoError.self) {
                _ = try HPKE.open(bad, with: receiver, info: [7], authenticating: [8])
            }
        }
    }

    @Test("in auth mode the seal opens only as its sender's")
    func authenticated() throws {
        let receiver = AgreementSecret.generate()
        let sender = AgreementSecret.generate()
        let sealed = try HPKE.seal([1], to: receiver.publicKey, info: [], from: sender)
        #expect(try HPKE.open(sealed, with: receiver, info: [], from: sender.publicKey) == [1])
        #expect(throws: CryptoError.authenticationFailed) {
            _ = try HPKE.open(sealed, with: receiver, info: [], from: AgreementSecret.generate().publicKey)
        }
        #expect(throws: CryptoError.authenticationFailed) { _ = try HPKE.open(sealed, with: receiver, info: []) }
    }

    @Test("nothing is sealed to a key of small order")
    func smallOrder() {
        #expect(throws: CryptoError.badPoint) { _ = try HPKE.seal([1], to: .zero, info: []) }
        let sealed = [UInt8](repeating: 0, count: 64)
        #expect(throws: CryptoError.badPoint) { _ = try HPKE.open(sealed, with: .generate(), info: []) }
    }
}
