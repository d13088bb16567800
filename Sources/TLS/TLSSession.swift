internal import COpenSSL
package import Primitives

/// One TLS 1.3 connection without a socket: bytes of the network go in with `receive` and come out with `drain`, the
/// caller's bytes go in with `write` and come out with `read`. Belongs to one actor.
///
/// The session proves that the other end holds `peerKey`; whether that key is welcome is the caller's to say, before
/// he reads or writes anything.
@safe
package final class TLSSession {
    /// Which end of the connection this is.
    package enum Role: Sendable { case client, server }

    /// What the other end may send before the handshake is over: certificate and all is below 2 KiB.
    package static let handshakeByteCountMax = 16 << 10
    private static let recordByteCount = 16 << 10

    private let identity: TLSIdentity
    private let session: OpaquePointer
    private let input: OpaquePointer
    private let output: OpaquePointer
    private var handshakeByteCount = 0
    /// The key the other end has proven to hold; nil until the handshake is over.
    package private(set) var peerKey: PublicKey?
    /// The other end said that it sends nothing more.
    package private(set) var hasPeerEnded = false

    /// - Throws: `exhausted`.
    package init(_ role: Role, identity: TLSIdentity) throws(TLSError) {
        guard let session = unsafe SSL_new(identity.context) else { throw .exhausted }
        guard let input = unsafe BIO_new(BIO_s_mem()), let output = unsafe BIO_new(BIO_s_mem()) else {
            unsafe SSL_free(session)
            throw .exhausted
        }
        unsafe shim_BIO_set_mem_eof_return(input, -1)
        unsafe shim_BIO_set_mem_eof_return(output, -1)
        unsafe SSL_set_bio(session, input, output)
        switch role {
        case .client: unsafe SSL_set_connect_state(session)
        case .server: unsafe SSL_set_accept_state(session)
        }
        self.identity = identity
        unsafe self.session = session
        unsafe self.input = input
        unsafe self.output = output
    }

    deinit { unsafe SSL_free(session) }

    package var isEstablished: Bool { peerKey != nil }

    /// Moves the handshake on; call it once at the start and after each `receive` until it gives true. Afterwards, and
    /// after an error too, there may be bytes to `drain`: an alert tells the other end why.
    package func handshake() throws(TLSError) -> Bool {
        if isEstablished { return true }
        ERR_clear_error()
        let result = unsafe SSL_do_handshake(session)
        guard result == 1 else {
            if unsafe SSL_get_error(session, result) == SSL_ERROR_WANT_READ { return false }
            throw failure(.handshakeFailed)
        }
        guard unsafe ProtocolName.isAgreed(session) else { throw .handshakeFailed }
        guard let certificate = unsafe SSL_get1_peer_certificate(session) else { throw .noPeerKey }
        defer { unsafe X509_free(certificate) }
        guard let key = unsafe TLSIdentity.rawPublicKey(of: X509_get0_pubkey(certificate)) else { throw .noPeerKey }
        peerKey = key
        return true
    }

    /// Takes bytes that came from the network.
    ///
    /// - Throws: `handshakeTooLong`.
    package func receive(_ bytes: [UInt8]) throws(TLSError) {
        if !isEstablished {
            handshakeByteCount += bytes.count
            guard handshakeByteCount <= Self.handshakeByteCountMax else { throw .handshakeTooLong }
        }
        guard !bytes.isEmpty else { return }
        guard unsafe BIO_write(input, bytes, Int32(bytes.count)) == bytes.count else { throw .exhausted }
    }

    /// Appends what the other end wrote, as far as it has come, to `plaintext`.
    ///
    /// - Throws: `broken`, `refusedByPeer`: what was read before the error has been appended.
    package func read(into plaintext: inout [UInt8]) throws(TLSError) {
        guard isEstablished else { throw .notEstablished }
        while !hasPeerEnded {
            ERR_clear_error()
            var count = 0
            let start = plaintext.count
            plaintext.append(addingCapacity: Self.recordByteCount) { room in
                count = unsafe room.withUnsafeMutableBufferPointer { buffer, initializedCount in
                    let read = unsafe SSL_read(
                        session, buffer.baseAddress, Int32(min(buffer.count, Self.recordByteCount)))
                    initializedCount = Int(max(0, read))
                    return Int(read)
                }
            }
            guard plaintext.count == start else { continue }
            switch unsafe SSL_get_error(session, Int32(count)) {
            case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return
            case SSL_ERROR_ZERO_RETURN: hasPeerEnded = true
            default: throw failure(.broken)
            }
        }
    }

    /// Encrypts; the bytes then wait for `drain`.
    package func write(_ plaintext: [UInt8]) throws(TLSError) {
        guard isEstablished else { throw .notEstablished }
        guard !plaintext.isEmpty else { return }
        ERR_clear_error()
        guard unsafe SSL_write(session, plaintext, Int32(plaintext.count)) == plaintext.count else {
            throw failure(.broken)
        }
    }

    /// What must go to the network now.
    package func drain() -> [UInt8] {
        let count = unsafe shim_BIO_pending(output)
        guard count > 0 else { return [] }
        return unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initializedCount in
            initializedCount = unsafe Int(max(0, BIO_read(output, buffer.baseAddress, Int32(count))))
        }
    }

    /// Says that nothing more will be written; `drain` has the bytes that tell the other end.
    package func finish() {
        guard isEstablished else { return }
        ERR_clear_error()
        _ = unsafe SSL_shutdown(session)
    }

    /// Bytes that both ends of this session have and nobody else (RFC 8446 section 7.5).
    package func exported(label: String, context: [UInt8], count: Int) throws(TLSError) -> [UInt8] {
        guard isEstablished else { throw .notEstablished }
        var bytes = [UInt8](repeating: 0, count: count)
        guard
            unsafe SSL_export_keying_material(
                session, &bytes, count, label, label.utf8.count, context, context.count, 1) == 1
        else { throw .broken }
        return bytes
    }

    /// Tells an alert of the other end from a fault seen here.
    private func failure(_ other: TLSError) -> TLSError {
        let code = ERR_peek_error()
        ERR_clear_error()
        // OpenSSL numbers the alerts it received from SSL_AD_REASON_OFFSET on.
        let reason = Int32(truncatingIfNeeded: code & 0x7f_ffff)
        return reason >= SSL_AD_REASON_OFFSET && reason < SSL_AD_REASON_OFFSET + 256 ? .refusedByPeer : other
    }
}
