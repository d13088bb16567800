package import Primitives
package import Wire

/// What a home node's commitment says of one call, to whoever is shown it: `{v, end, call, salt, seats, start, policy,
/// roster}`. Only the participants have it; the home node is given its leaf hash, which the salt makes one that nobody
/// can guess.
package struct CallLeaf: WireObject, Hashable {
    /// A participant: its per-call key, and the commitment to the certificate by which a member stands behind it.
    package struct Seat: Hashable, Sendable {
        package let key: PublicKey
        package let certificate: Digest

        package init(key: PublicKey, certificate: Digest) {
            self.key = key
            self.certificate = certificate
        }
    }

    package let call: CallID
    package let salt: Digest
    /// In ascending order of keys.
    package let seats: [Seat]
    /// Minutes since 1970.
    package let start: UInt64
    package let end: UInt64
    /// H of the policy that the participants agreed on; H of nothing where there was none.
    package let policy: Digest
    package let roster: Digest

    /// Sorts the seats.
    package init(
        call: CallID, salt: Digest, seats: [Seat], start: UInt64, end: UInt64, policy: Digest, roster: Digest
    ) {
        self.call = call
        self.salt = salt
        self.seats = seats.sorted { $0.key < $1.key }
        self.start = start
        self.end = end
        self.policy = policy
        self.roster = roster
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(8)
        end = try reader.number("end")
        call = try reader.id("call")
        salt = try reader.id("salt")
        try reader.key("seats")
        seats = try reader.array(max: CeilingOf.roster) { inner throws(WireError) in
            let place = inner.offset
            guard try inner.arrayHeader(max: 2) == 2 else { throw .unexpectedType(at: place) }
            let seat = Seat(key: try inner.identifier(), certificate: try inner.identifier())
            inner.leave()
            return seat
        }
        start = try reader.number("start")
        policy = try reader.id("policy")
        roster = try reader.id("roster")
        reader.leave()
        guard isStrictlyAscending(seats.map(\.key)) else { throw .badValue(field: "seats") }
        guard start <= end else { throw .badValue(field: "end") }
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(8)
        writer.field("end", end)
        writer.field("call", call)
        writer.field("salt", salt)
        writer.key("seats")
        writer.array(seats) { writer, seat in
            writer.arrayHeader(count: 2)
            writer.byteString(seat.key)
            writer.byteString(seat.certificate)
        }
        writer.field("start", start)
        writer.field("policy", policy)
        writer.field("roster", roster)
    }

    /// What the home node puts under its commitment.
    package func hash(with hash: inout some Hashing) -> Digest { MerkleTree.leafHash(encoded, with: &hash) }

    /// Whether the roster hash is that of the seats' keys.
    package func isConsistent(with hash: inout some Hashing) -> Bool {
        RosterHash.make(call: call, keys: seats.map(\.key), with: &hash) == roster
    }
}

/// A call's leaf with its path to the root that its home node committed to: `{v, home, leaf, path, size, certs,
/// index, interval}`. A participant shows it to an auditor, who holds it against the home node's `CommitEntry`.
package struct CallOpening: WireObject, Hashable {
    package let home: MemberID
    package let leaf: CallLeaf
    package let path: [Digest]
    package let size: UInt64
    /// Openings of the seats' certificates, as the participants exchange them: who shows them shows who took part.
    package let certificates: [[UInt8]]
    package let index: UInt64
    package let interval: UInt64

    /// The longest opening of a certificate, in bytes.
    static let certificateByteCountMax = 2_048

    package init(
        home: MemberID, leaf: CallLeaf, path: [Digest], size: UInt64, certificates: [[UInt8]] = [], index: UInt64,
        interval: UInt64
    ) {
        self.home = home
        self.leaf = leaf
        self.path = path
        self.size = size
        self.certificates = certificates
        self.index = index
        self.interval = interval
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(8)
        home = try reader.id("home")
        leaf = try reader.object("leaf")
        path = try reader.ids("path", max: 64)
        size = try reader.number("size", max: CeilingOf.commitLeaves)
        try reader.key("certs")
        certificates = try reader.array(max: CeilingOf.roster) { inner throws(WireError) in
            try inner.byteString(max: Self.certificateByteCountMax)
        }
        index = try reader.number("index")
        interval = try reader.number("interval")
        reader.leave()
        guard index < size else { throw .badValue(field: "index") }
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(8)
        writer.field("home", home)
        writer.field("leaf", leaf)
        writer.field("path", ids: path)
        writer.field("size", size)
        writer.key("certs")
        writer.array(certificates) { $0.byteString($1) }
        writer.field("index", index)
        writer.field("interval", interval)
    }

    /// Where the commitment stands.
    package var stateKey: StateKey { StateKey(.callCommit, home, number: interval) }

    /// Whether the leaf says one thing, and stands under this commitment (rule LG-64).
    package func holds(under commit: CommitEntry, with hash: inout some Hashing) -> Bool {
        leaf.isConsistent(with: &hash) && commit.size == size
            && MerkleTree.isIncluded(
                leaf.hash(with: &hash), at: index, size: size, proof: path, root: commit.root, with: &hash)
    }
}
