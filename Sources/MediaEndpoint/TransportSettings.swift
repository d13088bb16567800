package import ICE
package import SecureMedia

/// How a ``MediaTransport`` finds its path and protects it.
package struct TransportSettings: Sendable {
    package var ice: ICESettings
    /// What may be agreed on, best first. AES-256-GCM only, unless a peer is known to have nothing better.
    package var profiles: [SRTPProfile]
    /// The largest handshake datagram, in bytes. 1200 passes every path that carries IPv6 and a tunnel or two.
    package var handshakeByteCountMax: Int

    package init(
        ice: ICESettings = ICESettings(), profiles: [SRTPProfile] = [.aes256GCM], handshakeByteCountMax: Int = 1200
    ) {
        self.ice = ice
        self.profiles = profiles
        self.handshakeByteCountMax = handshakeByteCountMax
    }
}

/// Who hears of a transport. All are called on the loop's thread, one at a time; an actor of the same loop enters
/// itself by `assumeIsolated`. A span is gone when the handler returns.
package struct TransportHandlers: Sendable {
    package typealias PacketHandler = @Sendable (Span<UInt8>) -> Void

    package var onEvent: @Sendable (TransportEvent) -> Void
    /// An RTP packet, decrypted and authentic.
    package var onRTP: PacketHandler
    /// A compound RTCP packet, decrypted and authentic.
    package var onRTCP: PacketHandler

    package init(
        onEvent: @escaping @Sendable (TransportEvent) -> Void, onRTP: @escaping PacketHandler,
        onRTCP: @escaping PacketHandler
    ) {
        self.onEvent = onEvent
        self.onRTP = onRTP
        self.onRTCP = onRTCP
    }
}
