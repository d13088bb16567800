internal import COpenSSL
internal import CSRTP

/// A protection profile of SRTP, as `use_srtp` negotiates it (RFC 5764, RFC 7714).
package enum SRTPProfile: String, Sendable, CaseIterable {
    case aes256GCM = "SRTP_AEAD_AES_256_GCM"
    case aes128GCM = "SRTP_AEAD_AES_128_GCM"
    /// Five times slower than GCM and with a tag of ten bytes: for peers that know nothing else.
    case aes128CounterSHA1 = "SRTP_AES128_CM_SHA1_80"

    /// The name OpenSSL and the registry know it by.
    var name: String { rawValue }

    init?(identifier: UInt) {
        switch Int32(truncatingIfNeeded: identifier) {
        case SRTP_AEAD_AES_256_GCM: self = .aes256GCM
        case SRTP_AEAD_AES_128_GCM: self = .aes128GCM
        case SRTP_AES128_CM_SHA1_80: self = .aes128CounterSHA1
        default: return nil
        }
    }

    /// Bytes of the master key.
    package var keyByteCount: Int { self == .aes256GCM ? 32 : 16 }
    /// Bytes of the master salt.
    package var saltByteCount: Int { self == .aes128CounterSHA1 ? 14 : 12 }
    /// What protection adds to an RTP packet.
    package var rtpOverhead: Int { self == .aes128CounterSHA1 ? 10 : 16 }
    /// What protection adds to an RTCP packet: the tag and the index.
    package var rtcpOverhead: Int { rtpOverhead + 4 }

    /// Sets both halves of a policy.
    @unsafe
    func configure(_ policy: inout srtp_policy_t) {
        switch self {
        case .aes256GCM:
            unsafe srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtp)
            unsafe srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtcp)
        case .aes128GCM:
            unsafe srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp)
            unsafe srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtcp)
        case .aes128CounterSHA1:
            unsafe srtp_crypto_policy_set_rtp_default(&policy.rtp)
            unsafe srtp_crypto_policy_set_rtcp_default(&policy.rtcp)
        }
    }
}
