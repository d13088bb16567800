import Consensus
import Crypto
import EventLoop
import Foundation
import Ledger
import Node
import Primitives
import Testing
import Wire

@Suite("A key in another process", .timeLimit(.minutes(2)), .serialized)
struct SignerProcessTests {
    /// A signer on a real socket, which can be stopped and started again.
    final class Process {
        let loop: EpollLoop
        let path: String
        let key: SigningKey
        let memory: String
        var server: SignerServer?

        init(_ scratch: Scratch, key: SigningKey) throws {
            loop = try EpollLoop(name: "signer")
            path = scratch.path + "/socket"
            memory = scratch.path + "/memory"
            self.key = key
        }

        func start() async throws {
            let signer = try LocalSigner(SoftwareKey(key), memory: memory, policy: .node)
            let server = SignerServer(on: loop, signer: signer, path: path, log: .silent)
            try await server.start()
            self.server = server
        }

        func stop() async {
            await server?.stop()
            server = nil
        }

        var client: SocketSigner { SocketSigner(path: path, publicKey: key.publicKey) }
    }

    private let chainID = ChainID(raw: Bytes32(words: (1 << 60, 2, 3, 4)))

    private func preimage(_ view: UInt64) -> [UInt8] {
        let ballot = Ballot(kind: .nullify, epoch: .zero, view: View(view), hash: .zero)
        return SigningKind.nullify.preimage(chain: chainID, body: ballot.body)
    }

    @Test("Votes go over the socket and back; a signer that was away is found again, with its memory")
    func socket() async throws {
        let scratch = try Scratch()
        let signer = try Process(scratch, key: .generate())
        let client = signer.client
        #expect(client.signatures(over: [preimage(1)]) == [.failure(.unreachable)])
        try await signer.start()
        #expect(try SocketSigner.key(at: signer.path) == signer.key.publicKey)
        let both = client.signatures(over: [preimage(7), preimage(6)])
        let place = SigningGuard.Place(epoch: .zero, view: View(7))
        #expect(both == [.success(signer.key.signature(over: preimage(7))), .failure(.behind(place))])
        await signer.stop()
        #expect(client.signatures(over: [preimage(8)]) == [.failure(.unreachable)])
        #expect(throws: SigningRefusal.unreachable) { try client.promises(on: chainID, knowing: []) }
        try await signer.start()
        #expect(client.signatures(over: [preimage(6)]) == [.failure(.behind(place))])
        #expect(try client.promises(on: chainID, knowing: []).map(\.place) == [place])
        let stranger = SocketSigner(path: signer.path, publicKey: SigningKey.generate().publicKey)
        #expect(stranger.signatures(over: [preimage(9)]) == [.failure(.unreachable)])
        await signer.stop()
    }

    @Test("Promises that the key did not sign do not move the watermark")
    func forgedPromises() async throws {
        let scratch = try Scratch()
        let signer = try Process(scratch, key: .generate())
        try await signer.start()
        let ballot = Ballot(kind: .nullify, epoch: .zero, view: View(1 << 40), hash: .zero)
        let forged = SigningGuard.Promise(ballot: ballot, signature: SigningKey.generate().signature(over: [1]))
        #expect(try signer.client.promises(on: chainID, knowing: [forged]) == [])
        #expect(signer.client.signatures(over: [preimage(3)]).first?.isSuccess == true)
        await signer.stop()
    }

    @Test("Garbage and messages that are too long end the connection, and nobody else notices")
    func garbage() async throws {
        let scratch = try Scratch()
        let signer = try Process(scratch, key: .generate())
        try await signer.start()
        let client = signer.client
        #expect(client.signatures(over: [preimage(1)]).first?.isSuccess == true)
        for bytes in [[], [0xff], SignerQuestion.key.encoded + [0], [UInt8](repeating: 0, count: 3 << 20)] {
            #expect(throws: SocketError.self) {
                let exchange = try UnixExchange(path: signer.path, timeout: .seconds(20))
                _ = try exchange.ask(bytes, limit: 1_000)
            }
        }
        #expect(client.signatures(over: [preimage(2)]).first?.isSuccess == true)
        await signer.stop()
    }

    @Test("A path that a dead signer left is taken over; one where a signer listens is not")
    func path() async throws {
        let scratch = try Scratch()
        let signer = try Process(scratch, key: .generate())
        try await signer.start()
        let second = try Process(scratch, key: signer.key)
        await #expect(throws: (any Error).self) { try await second.start() }
        await signer.stop()
        #expect(!FileManager.default.fileExists(atPath: signer.path))
    }

    @Test("A validator whose signer goes away misses its views, says so, and goes on when it is back")
    func validator() async throws {
        let documents = try Documents(validators: 1)
        let scratch = try Scratch()
        let node = documents.nodes[0]
        let signer = try Process(scratch, key: node.keys.sign)
        try await signer.start()
        let loop = try EpollLoop(name: "chain")
        let store = try ChainStore(path: scratch.path + "/ledger", rules: documents.rules)
        let chain = try ChainActor(
            on: loop, rules: documents.rules, store: store, member: node.member, signer: signer.client, network: .none,
            log: .silent)
        await chain.start()
        let first = try await chain.execute(try documents.admission(), within: .seconds(30))
        #expect(first.result == .succeeded)
        #expect(await chain.status.signerFault == nil)
        await signer.stop()
        let envelope = try documents.admission()
        async let second = chain.execute(envelope, within: .seconds(60))
        try await eventually("the fault's being seen") { await chain.status.signerFault == .unreachable }
        #expect(await chain.status.height == first.height)
        try await signer.start()
        #expect(try await second.result == .succeeded)
        #expect(await chain.status.signerFault == nil)
        await chain.stop()
        loop.stop()
        await signer.stop()
    }
}

@Suite("A validator restored from a backup", .timeLimit(.minutes(2)), .serialized)
struct SignerRestoreTests {
    @Test("With the signer's memory it votes again; when that was restored too, it is silent and says why")
    func restored() async throws {
        let network = try NetworkTests.Running(count: 4)
        let files = FileManager.default
        let path = network.scratch.path
        func admit(_ count: Int) async throws {
            let node = try #require(network.nodes[0])
            for _ in 0..<count {
                let envelope = try network.documents.admission()
                #expect(try await node.chain.execute(envelope, within: .seconds(60)).result == .succeeded)
            }
        }
        func restart(_ index: Int, forgetting: Bool) async throws -> NodeRuntime {
            await network.stop(index)
            try files.removeItem(atPath: path + "/ledger3")
            try files.copyItem(atPath: path + "/backup", toPath: path + "/ledger3")
            for name in try files.contentsOfDirectory(atPath: path) where name.hasPrefix("ledger3.signer") && forgetting
            {
                try files.removeItem(atPath: path + "/" + name)
            }
            try await network.start(index)
            return try #require(network.nodes[index])
        }
        for index in 0..<4 { try await network.start(index) }
        try await admit(2)
        await network.stop(3)
        try files.copyItem(atPath: path + "/ledger3", toPath: path + "/backup")
        try await network.start(3)
        try await admit(3)

        let old = try await restart(3, forgetting: false)
        // Three of four are needed: without the restored one's votes nothing becomes final any more.
        await network.stop(2)
        try await admit(2)
        #expect(await !old.chain.status.isMuted)

        try await network.start(2)
        let empty = try await restart(3, forgetting: true)
        try await admit(2)
        try await eventually("the silence") { await empty.chain.status.isMuted }
        await network.stopAll()
    }
}
