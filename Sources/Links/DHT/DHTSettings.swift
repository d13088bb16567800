package import EventLoop
package import Kademlia
package import Primitives

/// Settings of the DHT's shell; each has a default that fits a network of a hundred nodes.
package struct DHTSettings: Sendable {
    /// Where this node listens, UDP.
    package var listen: SocketAddress
    /// What other nodes are told; the listening address when empty.
    package var advertised: [SocketAddress] = []
    /// Milliseconds that an own address record lives; renewed at half of it.
    package var addressLife: UInt64 = 600_000
    /// Milliseconds that an own record lives, unless its owner says less; renewed at half of it.
    package var recordLife: UInt64 = 600_000
    /// Between two rounds of address gossip.
    package var gossipEvery: Duration = .seconds(5)
    /// Between two looks at what expires, is renewed or is handed on.
    package var upkeepEvery: Duration = .seconds(10)
    /// Milliseconds after which a holder hands a record on to the closest nodes.
    package var handOnEvery: UInt64 = 300_000
    /// Requests a second from one node, beyond which it hears "busy".
    package var requestsPerSecond = 500
    /// Handshakes of others answered in a second; each costs two key agreements, and anybody may send one.
    package var openingsPerSecond = 200
    /// Requests of one node that may wait for a session.
    package var waitingRequestsMax = 64
    /// Requests under way, own and others'.
    package var requestsMax = 4_096
    /// Sessions that a peer opened and has not used yet.
    package var unprovenSessionsMax = 256
    package var limits = Limits()

    package init(listen: SocketAddress) { self.listen = listen }
}

/// A node as the ledger names it: its place, and the keys that sessions and records are checked against.
package struct DHTPeer: Hashable, Sendable {
    package let contact: Contact
    /// Its static Noise key.
    package let agreement: AgreementKey
    /// Signs its address and provider records.
    package let signing: PublicKey

    package init(contact: Contact, agreement: AgreementKey, signing: PublicKey) {
        self.contact = contact
        self.agreement = agreement
        self.signing = signing
    }
}

/// What the ledger says about a writer and a location.
package enum WriteStanding: Sendable, Equatable {
    /// It may write; `replaces` when the writer of the record stored now may not any more.
    case allowed(replaces: Bool)
    case denied
}

/// Asks the ledger: may this record's writer write at its location, given this evidence? The second argument is the
/// writer of the record that lies there now, if it is another.
package typealias WriteAuthority = @Sendable (StoredRecord, PublicKey, [UInt8], PublicKey?) async -> WriteStanding

/// Why an operation of the DHT failed.
package enum DHTError: Error, Hashable, Sendable {
    /// The node is stopping.
    case stopped
    /// Too many operations are under way.
    case busy
    /// Nobody answered.
    case unreachable
    /// Enough nodes confirmed too little: `confirmed` of `needed`.
    case tooFewConfirmations(confirmed: Int, needed: Int)
    /// Somebody holds a newer sequence.
    case newerExists
    /// The ledger does not let this writer write here, or the record is not well formed.
    case refused
}
