internal import CLinux
internal import Glibc

/// One UDP socket, IPv4 or IPv6 or both, that takes and gives datagrams in batches. Lives on its loop's thread.
///
/// Sending never waits: what does not fit into the queue is dropped and counted, as the network itself would.
package final class UDPSocket: ReadinessHandler, TurnEndHandler {
    /// Bounds of one socket.
    package struct Limits: Sendable {
        /// Larger datagrams are dropped on arrival and refused on sending.
        package var datagramByteCountMax = 1_500
        /// Datagrams that may wait for the kernel.
        package var queuedDatagramCountMax = 4_096
        /// Receive and send buffer asked of the kernel.
        package var kernelBufferByteCount: Int32 = 4 << 20
        package init() {}
    }

    /// What the socket did, for metrics.
    package struct Statistics: Equatable, Sendable {
        package var receivedCount = 0
        package var sentCount = 0
        /// Arrived longer than the limit.
        package var oversizeCount = 0
        /// Not sent: the queue was full.
        package var droppedCount = 0
        /// Not sent: the kernel refused, as for an address without a route.
        package var refusedCount = 0
    }

    private struct Datagram {
        let address: SocketAddress
        let bytes: [UInt8]
    }

    private static let batchesPerTurn = 8

    package let limits: Limits
    package let address: SocketAddress
    package private(set) var statistics = Statistics()
    private let loop: EpollLoop
    private let socket: FileDescriptor
    private let batch: DatagramBatch
    private var handler: ((SocketAddress, [UInt8]) -> Void)?
    private var queue: [Datagram] = []
    private var queueStart = 0
    private var waitsForWritable = false
    private var flushIsScheduled = false

    /// Binds; `handler` gets each datagram with its sender, until `close`.
    ///
    /// - Throws: `addressInUse`, `addressNotAvailable`, `permissionDenied`, or that the loop stopped.
    package init(
        on loop: EpollLoop, address: SocketAddress, limits: Limits = Limits(),
        handler: @escaping (SocketAddress, [UInt8]) -> Void
    ) throws(SocketError) {
        loop.checkIsolated()
        self.loop = loop
        self.limits = limits
        self.handler = handler
        socket = try Socket.make(.datagram, for: address)
        Socket.set(socket.number, SOL_SOCKET, SO_RCVBUF, limits.kernelBufferByteCount)
        Socket.set(socket.number, SOL_SOCKET, SO_SNDBUF, limits.kernelBufferByteCount)
        try Socket.bind(socket, to: address)
        self.address = try Socket.localAddress(socket.number)
        batch = DatagramBatch(datagramByteCountMax: limits.datagramByteCountMax, mapped: address.isIPv6)
        try loop.add(socket.number, .readable, self)
    }

    /// Queues a datagram, to leave at the end of this turn; false when it was dropped.
    @discardableResult
    package func send(_ bytes: [UInt8], to address: SocketAddress) -> Bool {
        guard handler != nil, bytes.count <= limits.datagramByteCountMax,
            queue.count - queueStart < limits.queuedDatagramCountMax, !address.isIPv6 || self.address.isIPv6
        else {
            statistics.droppedCount += 1
            return false
        }
        queue.append(Datagram(address: address, bytes: bytes))
        if !flushIsScheduled, !waitsForWritable {
            flushIsScheduled = true
            loop.atTurnEnd(self)
        }
        return true
    }

    /// Stops receiving and drops what is queued.
    package func close() {
        guard handler != nil else { return }
        handler = nil
        queue = []
        queueStart = 0
        loop.remove(socket.number)
    }

    package func ready(_ readiness: Readiness) {
        if readiness.contains(.writable) {
            waitsForWritable = false
            flush()
        }
        guard readiness != .writable else { return }
        for _ in 0..<Self.batchesPerTurn where handler != nil {
            let count = batch.receive(from: socket.number)
            for index in 0..<max(0, count) {
                guard let (sender, bytes) = batch.datagram(index) else {
                    statistics.oversizeCount += 1
                    continue
                }
                statistics.receivedCount += 1
                handler?(sender, bytes)
            }
            if count < DatagramBatch.capacity { return }
        }
    }

    package func turnEnded() {
        flushIsScheduled = false
        if handler != nil, !waitsForWritable { flush() }
    }

    private func flush() {
        while queueStart < queue.count {
            let end = min(queue.count, queueStart + DatagramBatch.capacity)
            for index in queueStart..<end {
                batch.set(index - queueStart, to: queue[index].address, queue[index].bytes)
            }
            let sentCount = batch.send(count: end - queueStart, on: socket.number)
            if sentCount > 0 {
                statistics.sentCount += sentCount
                queueStart += sentCount
            } else if errno == EAGAIN {
                waitsForWritable = true
                break
            } else if errno != EINTR {
                // The first of the batch cannot be sent; the others are none the worse.
                statistics.refusedCount += 1
                queueStart += 1
            }
        }
        if queueStart == queue.count {
            queue.removeAll(keepingCapacity: true)
            queueStart = 0
        } else if queueStart > queue.count / 2 {
            queue.removeFirst(queueStart)
            queueStart = 0
        }
        loop.update(socket.number, waitsForWritable ? [.readable, .writable] : .readable)
    }
}
