import EventLoop
import Testing

@Suite(.timeLimit(.minutes(1))) struct UDPSocketTests {
    @Test(
        "a batch of datagrams arrives with its sender",
        arguments: [("127.0.0.1:0", "127.0.0.1:0"), ("[::1]:0", "[::1]:0"), ("[::]:0", "127.0.0.1:0")])
    func batch(_ receiverText: String, _ senderText: String) async throws {
        let loop = try EpollLoop(name: "test")
        defer { loop.stop() }
        let (receiver, sender) = (SocketHost(loop: loop), SocketHost(loop: loop))
        var target = try await receiver.bindUDP(try #require(SocketAddress(receiverText)))
        if target.isUnspecified { target = .loopback(port: target.port) }
        let source = try await sender.bindUDP(try #require(SocketAddress(senderText)))
        let sent = (0..<100).map { [UInt8](repeating: UInt8($0), count: $0 * 12) }
        #expect(await sender.send(sent, to: target).allSatisfy { $0 })
        var received: [[UInt8]] = []
        for await event in receiver.events {
            guard case .datagram(source, let bytes) = event else { continue }
            received.append(bytes)
            if received.count == 100 { break }
        }
        #expect(received == sent)
        // And back: an IPv6 socket answers an IPv4 sender.
        #expect(await receiver.send([[7]], to: source) == [true])
        for await case .datagram(target, [7]) in sender.events { break }
    }

    @Test("what is too long or too many is dropped and counted, and what has no route does not stop the rest")
    func limits() async throws {
        let loop = try EpollLoop(name: "test")
        defer { loop.stop() }
        let (receiver, sender) = (SocketHost(loop: loop), SocketHost(loop: loop))
        var small = UDPSocket.Limits()
        small.datagramByteCountMax = 100
        let target = try await receiver.bindUDP(.loopback(port: 0), limits: small)
        var few = UDPSocket.Limits()
        few.queuedDatagramCountMax = 3
        _ = try await sender.bindUDP(.loopback(port: 0), limits: few)
        let long = [UInt8](repeating: 1, count: 101)
        #expect(await sender.send([long, [1], [2], [3]], to: target) == [true, true, true, false])
        for await case .datagram(_, [2]) in receiver.events { break }
        #expect(await receiver.statistics(0).oversizeCount == 1)
        #expect(await sender.statistics(0).droppedCount == 1)
        #expect(await receiver.send([long], to: target) == [false])
        // Port 0 cannot be sent to.
        #expect(await sender.send([[5]], to: .loopback(port: 0)) == [true])
        #expect(await sender.send([[6]], to: target) == [true])
        for await case .datagram(_, [6]) in receiver.events { break }
        #expect(await sender.statistics(0).refusedCount == 1)
    }
}
