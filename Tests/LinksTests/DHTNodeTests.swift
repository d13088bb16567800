import Crypto
import EventLoop
import Kademlia
import Links
import Primitives
import Testing
import Wire

/// Nodes of one DHT on loopback, each with a socket of its own.
private struct Network {
    struct Member {
        let peer: DHTPeer
        let signer: SigningKey
        let node: DHTNode
    }

    let chain = ChainID(raw: SHA256.hash([9]).raw)
    let members: [Member]

    init(
        count: Int, loop: EpollLoop,
        authority: @escaping WriteAuthority = { _, _, _, _ in .allowed(replaces: false) }
    ) async throws {
        var hash = SHA256()
        var members: [Member] = []
        for index in 0..<count {
            let signer = SigningKey.generate()
            let secret = AgreementSecret.generate()
            let member = MemberID(raw: SHA256.hash([UInt8(index), 1]).raw)
            let peer = DHTPeer(
                contact: Contact(member: member, beacon: .zero, with: &hash), agreement: secret.publicKey,
                signing: signer.publicKey)
            var settings = DHTSettings(listen: .loopback(port: 0))
            settings.gossipEvery = .milliseconds(20)
            let node = DHTNode(
                on: loop, settings: settings, chain: chain, own: peer, secret: secret, signer: signer,
                authority: authority)
            members.append(Member(peer: peer, signer: signer, node: node))
        }
        self.members = members
        for member in members {
            await member.node.update(members.map(\.peer))
            _ = try await member.node.start()
        }
        // Everybody knows the first; the rest is gossip's work.
        let first = try #require(await members[0].node.ownAddress)
        for member in members.dropFirst() { await member.node.seed([first]) }
    }

    /// Waits until everybody knows everybody's address.
    func settle() async throws {
        for member in members {
            while await member.node.status.knownAddresses < members.count {
                try await Task.sleep(for: .milliseconds(5))
            }
        }
    }

    func record(_ text: String, sequence: UInt64, writer: SigningKey, life: UInt64 = 60_000) -> SignedObject {
        let record = StoredRecord(
            kind: .phone, location: location(text), sequence: sequence,
            expiry: SystemTime.utc.adding(milliseconds: life), value: Array(text.utf8))
        return writer.sign(.record, chain: chain, body: record.encoded)
    }

    func location(_ text: String) -> DHTKey { DHTKey(raw: SHA256.hash(Array(text.utf8)).raw) }

    func stop() async {
        for member in members { await member.node.stop() }
    }
}

@Suite("DHT nodes on loopback", .timeLimit(.minutes(1)), .serialized)
struct DHTNodeTests {
    @Test("A record put at one node is found from every node, by gossip alone")
    func putAndGet() async throws {
        let loop = try EpollLoop(name: "dht")
        defer { loop.stop() }
        let network = try await Network(count: 12, loop: loop)
        try await network.settle()
        let writer = SigningKey.generate()
        for number in 0..<10 {
            let node = network.members[number].node
            let confirmed = try await node.put(
                network.record("r\(number)", sequence: 1, writer: writer), evidence: [])
            #expect(confirmed >= 6)
        }
        for number in 0..<10 {
            for member in network.members {
                for care in [GetOperation.Care.careful, .quick] {
                    let found = try await member.node.get(network.location("r\(number)"), .phone, care: care)
                    #expect(found?.record.value == Array("r\(number)".utf8))
                }
            }
        }
        #expect(try await network.members[3].node.get(network.location("none"), .phone, care: .quick) == nil)
        await network.stop()
    }

    @Test("A newer sequence replaces, an older one is told so")
    func sequences() async throws {
        let loop = try EpollLoop(name: "dht")
        defer { loop.stop() }
        let network = try await Network(count: 4, loop: loop)
        try await network.settle()
        let writer = SigningKey.generate()
        let node = network.members[0].node
        _ = try await node.put(network.record("x", sequence: 5, writer: writer), evidence: [])
        _ = try await network.members[1].node.put(network.record("x", sequence: 6, writer: writer), evidence: [])
        await #expect(throws: DHTError.newerExists) {
            try await network.members[2].node.put(network.record("x", sequence: 4, writer: writer), evidence: [])
        }
        let found = try await network.members[3].node.get(network.location("x"), .phone, care: .careful)
        #expect(found?.record.sequence == 6)
        await network.stop()
    }

    @Test("What the ledger does not let stand is stored nowhere; a forged signature neither")
    func refused() async throws {
        let loop = try EpollLoop(name: "dht")
        defer { loop.stop() }
        let network = try await Network(count: 4, loop: loop) { _, _, evidence, _ in
            evidence == [1] ? .allowed(replaces: false) : .denied
        }
        try await network.settle()
        let writer = SigningKey.generate()
        let node = network.members[0].node
        let record = network.record("x", sequence: 1, writer: writer)
        await #expect(throws: DHTError.refused) { try await node.put(record, evidence: [2]) }
        let forged = SignedObject(key: SigningKey.generate().publicKey, signature: record.signature, body: record.body)
        await #expect(throws: DHTError.refused) { try await node.put(forged, evidence: [1]) }
        for member in network.members { #expect(await member.node.status.records == 0) }
        #expect(try await node.put(record, evidence: [1]) >= 3)
        await network.stop()
    }

    @Test("With one of four nodes gone, puts and gets still succeed")
    func oneGone() async throws {
        let loop = try EpollLoop(name: "dht")
        defer { loop.stop() }
        let network = try await Network(count: 4, loop: loop)
        try await network.settle()
        let writer = SigningKey.generate()
        _ = try await network.members[0].node.put(network.record("a", sequence: 1, writer: writer), evidence: [])
        await network.members[3].node.stop()
        _ = try await network.members[1].node.put(network.record("b", sequence: 1, writer: writer), evidence: [])
        for name in ["a", "b"] {
            let found = try await network.members[2].node.get(network.location(name), .phone, care: .careful)
            #expect(found?.record.value == Array(name.utf8))
        }
        await network.stop()
    }

    @Test("A node that begins anew is heard again under its new sessions")
    func restart() async throws {
        let loop = try EpollLoop(name: "dht")
        defer { loop.stop() }
        let network = try await Network(count: 4, loop: loop)
        try await network.settle()
        let writer = SigningKey.generate()
        _ = try await network.members[0].node.put(network.record("a", sequence: 1, writer: writer), evidence: [])
        let old = network.members[2]
        await old.node.stop()
        let secret = AgreementSecret.generate()
        let peer = DHTPeer(
            contact: old.peer.contact, agreement: secret.publicKey, signing: old.peer.signing)
        let fresh = DHTNode(
            on: loop, settings: DHTSettings(listen: .loopback(port: 0)), chain: network.chain, own: peer,
            secret: secret, signer: old.signer, authority: { _, _, _, _ in .allowed(replaces: false) })
        var peers = network.members.map(\.peer)
        peers[2] = peer
        await fresh.update(peers)
        _ = try await fresh.start()
        for index in [0, 1, 3] { await network.members[index].node.update(peers) }
        await fresh.seed([try #require(await network.members[0].node.ownAddress)])
        let found = try await fresh.get(network.location("a"), .phone, care: .careful)
        #expect(found?.record.sequence == 1)
        await fresh.stop()
        await network.stop()
    }

    @Test("Providers of a content block are found from everywhere")
    func providers() async throws {
        let loop = try EpollLoop(name: "dht")
        defer { loop.stop() }
        let network = try await Network(count: 6, loop: loop)
        try await network.settle()
        let content = CID(.raw, SHA256.hash([1, 2, 3]))
        await network.members[4].node.provide([content])
        await network.members[5].node.provide([content])
        let expected = [network.members[4], network.members[5]].map(\.peer.contact.member).sorted()
        for member in network.members {
            var found: [MemberID] = []
            while found != expected { found = await member.node.providers(of: content) }
        }
        #expect(await network.members[0].node.providers(of: CID(.raw, .zero)) == [])
        await network.stop()
    }

    @Test("Noise from strangers changes nothing")
    func strangers() async throws {
        let loop = try EpollLoop(name: "dht")
        defer { loop.stop() }
        let network = try await Network(count: 2, loop: loop)
        try await network.settle()
        let target = try AddressRecord(decoding: try #require(await network.members[0].node.ownAddress).body)
        let endpoint = try #require(target.endpoints.first)
        let address = try #require(SocketAddress(ip: endpoint.address, port: endpoint.port))
        let sender = Noise(loop: loop)
        try await sender.bind()
        for length in [0, 1, 5, 6, 9, 10, 100, 400, 1_200, 1_400] {
            for kind: UInt8 in 0...4 {
                var bytes = SecureRandom.bytes(count: length)
                if length > 1 { bytes[0...1] = [kind, 1] }
                await sender.send(bytes, to: address)
            }
        }
        let writer = SigningKey.generate()
        _ = try await network.members[1].node.put(network.record("x", sequence: 1, writer: writer), evidence: [])
        #expect(await network.members[0].node.status.sessions <= 1)
        #expect(await sender.heard == 0)
        await sender.close()
        await network.stop()
    }
}

/// Somebody whom no ledger names.
private actor Noise {
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
    private let loop: EpollLoop
    private var socket: UDPSocket?
    private(set) var heard = 0

    init(loop: EpollLoop) { self.loop = loop }

    func bind() throws {
        socket = try UDPSocket(on: loop, address: .loopback(port: 0)) { [weak self] _, _ in
            self?.assumeIsolated { $0.heard += 1 }
        }
    }

    func send(_ bytes: [UInt8], to address: SocketAddress) { socket?.send(bytes, to: address) }
    func close() { socket?.close() }
}
