internal import COpenSSL

/// A keyed `EVP_CIPHER_CTX` in one direction: the key schedule is computed once, each message brings its nonce.
///
/// Marked `@safe`: the handle is private and freed once, which also wipes the key schedule. Not `Sendable`: two
/// messages at once would mix.
@safe
final class CipherContext {
    private let context: OpaquePointer
    /// The longest input of one message in bytes: lengths are C integers.
    static let byteCountMax = 1 << 30

    /// - Throws: `CryptoError.badLength` when the key does not fit the cipher.
    @unsafe
    init(_ cipher: OpaquePointer, key: Span<UInt8>, encrypts: Bool) throws(CryptoError) {
        guard unsafe EVP_CIPHER_get_key_length(cipher) == key.count else { throw .badLength }
        guard let context = unsafe EVP_CIPHER_CTX_new() else { preconditionFailure("no memory left for a cipher") }
        let isKeyed = unsafe key.withUnsafeBufferPointer { key in
            unsafe EVP_CipherInit_ex2(context, cipher, key.baseAddress, nil, encrypts ? 1 : 0, nil) == 1
        }
        guard isKeyed else { preconditionFailure("a cipher took no key") }
        unsafe self.context = context
    }

    deinit { unsafe EVP_CIPHER_CTX_free(context) }

    @unsafe
    static func fetch(_ name: String) -> OpaquePointer {
        guard let cipher = unsafe EVP_CIPHER_fetch(nil, name, nil) else { preconditionFailure("OpenSSL lacks \(name)") }
        return unsafe cipher
    }

    /// Starts a message.
    @unsafe
    func start(nonce: UnsafePointer<UInt8>) {
        guard unsafe EVP_CipherInit_ex2(context, nil, nil, nonce, -1, nil) == 1 else {
            preconditionFailure("a cipher took no nonce")
        }
    }

    /// Adds bytes that are authenticated but not encrypted.
    func authenticate(_ bytes: Span<UInt8>) {
        guard bytes.count > 0 else { return }
        var count: Int32 = 0
        let isDone = unsafe bytes.withUnsafeBufferPointer { buffer in
            unsafe EVP_CipherUpdate(context, nil, &count, buffer.baseAddress, Int32(buffer.count)) == 1
        }
        guard isDone else { preconditionFailure("a cipher took no associated data") }
    }

    /// Encrypts or decrypts `count` bytes; input and output may be the same memory.
    @unsafe
    func process(_ input: UnsafePointer<UInt8>, count: Int, into output: UnsafeMutablePointer<UInt8>) {
        guard count > 0 else { return }
        var written: Int32 = 0
        guard unsafe EVP_CipherUpdate(context, output, &written, input, Int32(count)) == 1, Int(written) == count else {
            preconditionFailure("a cipher gave no output")
        }
    }

    /// Ends an encrypted message and writes its 16-byte tag.
    @unsafe
    func finish(tag: UnsafeMutablePointer<UInt8>) {
        var none: UInt8 = 0
        var count: Int32 = 0
        guard unsafe EVP_CipherFinal_ex(context, &none, &count) == 1,
            unsafe EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, Int32(AEAD.tagByteCount), tag) == 1
        else { preconditionFailure("a cipher gave no tag") }
    }

    /// Ends a decrypted message: true when its 16-byte tag fits.
    @unsafe
    func isAuthentic(tag: UnsafePointer<UInt8>) -> Bool {
        var none: UInt8 = 0
        var count: Int32 = 0
        let copy = unsafe UnsafeMutableRawPointer(mutating: tag)
        guard unsafe EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(AEAD.tagByteCount), copy) == 1 else {
            return false
        }
        return unsafe EVP_CipherFinal_ex(context, &none, &count) == 1
    }
}
