/// Bounds and times of the links of one node.
package struct LinkSettings: Sendable {
    /// Bounds of one channel of one link.
    package struct Channel: Sendable, Equatable {
        /// Longest message, either way.
        package var messageByteCountMax: Int
        /// Bytes that may wait to be sent.
        package var queuedByteCountMax: Int
        /// Messages that may wait to be sent.
        package var queuedMessageCountMax: Int

        package init(messageByteCountMax: Int, queuedByteCountMax: Int, queuedMessageCountMax: Int) {
            self.messageByteCountMax = messageByteCountMax
            self.queuedByteCountMax = queuedByteCountMax
            self.queuedMessageCountMax = queuedMessageCountMax
        }
    }

    /// A setting that cannot be.
    package enum Fault: Error, Hashable, Sendable {
        /// A bound or time must be above zero.
        case notPositive(String)
        /// A message of this channel could never be queued.
        case queueShorterThanMessage(LinkChannel)
        /// A link would be given up before a ping could be answered.
        case silenceShorterThanPing
        /// The first pause between dials is above the longest.
        case retryOrder
    }

    /// All faults at once.
    package struct Faults: Error, Equatable, Sendable {
        package let faults: [Fault]
        package init(faults: [Fault]) { self.faults = faults }
    }

    /// A proposal carries a block, so it is the longest message.
    package var consensus = Channel(
        messageByteCountMax: 8 << 20, queuedByteCountMax: 32 << 20, queuedMessageCountMax: 16_384)
    package var sync = Channel(messageByteCountMax: 8 << 20, queuedByteCountMax: 32 << 20, queuedMessageCountMax: 1_024)
    /// A content block is at most 256 KiB.
    package var service = Channel(
        messageByteCountMax: 1 << 20, queuedByteCountMax: 16 << 20, queuedMessageCountMax: 4_096)
    package var transactions = Channel(
        messageByteCountMax: 1 << 20, queuedByteCountMax: 16 << 20, queuedMessageCountMax: 65_536)

    /// Members the node may link with.
    package var peerCountMax = 1_024
    /// Incoming connections that may be shaking hands at once; one more makes the oldest give way.
    package var handshakeCountMax = 64
    /// From the first byte to the other end's hello.
    package var handshakeTimeout = Duration.seconds(5)
    /// A link on which nothing came for this long is pinged.
    package var pingInterval = Duration.seconds(2)
    /// A link on which nothing came for this long is given up.
    package var silenceMax = Duration.seconds(6)
    /// First pause before dialling again; doubles each time, and a random half of it is left out.
    package var retryPause = Duration.milliseconds(100)
    /// Longest pause before dialling again.
    package var retryPauseMax = Duration.seconds(5)
    /// The member with the higher id waits this long for the other to dial.
    package var higherMemberDelay = Duration.milliseconds(250)
    /// Requests that may wait for one member's answer, and that one member may have waiting here.
    package var requestCountMax = 256
    /// Longest time a request may wait for its answer.
    package var requestTimeMax = Duration.seconds(60)
    /// Bytes per second one link may bring in, and in one burst; above, the node stops reading for a while.
    package var inboundByteRateMax = 128 << 20

    package init() {}

    /// The bounds of a channel.
    package func bounds(of channel: LinkChannel) -> Channel {
        switch channel {
        case .consensus: consensus
        case .sync: sync
        case .service: service
        case .transactions: transactions
        }
    }

    /// - Throws: every setting that cannot be, at once.
    package func validate() throws(Faults) {
        var faults: [Fault] = []
        let counts = [
            ("peerCountMax", peerCountMax), ("handshakeCountMax", handshakeCountMax),
            ("requestCountMax", requestCountMax), ("inboundByteRateMax", inboundByteRateMax),
        ]
        faults += counts.filter { $0.1 <= 0 }.map { .notPositive($0.0) }
        let times = [
            ("handshakeTimeout", handshakeTimeout), ("pingInterval", pingInterval), ("silenceMax", silenceMax),
            ("retryPause", retryPause), ("requestTimeMax", requestTimeMax),
        ]
        faults += times.filter { $0.1 <= .zero }.map { .notPositive($0.0) }
        for channel in LinkChannel.allCases {
            let bounds = bounds(of: channel)
            if bounds.messageByteCountMax <= 0 || bounds.queuedMessageCountMax <= 0 {
                faults.append(.notPositive("\(channel)"))
            }
            if bounds.queuedByteCountMax < bounds.messageByteCountMax {
                faults.append(.queueShorterThanMessage(channel))
            }
        }
        if silenceMax <= pingInterval { faults.append(.silenceShorterThanPing) }
        if retryPauseMax < retryPause { faults.append(.retryOrder) }
        guard faults.isEmpty else { throw Faults(faults: faults) }
    }
}
