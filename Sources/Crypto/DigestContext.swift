internal import COpenSSL

/// One running hash, an `EVP_MD_CTX` that is reset and used again.
///
/// Marked `@safe`: the handle is private and freed once. `@unchecked Sendable`: the structs that hold a context copy
/// it before they change a shared one, so no two threads ever write the same.
@safe
final class DigestContext: @unchecked Sendable {
    private let context: OpaquePointer

    init(_ algorithm: DigestAlgorithm) {
        guard let context = unsafe EVP_MD_CTX_new(),
            unsafe EVP_DigestInit_ex2(context, algorithm.handle, nil) == 1
        else { preconditionFailure("no memory left for a hash") }
        unsafe self.context = context
    }

    private init(copying other: DigestContext) {
        guard let context = unsafe EVP_MD_CTX_new(), unsafe EVP_MD_CTX_copy_ex(context, other.context) == 1 else {
            preconditionFailure("no memory left for a hash")
        }
        unsafe self.context = context
    }

    deinit { unsafe EVP_MD_CTX_free(context) }

    func copy() -> DigestContext { DigestContext(copying: self) }

    func update(_ bytes: Span<UInt8>) {
        let isDone = unsafe bytes.withUnsafeBufferPointer { buffer in
            unsafe EVP_DigestUpdate(context, buffer.baseAddress, buffer.count) == 1
        }
        guard isDone else { preconditionFailure("a running hash took no input") }
    }

    /// Writes the hash, of the algorithm's length, and starts afresh.
    @unsafe
    func finish(into output: UnsafeMutablePointer<UInt8>) {
        guard unsafe EVP_DigestFinal_ex(context, output, nil) == 1,
            unsafe EVP_DigestInit_ex2(context, nil, nil) == 1
        else { preconditionFailure("a running hash gave no output") }
    }
}
