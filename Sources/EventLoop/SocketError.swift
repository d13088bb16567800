internal import Glibc

/// Why a socket could not be made or did not go on.
package enum SocketError: Error, Hashable, Sendable {
    /// Another program listens there.
    case addressInUse
    /// The address is none of this machine's.
    case addressNotAvailable
    /// The system forbids it: a port below 1024, a firewall rule.
    case permissionDenied
    /// Nobody listens at the other end.
    case refused
    /// No route to the other end.
    case unreachable
    /// No answer in time.
    case timedOut
    /// The other end broke the connection off.
    case reset
    /// This process or machine has no descriptors or memory left.
    case exhausted
    /// The datagram is larger than the path takes.
    case tooLarge
    /// The host name has no address.
    case unknownHost
    /// The loop was stopped.
    case stopped
    /// Anything else; not expected to happen.
    case failed

    init(code: Int32) {
        switch code {
        case EADDRINUSE: self = .addressInUse
        case EADDRNOTAVAIL, EAFNOSUPPORT: self = .addressNotAvailable
        case EACCES, EPERM: self = .permissionDenied
        case ECONNREFUSED: self = .refused
        case EHOSTUNREACH, ENETUNREACH, ENETDOWN, EHOSTDOWN: self = .unreachable
        case ETIMEDOUT: self = .timedOut
        case ECONNRESET, EPIPE, ECONNABORTED: self = .reset
        case EMFILE, ENFILE, ENOBUFS, ENOMEM: self = .exhausted
        case EMSGSIZE: self = .tooLarge
        default: self = .failed
        }
    }
}
