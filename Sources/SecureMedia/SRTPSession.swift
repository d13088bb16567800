internal import CSRTP

/// The two directions of one SRTP association. Not `Sendable`: it lives inside one actor.
///
/// A sender must never protect two different packets with one sequence number; libsrtp refuses, because it would give
/// the key stream away. A repeated packet is sent again as it was protected the first time.
@safe
package final class SRTPSession {
    /// How many senders one peer may have in a call: two tracks, a screen, and room for restarts. Each costs memory.
    package static let sourceCountMax = 64
    /// How far behind the newest a packet may come, in packets; one key frame with its retransmissions.
    private static let replayWindow: UInt = 1024
    /// Fixed header of RTP, and header with SSRC of RTCP.
    private static let rtpByteCountMin = 12
    private static let rtcpByteCountMin = 8
    private static let packetByteCountMax = 65_535

    package let profile: SRTPProfile
    private let outbound: OpaquePointer
    private let inbound: OpaquePointer
    /// The SSRCs heard so far. Only authenticated ones enter.
    private var sources: Set<UInt32> = []
    private var lastSource: UInt32?

    private static let isLibraryReady = srtp_init() == srtp_err_status_ok

    /// - Parameters:
    ///   - profile: what the handshake chose.
    ///   - localKey: master key and salt of what we send.
    ///   - remoteKey: the same of what the other end sends.
    /// - Throws: `.sessionFailed`.
    package init(profile: SRTPProfile, localKey: Span<UInt8>, remoteKey: Span<UInt8>) throws(SecureMediaError) {
        let keyByteCount = profile.keyByteCount + profile.saltByteCount
        guard Self.isLibraryReady, localKey.count == keyByteCount, remoteKey.count == keyByteCount,
            let outbound = unsafe Self.make(profile, key: localKey, direction: ssrc_any_outbound)
        else { throw .sessionFailed }
        guard let inbound = unsafe Self.make(profile, key: remoteKey, direction: ssrc_any_inbound) else {
            unsafe srtp_dealloc(outbound)
            throw .sessionFailed
        }
        self.profile = profile
        unsafe self.outbound = unsafe outbound
        unsafe self.inbound = unsafe inbound
    }

    deinit {
        unsafe srtp_dealloc(outbound)
        unsafe srtp_dealloc(inbound)
    }

    @unsafe
    private static func make(
        _ profile: SRTPProfile, key: Span<UInt8>, direction: srtp_ssrc_type_t
    ) -> OpaquePointer? {
        var policy = unsafe srtp_policy_t()
        unsafe profile.configure(&policy)
        unsafe policy.ssrc.type = direction
        unsafe policy.window_size = replayWindow
        unsafe policy.allow_repeat_tx = 0
        var session: OpaquePointer?
        let status = unsafe key.withUnsafeBufferPointer { bytes in
            // libsrtp copies the key and changes nothing.
            unsafe policy.key = UnsafeMutablePointer(mutating: bytes.baseAddress)
            return unsafe srtp_create(&session, &policy)
        }
        return status == srtp_err_status_ok ? unsafe session : nil
    }

    /// Protects an RTP packet in place; it grows by ``SRTPProfile/rtpOverhead``.
    package func protectRTP(_ packet: inout [UInt8]) throws(SecureMediaError) {
        guard packet.count >= Self.rtpByteCountMin else { throw .malformed }
        try unsafe protect(&packet, overhead: profile.rtpOverhead) { unsafe srtp_protect($0, $1, $2) }
    }

    /// Protects a compound RTCP packet in place; it grows by ``SRTPProfile/rtcpOverhead``.
    package func protectRTCP(_ packet: inout [UInt8]) throws(SecureMediaError) {
        guard packet.count >= Self.rtcpByteCountMin else { throw .malformed }
        try unsafe protect(&packet, overhead: profile.rtcpOverhead) { unsafe srtp_protect_rtcp($0, $1, $2) }
    }

    /// Opens an SRTP packet in place.
    ///
    /// - Returns: how many of its bytes are the RTP packet.
    package func unprotectRTP(_ packet: inout MutableSpan<UInt8>) throws(SecureMediaError) -> Int {
        guard packet.count >= Self.rtpByteCountMin + profile.rtpOverhead else { throw .malformed }
        return try unsafe unprotect(&packet, source: Self.word(packet, at: 8)) { unsafe srtp_unprotect($0, $1, $2) }
    }

    /// Opens an SRTCP packet in place.
    ///
    /// - Returns: how many of its bytes are the RTCP packet.
    package func unprotectRTCP(_ packet: inout MutableSpan<UInt8>) throws(SecureMediaError) -> Int {
        guard packet.count >= Self.rtcpByteCountMin + profile.rtcpOverhead else { throw .malformed }
        return try unsafe unprotect(&packet, source: Self.word(packet, at: 4)) {
            unsafe srtp_unprotect_rtcp($0, $1, $2)
        }
    }

    private typealias Operation = (OpaquePointer, UnsafeMutableRawPointer?, UnsafeMutablePointer<Int32>) ->
        srtp_err_status_t

    private func protect(_ packet: inout [UInt8], overhead: Int, _ operation: Operation) throws(SecureMediaError) {
        let plainByteCount = packet.count
        guard plainByteCount + overhead <= Self.packetByteCountMax else { throw .malformed }
        packet.append(contentsOf: repeatElement(0, count: overhead))
        var count = Int32(plainByteCount)
        let status = unsafe packet.withUnsafeMutableBytes { unsafe operation(outbound, $0.baseAddress, &count) }
        guard status == srtp_err_status_ok, Int(count) == packet.count else {
            packet.removeLast(overhead)
            throw Self.error(status)
        }
    }

    private func unprotect(
        _ packet: inout MutableSpan<UInt8>, source: UInt32, _ operation: Operation
    ) throws(SecureMediaError) -> Int {
        guard packet.count <= Self.packetByteCountMax else { throw .malformed }
        let isKnown = source == lastSource || sources.contains(source)
        guard isKnown || sources.count < Self.sourceCountMax else { throw .tooManySources }
        var count = Int32(packet.count)
        let status = unsafe packet.withUnsafeMutableBytes { unsafe operation(inbound, $0.baseAddress, &count) }
        guard status == srtp_err_status_ok, count >= 0, Int(count) <= packet.count else { throw Self.error(status) }
        if !isKnown { sources.insert(source) }
        lastSource = source
        return Int(count)
    }

    private static func word(_ packet: borrowing MutableSpan<UInt8>, at start: Int) -> UInt32 {
        var value: UInt32 = 0
        for index in start..<start + 4 { value = value << 8 | UInt32(packet[index]) }
        return value
    }

    private static func error(_ status: srtp_err_status_t) -> SecureMediaError {
        switch status {
        case srtp_err_status_auth_fail, srtp_err_status_cipher_fail, srtp_err_status_no_ctx: .authenticationFailed
        case srtp_err_status_replay_fail, srtp_err_status_replay_old, srtp_err_status_pkt_idx_old: .replayed
        case srtp_err_status_key_expired: .keyExhausted
        default: .malformed
        }
    }
}
