package import Consensus
package import Primitives
import Wire

/// A validator's key behind its guard, wherever it is: in this process, in another one, in a token.
///
/// Calls block until the answer is there, on the caller's thread; an implementation bounds that time.
package protocol VoteSigning: Sendable {
    /// The key whose signatures these are; known also while its holder cannot be reached.
    var publicKey: PublicKey { get }

    /// Signs preimages as `SigningKind` makes them: one answer for each, in order. What is durable before a vote's
    /// signature is returned is shared by all that stand in one call.
    func signatures(over preimages: [[UInt8]]) -> [Result<Signature, SigningRefusal>]

    /// What the key has promised on `chain`, as far as its holder remembers, after taking over what is in `known`.
    /// - Throws: that the holder cannot be reached or its memory not be written.
    func promises(
        on chain: ChainID, knowing known: [SigningGuard.Promise]
    ) throws(SigningRefusal) -> [SigningGuard.Promise]
}

/// Why there is no signature.
package enum SigningRefusal: Error, Hashable, Sendable {
    /// The process that holds the key does not answer.
    case unreachable
    /// The key cannot be used: its token is gone, or locked.
    case keyFailed
    /// What was signed cannot be made durable.
    case memoryFailed
    /// These are no bytes that this key signs.
    case notAllowed
    /// The key signed later already: the node is older than its signer.
    case behind(SigningGuard.Place)
    /// The key signed what excludes this.
    case contradicts

    /// Whether the same bytes may be signed later.
    package var isPassing: Bool {
        switch self {
        case .unreachable, .keyFailed, .memoryFailed: true
        case .notAllowed, .behind, .contradicts: false
        }
    }

    /// One word for a log.
    package var word: String {
        switch self {
        case .unreachable: "unreachable"
        case .keyFailed: "key_failed"
        case .memoryFailed: "memory_failed"
        case .notAllowed: "not_allowed"
        case .behind: "behind"
        case .contradicts: "contradicts"
        }
    }

    /// What an operator should know and do.
    package var sentence: String {
        switch self {
        case .unreachable: "the signer does not answer: is `sotto signer` running, and its socket where signer says?"
        case .keyFailed: "the signing key cannot be used: is the token there, and its PIN right?"
        case .memoryFailed: "the signer cannot write what it signed: is its disk full?"
        case .notAllowed: "the signer does not sign this kind of bytes"
        case .behind(let place):
            "the key has signed up to view \(place.view): this node is older than that, restored from a backup or "
                + "beside another node with the same key; it votes again from there on"
        case .contradicts:
            "the key has signed a vote that excludes this one: does another node use the same key?"
        }
    }
}

/// A key that may fail to sign: the part of a signer below the guard.
package protocol KeyHolding: Sendable {
    var publicKey: PublicKey { get }
    /// The Ed25519 signature over exactly these bytes.
    /// - Throws: `keyFailed`.
    func held(_ preimage: [UInt8]) throws(SigningRefusal) -> Signature
}

/// What a node signs beside votes, with the same key: a statement that could not be signed carries sixty-four zeros,
/// which every check refuses, as if its message had been lost.
package struct StatementSigning: Signing {
    private let signer: any VoteSigning

    package init(_ signer: any VoteSigning) { self.signer = signer }

    package var publicKey: PublicKey { signer.publicKey }

    package func signature(over preimage: [UInt8]) -> Signature {
        if case .success(let signature)? = signer.signatures(over: [preimage]).first { return signature }
        return Self.nothing
    }

    /// What stands for a signature that could not be had.
    package static var nothing: Signature {
        guard let nothing = Signature([UInt8](repeating: 0, count: Signature.byteCount)) else {
            preconditionFailure("a signature of another length")
        }
        return nothing
    }
}
