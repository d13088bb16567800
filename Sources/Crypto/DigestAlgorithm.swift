internal import COpenSSL

/// The hash functions in use. Each is fetched from OpenSSL once, since a fetch costs more than hashing 64 bytes.
package enum DigestAlgorithm: Sendable {
    case sha256
    case sha512

    private nonisolated(unsafe) static let fetchedSHA256 = unsafe fetch(.sha256)
    private nonisolated(unsafe) static let fetchedSHA512 = unsafe fetch(.sha512)

    @unsafe
    private static func fetch(_ algorithm: Self) -> OpaquePointer {
        guard let handle = unsafe EVP_MD_fetch(nil, algorithm.name, nil) else {
            preconditionFailure("OpenSSL lacks \(algorithm.name)")
        }
        return unsafe handle
    }

    /// Length of the hash.
    package var byteCount: Int {
        switch self {
        case .sha256: 32
        case .sha512: 64
        }
    }

    /// OpenSSL's name of it.
    var name: String {
        switch self {
        case .sha256: "SHA2-256"
        case .sha512: "SHA2-512"
        }
    }

    /// OpenSSL's handle, alive as long as the process.
    @unsafe var handle: OpaquePointer {
        switch self {
        case .sha256: unsafe Self.fetchedSHA256
        case .sha512: unsafe Self.fetchedSHA512
        }
    }
}
