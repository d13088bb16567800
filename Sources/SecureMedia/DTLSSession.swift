internal import COpenSSL
package import Primitives

/// One DTLS 1.2 association, for its keys only (RFC 5764). Datagrams go in and out as bytes; sockets and clocks stay
/// outside. Not `Sendable`: it lives inside one actor.
///
/// After each of `start`, `receive`, `timerFired` and `close` the owner sends what ``takeDatagrams()`` gives and sets
/// one timer to ``timeout``. It goes on calling `receive` after the handshake: if the last flight was lost, only that
/// makes OpenSSL send it again.
///
/// The other end's certificate is compared with the expected fingerprint inside the handshake, so that a stranger gets
/// an alert and no keys.
@safe
package final class DTLSSession {
    package enum Role: Sendable { case client, server }

    package enum State: Sendable, Equatable {
        case handshaking
        /// Keys can be made.
        case ready
        case failed(DTLSFailure)
        /// The other end, or this one, said goodbye.
        case closed
    }

    /// The first retransmission after 100 ms, then doubled up to a second; OpenSSL's own first second is a pause one
    /// hears.
    private static let firstTimeoutMicroseconds: UInt32 = 100_000
    private static let lastTimeoutMicroseconds: UInt32 = 1_000_000
    private static let ciphers =
        "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305"
        + ":ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256"
    /// Bounds of the `mtu` that a session is made with.
    package static let mtuRange = 256...16_384

    package let role: Role
    package private(set) var state: State = .handshaking
    /// The fingerprint of the certificate that was really shown, once one was.
    package private(set) var seenFingerprint: Digest?

    private let identity: DTLSIdentity
    private let expectedFingerprint: Digest
    private let mtu: Int
    private let context: OpaquePointer
    private let session: OpaquePointer
    private let input: OpaquePointer
    private let output: OpaquePointer

    /// - Parameters:
    ///   - expectedFingerprint: SHA-256 of the certificate the other end must show.
    ///   - profiles: what may be agreed on, best first; a server chooses by its own order.
    ///   - mtu: the largest datagram, in bytes.
    /// - Throws: `.sessionFailed`.
    package init(
        identity: DTLSIdentity, role: Role, expectedFingerprint: Digest, profiles: [SRTPProfile] = [.aes256GCM],
        mtu: Int = 1200
    ) throws(SecureMediaError) {
        guard Self.mtuRange.contains(mtu), !profiles.isEmpty else { throw .sessionFailed }
        guard let context = unsafe Self.makeContext(identity: identity, profiles: profiles) else {
            throw .sessionFailed
        }
        let (input, output) = unsafe (BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()))
        guard let session = unsafe SSL_new(context), let input = unsafe input, let output = unsafe output else {
            unsafe BIO_free(input)
            unsafe BIO_free(output)
            unsafe SSL_CTX_free(context)
            throw .sessionFailed
        }
        unsafe self.context = unsafe context
        unsafe self.session = unsafe session
        unsafe self.input = unsafe input
        unsafe self.output = unsafe output
        self.identity = identity
        self.role = role
        self.expectedFingerprint = expectedFingerprint
        self.mtu = mtu
        unsafe configureSession()
    }

    deinit {
        // The session owns both buffers.
        unsafe SSL_free(session)
        unsafe SSL_CTX_free(context)
    }

    @unsafe
    private static func makeContext(identity: DTLSIdentity, profiles: [SRTPProfile]) -> OpaquePointer? {
        ERR_clear_error()
        guard let context = unsafe SSL_CTX_new(DTLS_method()) else { return nil }
        let names = profiles.map(\.name).joined(separator: ":")
        let isMade =
            unsafe shim_SSL_CTX_set_min_proto_version(context, DTLS1_2_VERSION) == 1
            && shim_SSL_CTX_set_max_proto_version(context, DTLS1_2_VERSION) == 1
            && SSL_CTX_set_cipher_list(context, ciphers) == 1
            && shim_SSL_CTX_set1_groups_list(context, "X25519:P-256") == 1
            && SSL_CTX_use_certificate(context, identity.certificate) == 1
            && SSL_CTX_use_PrivateKey(context, identity.key) == 1
            // Zero means success here, and only here.
            && SSL_CTX_set_tlsext_use_srtp(context, names) == 0
        guard isMade else {
            unsafe SSL_CTX_free(context)
            return nil
        }
        unsafe shim_SSL_CTX_set_no_renegotiation(context)
        // One call, one handshake: nothing is ever resumed.
        unsafe shim_SSL_CTX_set_no_ticket(context)
        unsafe SSL_CTX_ctrl(context, SSL_CTRL_SET_SESS_CACHE_MODE, Int(SSL_SESS_CACHE_OFF), nil)
        unsafe SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nil)
        return unsafe context
    }

    @unsafe
    private func configureSession() {
        unsafe shim_BIO_set_mem_eof_return(input, -1)
        unsafe shim_BIO_set_mem_eof_return(output, -1)
        unsafe SSL_set_bio(session, input, output)
        // A memory buffer cannot be asked for an MTU.
        unsafe shim_SSL_set_no_query_mtu(session)
        unsafe shim_SSL_set_mtu(session, mtu)
        unsafe DTLS_set_timer_cb(session) { _, last in
            last == 0
                ? DTLSSession.firstTimeoutMicroseconds : min(last * 2, DTLSSession.lastTimeoutMicroseconds)
        }
        // Called during the handshake only, that is, from this object's own methods.
        let reference = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe SSL_CTX_set_cert_verify_callback(
            context,
            { store, data in
                guard let store = unsafe store, let data = unsafe data,
                    let certificate = unsafe X509_STORE_CTX_get0_cert(store)
                else { return 0 }
                let session = unsafe Unmanaged<DTLSSession>.fromOpaque(data).takeUnretainedValue()
                if unsafe session.accepts(certificate) { return 1 }
                unsafe X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION)
                return 0
            }, reference)
        switch role {
        case .client: unsafe SSL_set_connect_state(session)
        case .server: unsafe SSL_set_accept_state(session)
        }
    }

    @unsafe
    private func accepts(_ certificate: OpaquePointer) -> Bool {
        seenFingerprint = unsafe DTLSIdentity.certificateDigest(of: certificate)
        return seenFingerprint == expectedFingerprint
    }

    // MARK: Entry points

    /// A client's first flight is made; a server waits.
    package func start() { advance() }

    /// Takes one datagram whose first byte is 20–63 (RFC 7983).
    package func receive(_ datagram: Span<UInt8>) {
        switch state {
        case .failed, .closed: return
        case .handshaking, .ready: break
        }
        guard datagram.count > 0, datagram.count <= Self.mtuRange.upperBound else { return }
        _ = unsafe datagram.withUnsafeBytes { unsafe BIO_write(input, $0.baseAddress, Int32($0.count)) }
        advance()
    }

    /// The timer of ``timeout`` ran out: sends the last flight again.
    package func timerFired() {
        guard state == .handshaking else { return }
        ERR_clear_error()
        if unsafe shim_DTLSv1_handle_timeout(session) < 0 { state = .failed(.timedOut) }
    }

    /// Time until `timerFired` is due; nil if nothing waits for an answer.
    package var timeout: Duration? {
        guard state == .handshaking else { return nil }
        var left = timeval()
        guard unsafe shim_DTLSv1_get_timeout(session, &left) == 1 else { return nil }
        return .seconds(left.tv_sec) + .microseconds(Int64(left.tv_usec))
    }

    /// Says goodbye, if there is anybody to say it to.
    package func close() {
        if state == .ready {
            ERR_clear_error()
            unsafe SSL_shutdown(session)
        }
        if case .failed = state { return }
        state = .closed
    }

    /// The datagrams that wait to be sent, each at most the MTU long.
    ///
    /// A memory buffer keeps no datagram boundaries, so what lies in it is cut at the heads of DTLS records (13 bytes,
    /// the last two the length) and packed up to the MTU.
    package func takeDatagrams() -> [[UInt8]] {
        let count = unsafe shim_BIO_pending(output)
        guard count > 0 else { return [] }
        var bytes = [UInt8](repeating: 0, count: count)
        guard unsafe BIO_read(output, &bytes, Int32(count)) == Int32(count) else { return [] }
        var datagrams: [[UInt8]] = []
        var current: [UInt8] = []
        var start = 0
        while start + 13 <= count {
            let end = min(start + 13 + (Int(bytes[start + 11]) << 8 | Int(bytes[start + 12])), count)
            if !current.isEmpty && current.count + end - start > mtu {
                datagrams.append(current)
                current = []
            }
            current += bytes[start..<end]
            start = end
        }
        if !current.isEmpty { datagrams.append(current) }
        return datagrams
    }

    /// The profile both ends agreed on.
    package var profile: SRTPProfile? {
        guard let selected = unsafe SSL_get_selected_srtp_profile(session) else { return nil }
        return unsafe SRTPProfile(identifier: UInt(selected.pointee.id))
    }

    /// Makes the SRTP session of this association (RFC 5764 §4.2). The keys are wiped here and live on in libsrtp.
    ///
    /// - Throws: `.notReady`, `.sessionFailed`.
    package func makeSRTP() throws(SecureMediaError) -> SRTPSession {
        guard state == .ready, let profile else { throw .notReady }
        let (key, salt) = (profile.keyByteCount, profile.saltByteCount)
        var material = [UInt8](repeating: 0, count: 2 * (key + salt))
        var client: [UInt8] = []
        var server: [UInt8] = []
        client.reserveCapacity(key + salt)
        server.reserveCapacity(key + salt)
        defer {
            unsafe OPENSSL_cleanse(&material, material.count)
            unsafe OPENSSL_cleanse(&client, client.count)
            unsafe OPENSSL_cleanse(&server, server.count)
        }
        let label = "EXTRACTOR-dtls_srtp"
        guard
            unsafe SSL_export_keying_material(
                session, &material, material.count, label, label.utf8.count, nil, 0, 0) == 1
        else { throw .sessionFailed }
        client += material[0..<key]
        client += material[2 * key..<2 * key + salt]
        server += material[key..<2 * key]
        server += material[(2 * key + salt)...]
        switch role {
        case .client: return try SRTPSession(profile: profile, localKey: client.span, remoteKey: server.span)
        case .server: return try SRTPSession(profile: profile, localKey: server.span, remoteKey: client.span)
        }
    }

    // MARK: Steps

    private func advance() {
        if state == .handshaking { handshake() }
        if state == .ready { read() }
    }

    private func handshake() {
        ERR_clear_error()
        let result = unsafe SSL_do_handshake(session)
        if result == 1 {
            state = profile == nil ? .failed(.noCommonProfile) : .ready
            return
        }
        let error = unsafe SSL_get_error(session, result)
        guard error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE else { return }
        guard let seen = seenFingerprint else {
            state = .failed(isCertificateMissing ? .noCertificate : .protocolError)
            return
        }
        state = .failed(seen == expectedFingerprint ? .protocolError : .fingerprintMismatch(seen: seen))
    }

    private var isCertificateMissing: Bool {
        let error = ERR_peek_error()
        return Int32(truncatingIfNeeded: error & 0x7f_ffff) == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE
    }

    /// Nothing but handshakes and alerts travels here; reading is what answers them.
    private func read() {
        var bytes = [UInt8](repeating: 0, count: 2048)
        ERR_clear_error()
        while unsafe SSL_read(session, &bytes, Int32(bytes.count)) > 0 {}
        if unsafe SSL_get_shutdown(session) & SSL_RECEIVED_SHUTDOWN != 0 { state = .closed }
    }
}
