internal import COpenSSL

/// The two strengths of AES-GCM in use. Everything of Sotto's own is 256; 128 is for peers and vectors that ask for it.
package enum CipherSuite: Sendable {
    case aes128GCM
    case aes256GCM

    private nonisolated(unsafe) static let fetched128 = unsafe CipherContext.fetch("AES-128-GCM")
    private nonisolated(unsafe) static let fetched256 = unsafe CipherContext.fetch("AES-256-GCM")

    /// Length of the key in bytes.
    package var keyByteCount: Int {
        switch self {
        case .aes128GCM: 16
        case .aes256GCM: 32
        }
    }

    /// OpenSSL's handle, alive as long as the process.
    @unsafe var handle: OpaquePointer {
        switch self {
        case .aes128GCM: unsafe Self.fetched128
        case .aes256GCM: unsafe Self.fetched256
        }
    }
}
