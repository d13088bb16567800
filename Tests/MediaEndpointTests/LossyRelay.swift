import EventLoop
import ICE
import MediaEndpoint
import Primitives

/// Two sockets between two legs: what one sends to the first socket leaves by the second, unless the rule loses it.
actor LossyRelay {
    nonisolated let loop: EpollLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    private var toCaller: UDPSocket?
    private var toCallee: UDPSocket?
    private var caller: SocketAddress?
    private var callee: SocketAddress?
    private var isLost: @Sendable (_ count: Int, _ datagram: [UInt8]) -> Bool
    private var count = 0
    private(set) var lostCount = 0

    init(isLost: @escaping @Sendable (Int, [UInt8]) -> Bool) throws {
        loop = try EpollLoop(name: "lossy-relay")
        self.isLost = isLost
    }

    func open() throws {
        guard let any = SocketAddress("127.0.0.1:0") else { return }
        // A datagram for the caller comes in at the socket that stands for the caller, and leaves by the callee's.
        toCaller = try UDPSocket(on: loop, address: any) { [unowned self] _, bytes in
            assumeIsolated { $0.pass(bytes, from: $0.toCallee, to: $0.caller) }
        }
        toCallee = try UDPSocket(on: loop, address: any) { [unowned self] _, bytes in
            assumeIsolated { $0.pass(bytes, from: $0.toCaller, to: $0.callee) }
        }
    }

    func setRule(_ rule: @escaping @Sendable (Int, [UInt8]) -> Bool) { isLost = rule }

    private func pass(_ bytes: [UInt8], from socket: UDPSocket?, to address: SocketAddress?) {
        count += 1
        guard let socket, let address, !isLost(count, bytes) else {
            lostCount += 1
            return
        }
        socket.send(bytes, to: address)
    }

    /// Remembers where the leg is, and describes it as being here.
    func stand(in description: TransportDescription, isCaller: Bool) throws -> TransportDescription {
        guard let candidate = description.candidates.first, let socket = isCaller ? toCaller : toCallee else {
            return description
        }
        var fields = candidate.line.exposed.split(separator: " ").map(String.init)
        let real = SocketAddress("\(fields[4]):\(fields[5])")
        if isCaller { caller = real } else { callee = real }
        fields[5] = String(socket.address.port)
        var changed = description
        changed.candidates = [try ICECandidate(Redacted(fields.joined(separator: " ")))]
        return changed
    }

    func close() {
        toCaller?.close()
        toCallee?.close()
        loop.stop()
    }
}
