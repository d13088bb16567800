import Primitives
import TLS
import Testing

@Suite struct TLSSessionTests {
    private static func identity(_ byte: UInt8, _ name: String = "test/1") throws -> TLSIdentity {
        try TLSIdentity(seed: [UInt8](repeating: byte, count: 32).span, protocolName: name)
    }

    private let client: TLSSession
    private let server: TLSSession
    private let clientKey: PublicKey
    private let serverKey: PublicKey

    init() throws {
        let (first, second) = (try Self.identity(1), try Self.identity(2))
        client = try TLSSession(.client, identity: first)
        server = try TLSSession(.server, identity: second)
        (clientKey, serverKey) = (first.publicKey, second.publicKey)
    }

    /// Moves bytes both ways until both ends stand.
    private func shakeHands(_ client: TLSSession, _ server: TLSSession) throws {
        for _ in 0..<10 {
            let isDone = try (client.handshake(), server.handshake())
            try server.receive(client.drain())
            try client.receive(server.drain())
            if isDone.0, isDone.1 { return }
        }
        Issue.record("no end of the handshake")
    }

    private func move(_ message: [UInt8], from source: TLSSession, to target: TLSSession) throws -> [UInt8] {
        try source.write(message)
        try target.receive(source.drain())
        var received: [UInt8] = []
        try target.read(into: &received)
        return received
    }

    @Test("the public key is that of the seed (RFC 8032, section 7.1, test 1)")
    func publicKey() throws {
        let seed = try #require(Hex.decode("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"))
        let key = try TLSIdentity(seed: seed.span, protocolName: "x").publicKey
        #expect(key.hex == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
        #expect(throws: TLSError.identityFailed) { _ = try TLSIdentity(seed: [1, 2].span, protocolName: "x") }
        #expect(throws: TLSError.identityFailed) { _ = try TLSIdentity(seed: seed.span, protocolName: "") }
    }

    @Test("each end learns the other's key, and bytes of every size pass")
    func exchange() throws {
        try shakeHands(client, server)
        #expect(client.peerKey == serverKey && server.peerKey == clientKey)
        for count in [1, 64, 16_384, 16_385, 300_000] {
            let message = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
            #expect(try move(message, from: client, to: server) == message)
            #expect(try move(message, from: server, to: client) == message)
        }
    }

    @Test("both ends export the same bytes, other labels and sessions others")
    func exporter() throws {
        try shakeHands(client, server)
        let exported = try client.exported(label: "EXPORTER-test", context: [1], count: 32)
        #expect(try server.exported(label: "EXPORTER-test", context: [1], count: 32) == exported)
        #expect(try server.exported(label: "EXPORTER-other", context: [1], count: 32) != exported)
        #expect(try server.exported(label: "EXPORTER-test", context: [], count: 32) != exported)
    }

    @Test("ends with different protocol names refuse each other")
    func protocolName() throws {
        let stranger = try TLSSession(.server, identity: try Self.identity(2, "other/1"))
        _ = try client.handshake()
        try stranger.receive(client.drain())
        #expect(throws: TLSError.handshakeFailed) { _ = try stranger.handshake() }
        try client.receive(stranger.drain())
        #expect(throws: TLSError.refusedByPeer) { _ = try client.handshake() }
    }

    @Test("bytes that are no TLS are refused, and too many of them before they are looked at")
    func garbage() throws {
        try server.receive([UInt8]("GET / HTTP/1.1\r\n\r\n".utf8))
        #expect(throws: TLSError.handshakeFailed) { _ = try server.handshake() }
        let long = [UInt8](repeating: 0x16, count: TLSSession.handshakeByteCountMax + 1)
        #expect(throws: TLSError.handshakeTooLong) { try client.receive(long) }
    }

    @Test("a flipped bit anywhere in a record breaks the session")
    func forged() throws {
        try shakeHands(client, server)
        try client.write([1, 2, 3])
        var record = client.drain()
        record[record.count - 1] ^= 1
        try server.receive(record)
        var received: [UInt8] = []
        #expect(throws: TLSError.broken) { try server.read(into: &received) }
        #expect(received.isEmpty)
    }

    @Test("nothing is read or written before the handshake is over")
    func early() throws {
        #expect(throws: TLSError.notEstablished) { try client.write([1]) }
        var received: [UInt8] = []
        #expect(throws: TLSError.notEstablished) { try client.read(into: &received) }
        #expect(throws: TLSError.notEstablished) { _ = try client.exported(label: "x", context: [], count: 1) }
    }

    @Test("an orderly end is told from a cut")
    func end() throws {
        try shakeHands(client, server)
        try client.write([5])
        client.finish()
        try server.receive(client.drain())
        var received: [UInt8] = []
        try server.read(into: &received)
        #expect(received == [5] && server.hasPeerEnded)
        #expect(!client.hasPeerEnded)
    }
}
