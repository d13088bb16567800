import EventLoop
import Links
import Primitives
import TLS
import Testing

@Suite(.timeLimit(.minutes(1))) struct ShunTests {
    @Test("a shunned member is told, gets no link while the pause lasts, and gets one after it")
    func shun() async throws {
        let loop = try EpollLoop(name: "test")
        defer { loop.stop() }
        let node = try TestNode(1, on: loop)
        try await node.start()
        let key = try TestNode.tls(2).publicKey
        let member = TestNode.member(2)
        try await node.mesh.setPeers([LinkPeer(member: member, keys: [key], address: nil)])
        let first = try RawPeer(2, on: loop, hello: RawPeer.hello(2))
        try await first.dial(try #require(node.listening))
        await node.waitConnected(to: member)
        await node.mesh.shun(member, for: .seconds(3_600))
        #expect(await node.waitDisconnected(from: member) == .refused(.misbehaved))
        #expect(await first.waitBye() == .misbehaved)
        let second = try RawPeer(2, on: loop, hello: RawPeer.hello(2))
        try await second.dial(try #require(node.listening))
        #expect(await node.waitFailure() == .refused(.misbehaved))
        #expect(await second.waitBye() == .misbehaved)
        await node.mesh.shun(member, for: .zero)
        let third = try RawPeer(2, on: loop, hello: RawPeer.hello(2))
        try await third.dial(try #require(node.listening))
        await node.waitConnected(to: member)
    }
}
