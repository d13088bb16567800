import Crypto
import Primitives
import Testing

@Suite struct NoiseTests {
    /// The vector of Noise_IK_25519_AESGCM_SHA256 in the collection of the cacophony library: (payload, ciphertext).
    static let prologue = "4a6f686e2047616c74"
    static let initiatorStatic = "e61ef9919cde45dd5f82166404bd08e38bceb5dfdfded0a34c8df7ed542214d1"
    static let initiatorEphemeral = "893e28b9dc6ca8d611ab664754b8ceb7bac5117349a4439a6b0569da977c464a"
    static let responderStatic = "4a3acbfdb163dec651dfa3194dece676d437029c62a408b4c5ea9114246e4893"
    static let responderKey = "31e0303fd6418d2f8c0e78b91f22e8caed0fbe48656dcf4767e4834f701b8f62"
    static let responderEphemeral = "bbdb4cdbd309f1a1f2e1456967fe288cadd6f712d65dc7b7793d5e63da6b375b"
    static let handshakeHash = "669c8640d9e42a3cda2f232f78597ceefb01daa6e3df81181ccce6fc6b5026bf"
    static let handshake = [
        (
            "4c756477696720766f6e204d69736573",
            "ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c7944"
                + "4e417bc55c7a8166c993356c1be41ef67818a292426f301556c7f26b21d25ddb"
                + "097153891a9a956cff47b83e63ad8d701c1342c209cff1ca5ecd43402762ac24"
                + "9e3bd3a4c0a145fe07cb5dae28ea13a3"
        ),
        (
            "4d757272617920526f746862617264",
            "95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f144808843"
                + "af2ccf9972e22afc67aeafcd25162f7f98c363b7762e3e4cb7d272e39f27a5"
        ),
    ]
    static let transport = [
        ("462e20412e20486179656b", "66acfc92e3197de166809e6d4d5d003dcc819a84bc3522ca53c9d9"),
        ("4361726c204d656e676572", "71f89aa6533a6de70b0826864dd75f60806ee40170c16290189eb3"),
        ("4a65616e2d426170746973746520536179", "4795a3423550c8bf00386bd496a3e2c76c10669d2a75ab8f79b5094c5412a25705"),
        (
            "457567656e2042f6686d20766f6e2042617765726b",
            "aa0bb39097555c918e40be82abc2b909eb79d9eb87adb07e268fc37323a6cf904fd01fb391"
        ),
    ]

    @Test("a session goes byte by byte as in the published vector")
    func vector() throws {
        let responder = try AgreementSecret(secret: hex(Self.responderStatic))
        #expect(responder.publicKey.hex == Self.responderKey)
        let initiator = try NoiseInitiator(
            prologue: hex(Self.prologue), own: AgreementSecret(secret: hex(Self.initiatorStatic)),
            responder: responder.publicKey, payload: hex(Self.handshake[0].0),
            ephemeral: AgreementSecret(secret: hex(Self.initiatorEphemeral)))
        #expect(Hex.encode(initiator.message) == Self.handshake[0].1)

        let answering = try NoiseResponder(prologue: hex(Self.prologue), own: responder, reading: initiator.message)
        #expect(Hex.encode(answering.payload) == Self.handshake[0].0)
        let (answer, far) = try answering.answer(
            payload: hex(Self.handshake[1].0), ephemeral: AgreementSecret(secret: hex(Self.responderEphemeral)))
        #expect(Hex.encode(answer) == Self.handshake[1].1)

        let (payload, near) = try initiator.finish(reading: answer)
        #expect(Hex.encode(payload) == Self.handshake[1].0)
        #expect(near.handshakeHash.hex == Self.handshakeHash)
        #expect(far.handshakeHash.hex == Self.handshakeHash)
        for (index, (plain, expected)) in Self.transport.enumerated() {
            let (from, to) = index & 1 == 0 ? (near, far) : (far, near)
            let datagram = try from.seal(hex(plain))
            #expect(Hex.encode(datagram) == "000000000000000\(index / 2)" + expected)
            #expect(try to.open(datagram) == hex(plain))
        }
    }

    private struct Session {
        let initiator = AgreementSecret.generate()
        let responder = AgreementSecret.generate()
        let near: NoiseTransport
        let far: NoiseTransport

        init() throws {
            let opening = try NoiseInitiator(prologue: [1], own: initiator, responder: responder.publicKey)
            let reading = try NoiseResponder(prologue: [1], own: responder, reading: opening.message)
            let (answer, far) = try reading.answer()
            self.far = far
            near = try opening.finish(reading: answer).transport
        }
    }

    @Test("a first message is read only by the peer it was made for, whole and with the same prologue")
    func firstMessage() throws {
        let own = AgreementSecret.generate()
        let peer = AgreementSecret.generate()
        let opening = try NoiseInitiator(prologue: [1], own: own, responder: peer.publicKey, payload: [5])
        #expect(try NoiseResponder(prologue: [1], own: peer, reading: opening.message).initiator == own.publicKey)
        #expect(throws: CryptoError.authenticationFailed) {
            _ = try NoiseResponder(prologue: [2], own: peer, reading: opening.message)
        }
        #expect(throws: CryptoError.authenticationFailed) {
            _ = try NoiseResponder(prologue: [1], own: own, reading: opening.message)
        }
        for bad in flips(of: opening.message) + prefixes(of: opening.message) + [opening.message + [0]] {
            #expect(throws: CryptoError.self) { _ = try NoiseResponder(prologue: [1], own: peer, reading: bad) }
        }
    }

    @Test("a forged answer is refused, and the true one still counts")
    func answers() throws {
        let peer = AgreementSecret.generate()
        let opening = try NoiseInitiator(prologue: [], own: .generate(), responder: peer.publicKey)
        let (answer, far) = try NoiseResponder(prologue: [], own: peer, reading: opening.message).answer(payload: [6])
        for bad in flips(of: answer) + prefixes(of: answer) {
            #expect(throws: CryptoError.self) { _ = try opening.finish(reading: bad) }
        }
        let (payload, near) = try opening.finish(reading: answer)
        #expect(payload == [6])
        #expect(try far.open(near.seal([7])) == [7])
    }

    @Test("a key of small order is refused at every place")
    func smallOrder() throws {
        #expect(throws: CryptoError.badPoint) {
            _ = try NoiseInitiator(prologue: [], own: .generate(), responder: .zero)
        }
        let message = [UInt8](repeating: 0, count: 96)
        #expect(throws: CryptoError.badPoint) {
            _ = try NoiseResponder(prologue: [], own: .generate(), reading: message)
        }
    }

    @Test("datagrams open in any order, each once, and none that was changed or goes the wrong way")
    func datagrams() throws {
        let session = try Session()
        let sent = try (0..<20).map { try session.near.seal([UInt8($0)], authenticating: [3]) }
        for bad in flips(of: sent[0]) + prefixes(of: sent[0]) {
            #expect(throws: CryptoError.self) { _ = try session.far.open(bad, authenticating: [3]) }
        }
        #expect(throws: CryptoError.authenticationFailed) { _ = try session.far.open(sent[0], authenticating: [4]) }
        #expect(throws: CryptoError.authenticationFailed) { _ = try session.near.open(sent[0], authenticating: [3]) }
        for (index, datagram) in sent.enumerated().reversed() {
            #expect(try session.far.open(datagram, authenticating: [3]) == [UInt8(index)])
        }
        for datagram in sent {
            #expect(throws: CryptoError.replayed) { _ = try session.far.open(datagram, authenticating: [3]) }
        }
    }

    @Test("a forged counter does not move the window")
    func forgedCounter() throws {
        let session = try Session()
        let datagram = try session.near.seal([1])
        var forged = datagram
        forged[5] = 0xff
        #expect(throws: CryptoError.authenticationFailed) { _ = try session.far.open(forged) }
        #expect(try session.far.open(datagram) == [1])
    }
}
