import Crypto
import EventLoop
import Glibc
import Ledger
import Links
import Node
import Primitives
import Testing

@Suite("A network of four validators over real sockets", .timeLimit(.minutes(2)), .serialized)
struct NetworkTests {
    final class Running {
        let documents: Documents
        let scratch: Scratch
        let ports: [UInt16]
        var nodes: [NodeRuntime?]

        init(count: Int) throws {
            documents = try Documents(validators: count)
            scratch = try Scratch()
            ports = try freePorts(count)
            nodes = Array(repeating: nil, count: count)
        }

        func start(_ index: Int, log: Log = .silent, conduct: PeerConduct.Limits = .init()) async throws {
            let peers = documents.nodes.enumerated().filter { $0.offset != index }.map {
                NodeSettings.Peer(member: $0.element.member, link: .loopback(port: ports[$0.offset]))
            }
            var settings = NodeSettings(
                link: .loopback(port: ports[index]), dht: .loopback(port: 0),
                dataPath: scratch.path + "/ledger\(index)",
                peers: peers)
            settings.conduct = conduct
            let node = try NodeRuntime(
                settings: settings, rules: documents.rules, member: documents.nodes[index].member,
                keys: documents.nodes[index].keys, log: log)
            try await node.start()
            nodes[index] = node
        }

        func stop(_ index: Int) async {
            await nodes[index]?.stop()
            nodes[index] = nil
        }

        func stopAll() async { for index in nodes.indices { await stop(index) } }
    }

    @Test("Four finalise; one is stopped and they go on; it returns and catches up")
    func lifeOfANetwork() async throws {
        let network = try Running(count: 4)
        for index in 0..<4 { try await network.start(index) }
        let first = try #require(network.nodes[0])
        for _ in 0..<3 {
            let outcome = try await first.chain.execute(try network.documents.admission(), within: .seconds(30))
            #expect(outcome.result == .succeeded)
        }
        await network.stop(3)
        for _ in 0..<5 {
            let outcome = try await first.chain.execute(try network.documents.admission(), within: .seconds(30))
            #expect(outcome.result == .succeeded)
        }
        try await network.start(3)
        let last = try await first.chain.execute(try network.documents.admission(), within: .seconds(30))
        let returned = try #require(network.nodes[3])
        try await eventually("the returned validator's catching up") {
            await returned.chain.outcome(of: last.id) != nil
        }
        // Either may be a block further by now.
        let block = try #require(try first.chain.store.block(at: last.height))
        #expect(try returned.chain.store.block(at: last.height)?.ledgerBlock() == block.ledgerBlock())
        await network.stopAll()
    }
}
