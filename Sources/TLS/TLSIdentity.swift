internal import COpenSSL
package import Primitives

/// An Ed25519 key with the self-signed certificate that carries it, and the one way links use TLS: version 1.3, X25519,
/// AES-256-GCM or ChaCha20-Poly1305, both ends with a certificate, no tickets, no resumption, no early data.
///
/// The certificate says nothing but the key: no name, no meaningful date. Who a key belongs to is looked up by the
/// caller. Nothing changes after `init`, and OpenSSL makes sessions of one context from several threads.
@safe
package final class TLSIdentity: @unchecked Sendable {
    package static let seedByteCount = 32
    package let publicKey: PublicKey
    let context: OpaquePointer
    private let name: ProtocolName

    /// Makes the identity of an Ed25519 seed (RFC 8032: the private key).
    ///
    /// - Parameters:
    ///   - seed: 32 bytes.
    ///   - protocolName: ALPN name, 1 to 255 bytes; both ends must name the same.
    /// - Throws: `identityFailed`.
    package init(seed: Span<UInt8>, protocolName: String) throws(TLSError) {
        guard seed.count == Self.seedByteCount, let name = ProtocolName(protocolName) else { throw .identityFailed }
        let key = unsafe seed.withUnsafeBufferPointer {
            unsafe EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nil, $0.baseAddress, $0.count)
        }
        guard let key = unsafe key else { throw .identityFailed }
        defer { unsafe EVP_PKEY_free(key) }
        guard let publicKey = unsafe Self.rawPublicKey(of: key), let certificate = unsafe Self.certificate(for: key)
        else {
            throw .identityFailed
        }
        defer { unsafe X509_free(certificate) }
        guard let context = unsafe SSL_CTX_new(TLS_method()) else { throw .identityFailed }
        guard unsafe Self.configure(context, key, certificate), unsafe name.install(in: context) else {
            unsafe SSL_CTX_free(context)
            ERR_clear_error()
            throw .identityFailed
        }
        self.name = name
        self.publicKey = publicKey
        unsafe self.context = context
    }

    deinit { unsafe SSL_CTX_free(context) }

    /// The key of a certificate or identity, if it is Ed25519.
    static func rawPublicKey(of key: OpaquePointer?) -> PublicKey? {
        guard let key = unsafe key, unsafe EVP_PKEY_get_id(key) == EVP_PKEY_ED25519 else { return nil }
        var bytes = [UInt8](repeating: 0, count: 32)
        var count = bytes.count
        guard unsafe EVP_PKEY_get_raw_public_key(key, &bytes, &count) == 1, count == 32 else { return nil }
        return PublicKey(bytes)
    }

    private static func certificate(for key: OpaquePointer) -> OpaquePointer? {
        guard let certificate = unsafe X509_new() else { return nil }
        // Dates are fixed: a link must not depend on the clock, and the ledger says how long a key holds.
        let isMade =
            unsafe X509_set_version(certificate, 2) == 1
            && ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) == 1
            && ASN1_TIME_set_string(X509_getm_notBefore(certificate), "19700101000000Z") == 1
            && ASN1_TIME_set_string(X509_getm_notAfter(certificate), "99991231235959Z") == 1
            && X509_set_pubkey(certificate, key) == 1 && X509_sign(certificate, key, nil) > 0
        guard isMade else {
            unsafe X509_free(certificate)
            return nil
        }
        return unsafe certificate
    }

    private static func configure(
        _ context: OpaquePointer, _ key: OpaquePointer, _ certificate: OpaquePointer
    ) -> Bool {
        unsafe SSL_CTX_set_num_tickets(context, 0)
        _ = unsafe SSL_CTX_ctrl(context, SSL_CTRL_SET_SESS_CACHE_MODE, Int(SSL_SESS_CACHE_OFF), nil)
        _ = unsafe SSL_CTX_ctrl(context, SSL_CTRL_SET_MAX_CERT_LIST, 4_096, nil)
        _ = unsafe SSL_CTX_ctrl(context, SSL_CTRL_MODE, Int(SSL_MODE_RELEASE_BUFFERS), nil)
        // Any certificate passes here; its key is proven by the handshake and judged by the caller.
        unsafe SSL_CTX_set_cert_verify_callback(context, { _, _ in 1 }, nil)
        unsafe SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nil)
        return unsafe shim_SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1
            && shim_SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1
            && SSL_CTX_set_ciphersuites(context, "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256") == 1
            && shim_SSL_CTX_set1_groups_list(context, "X25519") == 1
            && shim_SSL_CTX_set1_sigalgs_list(context, "ed25519") == 1
            && shim_SSL_CTX_set1_client_sigalgs_list(context, "ed25519") == 1
            && SSL_CTX_use_certificate(context, certificate) == 1 && SSL_CTX_use_PrivateKey(context, key) == 1
    }
}
