import EventLoop
import Testing

@Suite(.timeLimit(.minutes(1))) struct TCPStreamTests {
    private let loop: EpollLoop
    init() throws { loop = try EpollLoop(name: "test") }

    /// The bytes that stream `index` receives up to `count` or to the end of input.
    private func collect(_ host: SocketHost, _ index: Int, count: Int = .max) async -> (bytes: [UInt8], ended: Bool) {
        var bytes: [UInt8] = []
        for await event in host.events {
            switch event {
            case .stream(index, .received(let more)): bytes += more
            case .stream(index, .ended), .stream(index, .closed): return (bytes, true)
            default: break
            }
            if bytes.count >= count { break }
        }
        return (bytes, false)
    }

    private func pair(_ server: SocketHost, _ client: SocketHost, _ address: SocketAddress) async throws {
        let index = try await client.dial(address)
        #expect(index == 0)
        for await case .stream(0, .opened) in client.events { break }
        for await case .accepted(0) in server.events { break }
    }

    @Test(
        "bytes arrive whole and in order, and a half-closed stream still reads", arguments: ["127.0.0.1:0", "[::1]:0"])
    func halfClose(_ text: String) async throws {
        defer { loop.stop() }
        let (server, client) = (SocketHost(loop: loop), SocketHost(loop: loop))
        let address = try await server.listen(try #require(SocketAddress(text)))
        try await pair(server, client, address)
        let message = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        #expect(await client.write(message, to: 0) != .full)
        await client.finish(0)
        #expect(await client.write([1], to: 0) == .closed)
        let received = await collect(server, 0)
        #expect(received.ended && received.bytes == message)
        #expect(await server.write([4, 5, 6], to: 0) == .queued)
        await server.finish(0)
        #expect(await collect(client, 0).bytes == [4, 5, 6])
    }

    @Test("a slow reader fills the queue, the writer is told, and nothing is lost")
    func backPressure() async throws {
        defer { loop.stop() }
        var limits = TCPStream.Limits()
        limits.queuedByteCountMax = 1 << 20
        limits.queuedByteCountMark = 64 << 10
        let (server, client) = (SocketHost(loop: loop), SocketHost(loop: loop, limits: limits))
        try await pair(server, client, try await server.listen())
        await server.setPaused(true, 0)
        let chunk = [UInt8](repeating: 9, count: 128 << 10)
        var written = 0
        while await client.write(chunk, to: 0) != .full { written += chunk.count }
        #expect(await client.queuedByteCount(0) <= 1 << 20)
        await server.setPaused(false, 0)
        #expect(await collect(server, 0, count: written).bytes.count == written)
        for await case .stream(0, .drained) in client.events { break }
        #expect(await client.queuedByteCount(0) <= 32 << 10)
    }

    @Test("dialling where nobody listens is refused")
    func refused() async throws {
        defer { loop.stop() }
        let (server, client) = (SocketHost(loop: loop), SocketHost(loop: loop))
        let address = try await server.listen()
        await server.closeListener()
        _ = try await client.dial(address)
        for await event in client.events {
            guard case .stream(0, .closed(let error)) = event else { continue }
            #expect(error == .refused)
            break
        }
    }

    @Test("a second listener on one address is told why not")
    func addressInUse() async throws {
        defer { loop.stop() }
        let (first, second) = (SocketHost(loop: loop), SocketHost(loop: loop))
        let address = try await first.listen()
        await #expect(throws: SocketError.addressInUse) { _ = try await second.listen(address) }
        let foreign = try #require(SocketAddress("192.0.2.1:1"))
        await #expect(throws: SocketError.addressNotAvailable) { _ = try await second.listen(foreign) }
    }

    @Test("breaking off is seen at the other end")
    func broken() async throws {
        defer { loop.stop() }
        let (server, client) = (SocketHost(loop: loop), SocketHost(loop: loop))
        try await pair(server, client, try await server.listen())
        await client.close(0)
        #expect(await collect(server, 0).ended)
    }
}
