import Primitives
import SecureMedia
import Testing

/// Two sessions and what lies between them, with a rule for what is lost.
private final class Wire {
    let client: DTLSSession
    let server: DTLSSession
    var largest = 0
    /// Called with the number of each datagram; true means lost.
    var isLost: (Int) -> Bool = { _ in false }
    private var sent = 0

    init(
        mtu: Int = 1200, clientProfiles: [SRTPProfile] = [.aes256GCM], serverProfiles: [SRTPProfile] = [.aes256GCM],
        expectedByClient: Digest? = nil, expectedByServer: Digest? = nil
    ) throws {
        let clientIdentity = try DTLSIdentity()
        let serverIdentity = try DTLSIdentity()
        client = try DTLSSession(
            identity: clientIdentity, role: .client,
            expectedFingerprint: expectedByClient ?? serverIdentity.fingerprint, profiles: clientProfiles, mtu: mtu)
        server = try DTLSSession(
            identity: serverIdentity, role: .server,
            expectedFingerprint: expectedByServer ?? clientIdentity.fingerprint, profiles: serverProfiles, mtu: mtu)
    }

    /// Passes datagrams on until none is left.
    func settle() {
        while true {
            let toServer = client.takeDatagrams()
            let toClient = server.takeDatagrams()
            if toServer.isEmpty && toClient.isEmpty { return }
            for datagram in toServer where !loses(datagram) { server.receive(datagram.span) }
            for datagram in toClient where !loses(datagram) { client.receive(datagram.span) }
        }
    }

    private func loses(_ datagram: [UInt8]) -> Bool {
        largest = max(largest, datagram.count)
        sent += 1
        return isLost(sent)
    }

    /// Runs the handshake; timers fire when OpenSSL's own clock says so.
    func run() async throws {
        client.start()
        server.start()
        for _ in 0..<400 {
            settle()
            if client.state != .handshaking && server.state != .handshaking { return }
            guard let wait = [client.timeout, server.timeout].compactMap({ $0 }).min() else { return }
            try await Task.sleep(for: wait + .milliseconds(1))
            if client.timeout.map({ $0 <= .zero }) ?? false { client.timerFired() }
            if server.timeout.map({ $0 <= .zero }) ?? false { server.timerFired() }
        }
    }
}

@Suite(.timeLimit(.minutes(1)))
struct DTLSSessionTests {
    @Test("two ends agree on AES-256-GCM and on keys that open each other's packets")
    func handshake() async throws {
        let wire = try Wire()
        try await wire.run()
        #expect(wire.client.state == .ready)
        #expect(wire.server.state == .ready)
        #expect(wire.client.profile == .aes256GCM)
        #expect(wire.client.seenFingerprint != nil)
        let (client, server) = (try wire.client.makeSRTP(), try wire.server.makeSRTP())
        var packet = RTP.packet(sequence: 1)
        try client.protectRTP(&packet)
        #expect(try RTP.open(packet, by: server) == RTP.packet(sequence: 1))
        packet = RTP.packet(sequence: 1)
        try server.protectRTP(&packet)
        #expect(try RTP.open(packet, by: client) == RTP.packet(sequence: 1))
    }

    @Test("no datagram is longer than the MTU", arguments: [256, 400, 600, 1200])
    func mtu(mtu: Int) async throws {
        let wire = try Wire(mtu: mtu)
        try await wire.run()
        #expect(wire.client.state == .ready)
        #expect(wire.server.state == .ready)
        #expect(wire.largest <= mtu)
    }

    @Test("each single lost datagram is made good", arguments: 1...8)
    func singleLoss(lost: Int) async throws {
        let wire = try Wire(mtu: 600)
        wire.isLost = { $0 == lost }
        try await wire.run()
        #expect(wire.client.state == .ready)
        #expect(wire.server.state == .ready)
    }

    @Test("a lost last flight is sent again although the sender is long done")
    func lostLastFlight() async throws {
        let wire = try Wire()
        wire.client.start()
        // Pass on by hand until the server is done; its last flight is taken and dropped.
        while wire.server.state == .handshaking {
            for datagram in wire.client.takeDatagrams() { wire.server.receive(datagram.span) }
            if wire.server.state == .ready { break }
            for datagram in wire.server.takeDatagrams() { wire.client.receive(datagram.span) }
        }
        #expect(!wire.server.takeDatagrams().isEmpty)
        #expect(wire.client.state == .handshaking)
        try await wire.run()
        #expect(wire.client.state == .ready)
    }

    @Test("a quarter of all datagrams may be lost", arguments: 1...6)
    func manyLosses(seed: UInt64) async throws {
        let wire = try Wire(mtu: 300)
        var state = seed &* 0x9e37_79b9_7f4a_7c15
        wire.isLost = { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state >> 62 == 0
        }
        try await wire.run()
        #expect(wire.client.state == .ready)
        #expect(wire.server.state == .ready)
    }

    @Test("a certificate other than the announced one is refused by name, and no keys are made")
    func wrongFingerprint() async throws {
        let wire = try Wire(expectedByClient: .zero)
        try await wire.run()
        let seen = try #require(wire.client.seenFingerprint)
        #expect(wire.client.state == .failed(.fingerprintMismatch(seen: seen)))
        #expect(wire.server.state == .failed(.protocolError))
        #expect(throws: SecureMediaError.notReady) { try wire.client.makeSRTP() }
        #expect(throws: SecureMediaError.notReady) { try wire.server.makeSRTP() }
    }

    @Test("a server checks its client's certificate just so")
    func wrongClientFingerprint() async throws {
        let wire = try Wire(expectedByServer: .zero)
        try await wire.run()
        let seen = try #require(wire.server.seenFingerprint)
        #expect(wire.server.state == .failed(.fingerprintMismatch(seen: seen)))
        #expect(throws: SecureMediaError.notReady) { try wire.server.makeSRTP() }
    }

    @Test("without a common profile there is no session")
    func noCommonProfile() async throws {
        let wire = try Wire(clientProfiles: [.aes128GCM], serverProfiles: [.aes256GCM])
        try await wire.run()
        #expect(wire.client.state == .failed(.noCommonProfile))
        #expect(wire.server.state == .failed(.noCommonProfile))
    }

    @Test("the server's order of profiles decides")
    func serverChooses() async throws {
        let wire = try Wire(
            clientProfiles: [.aes128CounterSHA1, .aes256GCM], serverProfiles: [.aes256GCM, .aes128CounterSHA1])
        try await wire.run()
        #expect(wire.client.profile == .aes256GCM)
    }

    @Test("a goodbye reaches the other end")
    func goodbye() async throws {
        let wire = try Wire()
        try await wire.run()
        wire.client.close()
        #expect(wire.client.state == .closed)
        wire.settle()
        #expect(wire.server.state == .closed)
    }

    @Test("noise before and after the handshake changes nothing")
    func noise() async throws {
        let wire = try Wire()
        for byte in UInt8(20)...63 { wire.server.receive([UInt8](repeating: byte, count: 40).span) }
        wire.server.receive([22].span)
        try await wire.run()
        for byte in UInt8(20)...63 { wire.client.receive([UInt8](repeating: byte, count: 40).span) }
        #expect(wire.client.state == .ready)
        #expect(wire.server.state == .ready)
    }

    @Test("every identity is new")
    func identities() throws {
        #expect(try DTLSIdentity().fingerprint != DTLSIdentity().fingerprint)
    }
}
