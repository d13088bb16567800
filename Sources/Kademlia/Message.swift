package import Primitives
package import Wire

/// What one node asks another, inside an authenticated session.
package enum Request: Hashable, Sendable {
    case ping
    /// The nodes closest to `target` that you know, with their addresses.
    case find(target: DHTKey)
    /// The record of `kind` at `location`.
    case get(location: DHTKey, kind: StoredRecord.Kind)
    /// Keep this record. `evidence` shows that the ledger lets the writer write here (the salt of a number's
    /// attestation); `expected` is the sequence that must be stored now, for compare-and-swap.
    case put(record: SignedObject, evidence: [UInt8], expected: UInt64?, token: Token)
    /// Who holds this content block.
    case providers(content: CID)
    /// I hold a content block.
    case provide(record: SignedObject, token: Token)
    /// The address records of members after `after` whose sequence differs from mine: `digest` covers all I know.
    case addresses(digest: Digest, after: MemberID)
    /// Address records for you to keep.
    case announce([SignedObject])
}

/// What a node answers.
package enum Response: Hashable, Sendable {
    /// Why a request was not carried out.
    package enum Refusal: UInt64, Sendable, CaseIterable {
        /// The token is not one I gave to you: take the one that comes with this.
        case tokenNeeded = 1
        /// A newer or equal sequence is stored.
        case stale = 2
        /// Compare-and-swap did not find the expected sequence.
        case conflict = 3
        /// Expired, or its expiry is too far ahead.
        case expiry = 4
        /// A signature or encoding does not hold.
        case invalid = 5
        /// The ledger does not let this writer write here.
        case notAuthorised = 6
        /// No room: try another node.
        case full = 7
        /// Too many requests: come back later.
        case busy = 8
    }

    case pong(token: Token)
    /// Signed address records of nodes, nearest first.
    case nodes([SignedObject], token: Token)
    case record(SignedObject)
    /// Nothing is stored there; these nodes are closer.
    case absent([SignedObject])
    case stored(sequence: UInt64)
    case refused(Refusal, token: Token)
    case providers([SignedObject])
    /// A part of the address records; more follow when `more`.
    case addresses([SignedObject], more: Bool)
}

/// Eight bytes that a storer gives to an address it has heard from, and asks back with a put.
package struct Token: Hashable, Sendable {
    package static let byteCount = 8
    package static let none = Token(rawValue: 0)
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// A request or an answer with the number that pairs them.
package struct Message: Hashable, Sendable {
    package enum Content: Hashable, Sendable {
        case request(Request)
        case response(Response)
    }

    package static let version: UInt64 = 1
    /// The longest encoding: a datagram of 1,200 bytes less what the session adds.
    package static let byteCountMax = 1_140
    /// Address records in one message.
    package static let addressesMax = 4
    /// Provider records in one message.
    package static let providersMax = 4
    package static let evidenceByteCountMax = 64

    /// Chosen by the asker; the answer repeats it.
    package let number: UInt32
    package let content: Content

    package init(number: UInt32, _ content: Content) {
        self.number = number
        self.content = content
    }
}
