package import Primitives
package import Wire

/// One validator: a member of kind `node`, and the key it votes with in this validator epoch.
package struct Validator: Hashable, Sendable {
    package let id: MemberID
    package let key: PublicKey

    package init(id: MemberID, key: PublicKey) {
        self.id = id
        self.key = key
    }
}

/// Who votes in one validator epoch, sorted by member id. One validator, one vote; power does not exist.
package struct ValidatorSet: Hashable, Sendable {
    package static let version: UInt64 = 1

    package let epoch: ValidatorEpoch
    /// Sorted by id; a validator's seat is its index here.
    package let validators: [Validator]

    /// Sorts; nil when empty, above `SeatSet.countMax`, or when an id or a key stands in it twice.
    package init?(epoch: ValidatorEpoch, validators: [Validator]) {
        guard (1...SeatSet.countMax).contains(validators.count), Set(validators.map(\.id)).count == validators.count,
            Set(validators.map(\.key)).count == validators.count
        else { return nil }
        self.epoch = epoch
        self.validators = validators.sorted { $0.id < $1.id }
    }

    package var count: Int { validators.count }
    package var quorum: Int { Quorum.size(of: count) }
    package var faultsBorne: Int { Quorum.faultsBorne(by: count) }

    /// The leader of `view`: the seats take turns.
    package func leader(of view: View) -> Seat { Seat(view.rawValue % UInt64(count)) }

    package subscript(seat: Seat) -> Validator? {
        seat.rawValue < UInt64(count) ? validators[seat.index] : nil
    }

    /// Where `member` sits; nil when it has no vote.
    package func seat(of member: MemberID) -> Seat? {
        validators.firstIndex { $0.id == member }.map { Seat($0) }
    }
}

extension ValidatorSet: WireObject {
    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 3)
        try reader.key("v")
        guard try reader.unsigned() == Self.version else { throw .badValue(field: "v") }
        try reader.key("epoch")
        let epoch = try reader.counter(ValidatorEpoch.self)
        try reader.key("members")
        let validators = try reader.array(max: SeatSet.countMax) { inner throws(WireError) in
            try inner.mapHeader(count: 2)
            try inner.key("id")
            let id = try inner.identifier(MemberID.self)
            try inner.key("key")
            let key = try inner.identifier(PublicKey.self)
            inner.leave()
            return Validator(id: id, key: key)
        }
        reader.leave()
        guard let set = ValidatorSet(epoch: epoch, validators: validators), set.validators == validators else {
            throw .badValue(field: "members")
        }
        self = set
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 3)
        writer.key("v")
        writer.unsigned(Self.version)
        writer.key("epoch")
        writer.unsigned(epoch)
        writer.key("members")
        writer.array(validators) { writer, validator in
            writer.mapHeader(count: 2)
            writer.key("id")
            writer.byteString(validator.id)
            writer.key("key")
            writer.byteString(validator.key)
        }
    }
}

/// What the signatures of consensus messages are checked against: the chain, and the set of each validator epoch that
/// is still answered for.
package struct VotingContext: Sendable {
    package let chain: ChainID
    private let sets: [ValidatorEpoch: ValidatorSet]

    /// With two sets of one validator epoch, the first counts.
    package init(chain: ChainID, sets: [ValidatorSet]) {
        self.chain = chain
        self.sets = Dictionary(sets.map { ($0.epoch, $0) }) { first, _ in first }
    }

    package func validators(of epoch: ValidatorEpoch) -> ValidatorSet? { sets[epoch] }
}
