/// Where a server listens and how much it takes.
package struct HTTPServerSettings: Equatable, Sendable {
    /// A PEM certificate chain and the PEM key that belongs to it.
    package struct TLSFiles: Equatable, Sendable {
        package let certificatePath: String
        package let keyPath: String
        package init(certificatePath: String, keyPath: String) {
            self.certificatePath = certificatePath
            self.keyPath = keyPath
        }
    }

    /// An IP address. Default 127.0.0.1: whoever wants to be reached says so, and brings a certificate.
    package var address = "127.0.0.1"
    /// 0 takes any free port.
    package var port: UInt16 = 0
    /// Without it only loopback addresses are accepted.
    package var tls: TLSFiles?
    /// Bytes of a request's body. Default 1 MiB. More is answered 413.
    package var bodyByteCountMax = 1 << 20
    /// Bytes of a request's header fields. Default 16 KiB. More is answered 431.
    package var headerByteCountMax = 16 << 10
    /// Open connections in all. Default 256: a loop polls each of them. One more is closed at once.
    package var connectionCountMax = 256
    /// Open connections from one address. Default 64, so that one address cannot take them all.
    package var connectionsPerAddressMax = 64
    /// Requests and WebSocket upgrades per second from one address. Default 200. More is answered 429.
    package var requestsPerSecond = 200.0
    /// What one address may save up. Default 400.
    package var requestBurst = 400.0
    /// A connection that says nothing for so long is closed. Default 60 s.
    package var idleTimeout = Duration.seconds(60)
    /// Web pages of other origins that may call, as `scheme://host:port`. Default none.
    package var allowedOrigins: [String] = []
    /// Host names in requests beside the address itself; empty means any, except that a loopback server without a
    /// certificate takes loopback names only, so that no web page can reach it by renaming (DNS rebinding).
    package var allowedHosts: [String] = []
    /// Bytes of one WebSocket message. Default 1 MiB.
    package var webSocketMessageMax = 1 << 20
    /// What one WebSocket may have queued each way.
    package var webSocketQueue = WebSocketQueueLimits()

    package init() {}
}

/// How much one WebSocket may hold back each way.
package struct WebSocketQueueLimits: Equatable, Sendable {
    /// Messages that came in and nobody took. Default 256; one more closes the connection with 1008.
    package var incomingCountMax = 256
    /// Bytes that came in and nobody took. Default 4 MiB; more closes the connection with 1008.
    package var incomingByteCountMax = 4 << 20
    /// Messages that wait for a slow reader. Default 256; one more is refused as `queueFull`.
    package var outgoingCountMax = 256
    /// Bytes that wait for a slow reader. Default 4 MiB; more is refused as `queueFull`.
    package var outgoingByteCountMax = 4 << 20
    package init() {}
}
