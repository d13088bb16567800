internal import COpenSSL

/// HMAC (RFC 2104) by OpenSSL.
package enum HMAC {
    private nonisolated(unsafe) static let template256 = unsafe template(.sha256)
    private nonisolated(unsafe) static let template512 = unsafe template(.sha512)

    /// The full-length code of `message` under `key`, which may have any length.
    package static func code(
        of message: Span<UInt8>, key: Span<UInt8>, using algorithm: DigestAlgorithm = .sha256
    ) -> [UInt8] {
        code(of: message, Span(), key: key, using: algorithm)
    }

    /// The full-length code of `message` under `key`, which may have any length.
    package static func code(
        of message: [UInt8], key: [UInt8], using algorithm: DigestAlgorithm = .sha256
    ) -> [UInt8] {
        code(of: message.span, key: key.span, using: algorithm)
    }

    /// True when `code` is the code of `message`; takes equally long either way.
    package static func isValid(
        _ code: [UInt8], of message: [UInt8], key: [UInt8], using algorithm: DigestAlgorithm = .sha256
    ) -> Bool {
        ConstantTime.isEqual(code, Self.code(of: message, key: key, using: algorithm))
    }

    /// The code of two parts as one message.
    static func code(
        of first: Span<UInt8>, _ second: Span<UInt8>, key: Span<UInt8>, using algorithm: DigestAlgorithm
    ) -> [UInt8] {
        let template = unsafe algorithm == .sha256 ? template256 : template512
        guard let context = unsafe EVP_MAC_CTX_dup(template) else { preconditionFailure("no memory left for a code") }
        defer { unsafe EVP_MAC_CTX_free(context) }
        // OpenSSL takes a null key for "the old one": an empty key is a key too.
        var isDone = unsafe key.withUnsafeBufferPointer { key in
            var none: UInt8 = 0
            guard let start = key.baseAddress else { return unsafe EVP_MAC_init(context, &none, 0, nil) == 1 }
            return unsafe EVP_MAC_init(context, start, key.count, nil) == 1
        }
        isDone = isDone && (unsafe update(context, first)) && (unsafe update(context, second))
        var code = [UInt8](repeating: 0, count: algorithm.byteCount)
        var count = 0
        guard isDone, unsafe EVP_MAC_final(context, &code, &count, code.count) == 1, count == code.count else {
            preconditionFailure("a code took no input")
        }
        return code
    }

    @unsafe
    private static func update(_ context: OpaquePointer, _ bytes: Span<UInt8>) -> Bool {
        unsafe bytes.withUnsafeBufferPointer { buffer in
            unsafe EVP_MAC_update(context, buffer.baseAddress, buffer.count) == 1
        }
    }

    /// A context with its hash chosen, to be copied: choosing costs more than the code of a short message.
    @unsafe
    private static func template(_ algorithm: DigestAlgorithm) -> OpaquePointer {
        guard let mac = unsafe EVP_MAC_fetch(nil, "HMAC", nil), let context = unsafe EVP_MAC_CTX_new(mac) else {
            preconditionFailure("OpenSSL lacks HMAC")
        }
        var value = Array(algorithm.name.utf8CString)
        // A parameter keeps both addresses, so both strings must outlive the call that reads it.
        let isChosen = unsafe OSSL_MAC_PARAM_DIGEST.withCString { name in
            unsafe value.withUnsafeMutableBufferPointer { value in
                var parameters = unsafe [
                    OSSL_PARAM_construct_utf8_string(name, value.baseAddress, 0), OSSL_PARAM_construct_end(),
                ]
                return unsafe EVP_MAC_CTX_set_params(context, &parameters) == 1
            }
        }
        guard isChosen else { preconditionFailure("OpenSSL lacks HMAC with \(algorithm.name)") }
        return unsafe context
    }
}
