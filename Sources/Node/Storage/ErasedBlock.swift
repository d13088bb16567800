import Crypto
package import Ledger
package import Primitives
package import Wire

/// What is left of a block some of whose transactions were erased: `{v, txs, codes}`. Header and record lie elsewhere.
package struct ErasedBlock: WireObject, Hashable {
    package static let version: UInt64 = 1

    /// What stands in the place of an erased transaction: its two names, so that the log and the results are still
    /// proven; until when it counted as included; and the erasure that took it. `[envelope, id, until, mark]`.
    package struct Gap: Hashable, Sendable {
        /// H(envelope), as the log's leaf has it.
        package let envelope: Digest
        package let id: TransactionID
        package let until: Timestamp
        package let subject: ErasedSubject

        package init(envelope: Digest, id: TransactionID, until: Timestamp, subject: ErasedSubject) {
            self.envelope = envelope
            self.id = id
            self.until = until
            self.subject = subject
        }
    }

    package enum Slot: Hashable, Sendable {
        /// `[envelope]`
        case whole([UInt8])
        case erased(Gap)
    }

    package let slots: [Slot]
    /// Result codes, one for each slot.
    package let codes: [UInt16]

    package init(slots: [Slot], codes: [UInt16]) {
        self.slots = slots
        self.codes = codes
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 3)
        try reader.key("v")
        guard try reader.unsigned() == Self.version else { throw .badValue(field: "v") }
        try reader.key("txs")
        slots = try reader.array(max: CeilingOf.blockTransactions) { inner throws(WireError) in
            try Slot(from: &inner)
        }
        try reader.key("codes")
        codes = try reader.array(max: CeilingOf.blockTransactions) { inner throws(WireError) in
            UInt16(try inner.unsigned(max: UInt64(UInt16.max)))
        }
        guard codes.count == slots.count else { throw .badValue(field: "codes") }
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 3)
        writer.key("v")
        writer.unsigned(Self.version)
        writer.key("txs")
        writer.array(slots) { $1.encode(into: &$0) }
        writer.key("codes")
        writer.array(codes) { $0.unsigned(UInt64($1)) }
    }

    /// The envelope of a transaction, nil when it is erased or there is none.
    func envelope(_ index: Int) -> [UInt8]? {
        guard slots.indices.contains(index), case .whole(let bytes) = slots[index] else { return nil }
        return bytes
    }

    /// The log's leaf of a transaction; `index` is a slot's.
    func leaf(_ index: Int, at height: Height, with hash: inout SHA256) -> LogLeaf {
        let envelope =
            switch slots[index] {
            case .whole(let bytes): CID(of: bytes, .dagCBOR, with: &hash).digest
            case .erased(let gap): gap.envelope
            }
        return LogLeaf(height: height, index: UInt32(index), envelope: envelope, code: codes[index])
    }

    /// Without the transactions that `covering` finds an erasure for; nil when there is none.
    func erasing<Failure: Error>(
        with hash: inout SHA256, _ covering: (Transaction) throws(Failure) -> ErasedSubject?
    ) throws(Failure) -> ErasedBlock? {
        var slots = slots
        for (index, slot) in slots.enumerated() {
            guard case .whole(let bytes) = slot, let signed = try? SignedObject(decoding: bytes),
                let transaction = try? Transaction(decoding: signed.body), let subject = try covering(transaction)
            else { continue }
            let id = hash.digest(SigningKind.transaction.preimage(chain: transaction.chain, body: signed.body))
            slots[index] = .erased(
                Gap(
                    envelope: CID(of: bytes, .dagCBOR, with: &hash).digest, id: TransactionID(raw: id.raw),
                    until: transaction.until, subject: subject))
        }
        return slots == self.slots ? nil : ErasedBlock(slots: slots, codes: codes)
    }
}

extension ErasedBlock.Slot {
    init(from reader: inout CBORReader) throws(WireError) {
        switch try reader.arrayHeader(max: 4) {
        case 1: self = .whole(try reader.byteString(max: CeilingOf.transactionBytes))
        case 4:
            let (envelope, id) = (try reader.identifier(Digest.self), try reader.identifier(TransactionID.self))
            let until = try reader.counter(Timestamp.self)
            guard let key = StateKey(try reader.byteString(count: StateKey.byteCount)),
                let subject = ErasedSubject(key)
            else { throw .badValue(field: "mark") }
            self = .erased(ErasedBlock.Gap(envelope: envelope, id: id, until: until, subject: subject))
        default: throw .badValue(field: "txs")
        }
        reader.leave()
    }

    func encode(into writer: inout CBORWriter) {
        switch self {
        case .whole(let bytes):
            writer.arrayHeader(count: 1)
            writer.byteString(bytes)
        case .erased(let gap):
            writer.arrayHeader(count: 4)
            writer.byteString(gap.envelope)
            writer.byteString(gap.id)
            writer.unsigned(gap.until)
            writer.byteString(gap.subject.stateKey.bytes)
        }
    }
}
