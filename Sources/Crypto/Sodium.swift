internal import CSodium

/// The one call of `sodium_init`, which chooses the fast code for this processor.
enum Sodium {
    private static let isReady: Bool = sodium_init() >= 0

    /// Every entry into libsodium passes here first; after the first time it costs one load.
    static func start() {
        guard isReady else { preconditionFailure("libsodium found no source of randomness") }
    }
}
