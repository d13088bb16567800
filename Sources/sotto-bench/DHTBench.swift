internal import Crypto
internal import EventLoop
internal import Kademlia
internal import Links
internal import Primitives
internal import Wire

/// Twenty DHT nodes on loopback, one thread for all; one operation under way, asked of each node in turn.
enum DHTBench {
    private static let nodeCount = 20
    private static let valueByteCount = 256

    static func run(for time: Duration, into report: Report) async throws {
        let network = try await Network(count: nodeCount)
        try await network.settle()
        for node in network.nodes { _ = try await node.get(location(.max), .phone, care: .careful) }

        var puts = Sample()
        var copies = 0
        var began = SystemTime.monotonic
        while SystemTime.monotonic - began < time {
            let object = network.record(UInt64(puts.count))
            let start = SystemTime.monotonic
            copies += try await network.nodes[puts.count % nodeCount].put(object, evidence: [])
            puts.add(SystemTime.monotonic - start)
        }
        let putSeconds = (SystemTime.monotonic - began) / .seconds(1)

        var gets = Sample()
        var found = 0
        began = SystemTime.monotonic
        while SystemTime.monotonic - began < time {
            let number = UInt64(gets.count * 7_919 % puts.count)
            let start = SystemTime.monotonic
            let record = try? await network.nodes[gets.count * 13 % nodeCount].get(
                location(number), .phone, care: .careful)
            gets.add(SystemTime.monotonic - start)
            if record?.record.sequence == number + 1 { found += 1 }
        }
        let getSeconds = (SystemTime.monotonic - began) / .seconds(1)
        await network.stop()

        report.fact(
            "dht.network", "\(nodeCount) nodes in one process, loopback UDP, Noise sessions, one operation under way")
        report.fact(
            "dht.record",
            "value \(valueByteCount) bytes, signed \(network.record(0).encoded.count) bytes; \(puts.count) records, "
                + "\(copies / max(1, puts.count)) confirmations each; gets ask \(Limits().carefulReads) nodes"
        )
        report.row("dht.put", Double(puts.count) / putSeconds, "puts/s")
        report.latency("dht.put", puts)
        report.row("dht.get", Double(gets.count) / getSeconds, "gets/s")
        report.latency("dht.get", gets)
        report.row("dht.found", 100 * Double(found) / Double(max(1, gets.count)), "% of gets")
    }

    private static func location(_ number: UInt64) -> DHTKey {
        DHTKey(raw: SHA256.hash(Array("record \(number)".utf8)).raw)
    }

    private struct Network {
        let chain = ChainID(raw: SHA256.hash([9]).raw)
        let writer = SigningKey.generate()
        let loop: EpollLoop
        let nodes: [DHTNode]

        init(count: Int) async throws {
            var hash = SHA256()
            loop = try EpollLoop(name: "dht")
            var peers: [DHTPeer] = []
            var nodes: [DHTNode] = []
            for _ in 0..<count {
                let (signer, secret) = (SigningKey.generate(), AgreementSecret.generate())
                let member = MemberID(raw: SHA256.hash(SecureRandom.bytes(count: 32)).raw)
                let peer = DHTPeer(
                    contact: Contact(member: member, beacon: .zero, with: &hash), agreement: secret.publicKey,
                    signing: signer.publicKey)
                peers.append(peer)
                nodes.append(
                    DHTNode(
                        on: loop, settings: DHTSettings(listen: .loopback(port: 0)), chain: chain, own: peer,
                        secret: secret, signer: signer,
                        authority: { _, _, _, _ in .allowed(replaces: false) }))
            }
            self.nodes = nodes
            for node in nodes {
                await node.update(peers)
                _ = try await node.start()
            }
            // Gossip would bring the addresses too, within seconds; but then it would be measured.
            var addresses: [SignedObject] = []
            for node in nodes {
                guard let address = await node.ownAddress else { throw BenchError("a DHT node has no address") }
                addresses.append(address)
            }
            for node in nodes { await node.seed(addresses) }
        }

        /// Waits until everybody knows everybody's address.
        func settle() async throws {
            let end = SystemTime.monotonic + .seconds(30)
            for node in nodes {
                while await node.status.knownAddresses < nodes.count {
                    guard SystemTime.monotonic < end else { throw BenchError("the DHT nodes do not find each other") }
                    try await Task.sleep(for: .milliseconds(10))
                }
            }
        }

        func record(_ number: UInt64) -> SignedObject {
            let record = StoredRecord(
                kind: .phone, location: location(number), sequence: number + 1,
                expiry: SystemTime.utc.adding(milliseconds: 3_600_000),
                value: [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: valueByteCount))
            return writer.sign(.record, chain: chain, body: record.encoded)
        }

        func stop() async {
            for node in nodes { await node.stop() }
            loop.stop()
        }
    }
}
