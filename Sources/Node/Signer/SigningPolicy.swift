import Consensus
import Ledger
package import Primitives
package import Wire

/// Which bytes a validator's key signs, and which of them are votes. A signer reads what it signs: nobody gets a
/// signature under bytes by calling them something else.
package struct SigningPolicy: Sendable {
    /// Kinds other than votes and proposals that are signed.
    package let statements: Set<SigningKind>
    /// Whether the key signs its own replacement.
    package let allowsRotation: Bool

    package init(statements: Set<SigningKind>, allowsRotation: Bool) {
        self.statements = statements
        self.allowsRotation = allowsRotation
    }

    /// For a key in the node's own process: whoever has the process has the key.
    package static let everything = SigningPolicy(statements: Set(SigningKind.allCases), allowsRotation: true)

    /// For a key outside the node: what a node says as a member, in the ledger, in the DHT and to other nodes. Not
    /// among them: everything that people sign in calls, and the replacement of the key, so that whoever breaks into
    /// the node cannot take the member away from its key.
    package static let node = SigningPolicy(
        statements: [
            .transaction, .numberAttestation, .address, .record, .provider, .shareRequest, .outerRequest, .request,
        ],
        allowsRotation: false)

    /// What some bytes are.
    package enum Reading: Hashable, Sendable {
        /// A vote: the guard decides.
        case vote(ChainID, Ballot)
        /// Signed without a look into the memory.
        case statement
        case refused
    }

    package func read(_ preimage: [UInt8]) -> Reading {
        guard let (kind, chain, body) = SigningKind.parse(preimage) else { return .refused }
        switch kind {
        case .notarize: return Ballot(.notarize, body: body).map { .vote(chain, $0) } ?? .refused
        case .nullify: return Ballot(.nullify, body: body).map { .vote(chain, $0) } ?? .refused
        case .finalize: return Ballot(.finalize, body: body).map { .vote(chain, $0) } ?? .refused
        case .proposal: return body.count == Ballot.byteCount ? .statement : .refused
        case .transaction:
            guard statements.contains(kind) else { return .refused }
            if allowsRotation { return .statement }
            guard let transaction = try? Transaction(decoding: body) else { return .refused }
            if case .memberRotate = transaction.operation { return .refused }
            return .statement
        default: return statements.contains(kind) ? .statement : .refused
        }
    }
}
