/// Why a server did not start, or a request got no answer.
package enum HTTPError: Error, Equatable, Sendable {
    /// The address is no IP address, or cannot be bound: in use, or not of this machine.
    case cannotListen
    /// Without a certificate only loopback addresses may be listened on.
    case loopbackOnly
    /// The certificate or its key cannot be read, or they do not belong together.
    case badCertificate
    /// The text is no http, https, ws or wss URL.
    case badURL
    /// Nobody answered at the address, or the name is unknown.
    case cannotConnect
    /// The other side's certificate is not trusted.
    case untrusted
    /// The answer did not come in time.
    case timedOut
    /// The answer is longer than the limit.
    case tooLarge(limit: Int)
    /// The other side broke the protocol, or closed in the middle.
    case broken
    /// The connection is closed, or the caller was cancelled.
    case closed
    /// The queue to a slow reader is full; nothing was taken.
    case queueFull
}
