package import Primitives
package import Wire

/// `call.commit`, by a home node: one Merkle root over all calls it handled in an interval, padded with dummies.
package struct CallCommit: WireObject, Hashable {
    /// Which interval since 1970, in units of `NetworkLimits.commitInterval`.
    package let interval: UInt64
    /// RFC 9162 root over the leaf hashes of calls and dummies.
    package let root: Digest
    /// How many leaves: one of the network's size classes, which says no more than that there were not more calls.
    package let size: UInt64

    package init(interval: UInt64, root: Digest, size: UInt64) {
        self.interval = interval
        self.root = root
        self.size = size
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(4)
        root = try reader.id("root")
        size = try reader.number("size", max: CeilingOf.commitLeaves)
        interval = try reader.number("interval")
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(4)
        writer.field("root", root)
        writer.field("size", size)
        writer.field("interval", interval)
    }

    /// The least size class that holds so many calls: the network's smallest, times a power of four. The largest, for
    /// more than it holds.
    package static func size(for calls: Int, _ limits: NetworkLimits) -> UInt64 {
        var size = limits.commitLeaves
        while size < UInt64(calls), size * 4 <= CeilingOf.commitLeaves { size *= 4 }
        return size
    }

    /// Whether this is one of the network's size classes.
    static func isClass(_ size: UInt64, _ limits: NetworkLimits) -> Bool {
        size <= CeilingOf.commitLeaves && size == Self.size(for: Int(size), limits)
    }
}

/// A participant's place in a recorded call, as its home node states it: part of `call.open` and `call.accept`.
package struct CallSeat: WireObject, Hashable {
    /// The participant's key for this call alone. No member's id stands on the ledger.
    package let key: PublicKey
    /// H over the sealed certificate by which the *member's* key vouches for (call, key, roster hash). A participant
    /// opens it to the others, and to an auditor. Until then the ledger says "claimed".
    package let certificate: Digest
    /// Hash of the sorted per-call keys of all participants, this one included.
    package let roster: Digest
    /// Minutes since 1970: coarse on purpose.
    package let minute: UInt64

    package init(key: PublicKey, certificate: Digest, roster: Digest, minute: UInt64) {
        self.key = key
        self.certificate = certificate
        self.roster = roster
        self.minute = minute
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(5)
        key = try reader.id("key")
        minute = try reader.number("minute")
        roster = try reader.id("roster")
        certificate = try reader.id("certificate")
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(5)
        writer.field("key", key)
        writer.field("minute", minute)
        writer.field("roster", roster)
        writer.field("certificate", certificate)
    }

    /// The roster hash, over the keys of all seats.
    package static func rosterHash(call: CallID, keys: [PublicKey], with hash: inout some Hashing) -> Digest {
        RosterHash.make(call: call, keys: keys, with: &hash)
    }
}

/// `call.open`, by the caller's home node: a call that is to be recorded gets an entry, and its recording an id.
package struct CallOpen: WireObject, Hashable {
    package let call: CallID
    package let seat: CallSeat
    /// Who will hold the rights in the recording: what participants consent to.
    package let owner: MemberID

    package init(call: CallID, seat: CallSeat, owner: MemberID) {
        self.call = call
        self.seat = seat
        self.owner = owner
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(4)
        call = try reader.id("call")
        seat = try reader.object("seat")
        owner = try reader.id("owner")
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(4)
        writer.field("call", call)
        writer.field("seat", seat)
        writer.field("owner", owner)
    }
}

/// `call.accept`, by another participant's home node: one more seat, and so another roster.
package struct CallAccept: WireObject, Hashable {
    package let call: CallID
    package let seat: CallSeat

    package init(call: CallID, seat: CallSeat) {
        self.call = call
        self.seat = seat
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(3)
        call = try reader.id("call")
        seat = try reader.object("seat")
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(3)
        writer.field("call", call)
        writer.field("seat", seat)
    }
}

/// `call.end`, by a home node with a seat in the call: nobody joins or consents any more; seals still come in.
package struct CallEnd: WireObject, Hashable {
    package let call: CallID
    package let minute: UInt64

    package init(call: CallID, minute: UInt64) {
        self.call = call
        self.minute = minute
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(3)
        call = try reader.id("call")
        minute = try reader.number("minute")
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(3)
        writer.field("call", call)
        writer.field("minute", minute)
    }
}
