/// What a datagram of the one shared port is, by its first bytes (RFC 7983, RFC 5761). STUN never comes this far.
enum PacketClass: Equatable {
    case handshake, rtp, rtcp, unknown

    init(_ datagram: Span<UInt8>) {
        guard datagram.count >= 2 else {
            self = .unknown
            return
        }
        switch datagram[0] {
        case 20...63: self = .handshake
        // RTCP types lie where RTP would have the marker and payload types 64–95, which nobody uses.
        case 128...191: self = (192...223).contains(datagram[1]) ? .rtcp : .rtp
        default: self = .unknown
        }
    }
}
