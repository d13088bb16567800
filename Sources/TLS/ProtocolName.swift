internal import COpenSSL

/// The protocol name both ends must agree on (ALPN, RFC 7301), so that a link never talks to another service that
/// happens to use the same key. Owns the memory that OpenSSL's callback reads.
@safe
final class ProtocolName {
    let text: String
    /// The wire form: a list with one entry, its length first.
    private let list: UnsafeMutableBufferPointer<UInt8>

    init?(_ text: String) {
        guard (1...255).contains(text.utf8.count) else { return nil }
        self.text = text
        unsafe list = .allocate(capacity: text.utf8.count + 1)
        _ = unsafe list.initialize(from: [UInt8(text.utf8.count)] + text.utf8)
    }

    deinit { unsafe list.deallocate() }

    /// Offers the name as client, and as server takes no other. The context must not outlive this object.
    func install(in context: OpaquePointer) -> Bool {
        unsafe SSL_CTX_set_alpn_select_cb(
            context,
            { _, output, outputCount, offer, offerCount, own in
                // The list's first byte is the count of what follows, so the callback needs no second argument.
                guard let own = unsafe own?.assumingMemoryBound(to: UInt8.self), let offer = unsafe offer else {
                    return SSL_TLSEXT_ERR_ALERT_FATAL
                }
                var chosen: UnsafeMutablePointer<UInt8>?
                let ownCount = unsafe UInt32(own.pointee) + 1
                let result = unsafe SSL_select_next_proto(&chosen, outputCount, own, ownCount, offer, offerCount)
                guard result == OPENSSL_NPN_NEGOTIATED else { return SSL_TLSEXT_ERR_ALERT_FATAL }
                unsafe output?.pointee = UnsafePointer(chosen)
                return SSL_TLSEXT_ERR_OK
            }, list.baseAddress)
        return unsafe SSL_CTX_set_alpn_protos(context, list.baseAddress, UInt32(list.count)) == 0
    }

    /// True when the session agreed on a name; it can only be this one.
    static func isAgreed(_ session: OpaquePointer) -> Bool {
        var name: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        unsafe SSL_get0_alpn_selected(session, &name, &count)
        return count > 0
    }
}
