package import Primitives
package import Wire

/// A quorum of equal votes: a notarization, a nullification or a finalization.
package struct Certificate: Hashable, Sendable {
    package static let version: UInt64 = 1

    package let ballot: Ballot
    package let signers: SeatSet
    /// One per signer, in the order of their seats.
    package let signatures: [Signature]

    /// Nil unless there is exactly one signature per signer, and at least one.
    package init?(ballot: Ballot, signers: SeatSet, signatures: [Signature]) {
        guard !signatures.isEmpty, signers.count == signatures.count else { return nil }
        self.ballot = ballot
        self.signers = signers
        self.signatures = signatures
    }

    package var kind: Ballot.Kind { ballot.kind }
    package var view: View { ballot.view }
    package var hash: Digest { ballot.hash }
}

extension Certificate: Verifiable {
    /// Nil for an unknown validator epoch, an unknown signer or fewer signers than a quorum.
    package func signatureChecks(in context: VotingContext) -> [SignatureCheck]? {
        guard let set = context.validators(of: ballot.epoch), ballot.view > .zero, signers.count >= set.quorum,
            let last = signers.last, last.index < set.count
        else { return nil }
        let preimage = ballot.kind.signingKind.preimage(chain: context.chain, body: ballot.body)
        return zip(signers.seats, signatures).map { seat, signature in
            SignatureCheck(preimage: preimage, key: set.validators[seat.index].key, signature: signature)
        }
    }
}

extension Certificate: WireObject {
    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 7)
        try reader.key("v")
        guard try reader.unsigned() == Self.version else { throw .badValue(field: "v") }
        try reader.key("hash")
        let hash = try reader.identifier(Digest.self)
        let kind = try Ballot.Kind(from: &reader)
        try reader.key("sigs")
        let signatures = try reader.array(max: SeatSet.countMax) { inner throws(WireError) in try inner.signature() }
        try reader.key("view")
        let view = try reader.counter(View.self)
        try reader.key("epoch")
        let epoch = try reader.counter(ValidatorEpoch.self)
        try reader.key("signers")
        let bitmap = try reader.byteString(max: SeatSet.countMax / 8)
        reader.leave()
        guard kind != .nullify || hash == .zero else { throw .badValue(field: "hash") }
        guard let signers = SeatSet(bitmap: bitmap),
            let value = Certificate(
                ballot: Ballot(kind: kind, epoch: epoch, view: view, hash: hash), signers: signers,
                signatures: signatures)
        else { throw .badValue(field: "signers") }
        self = value
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 7)
        writer.key("v")
        writer.unsigned(Self.version)
        writer.key("hash")
        writer.byteString(ballot.hash)
        writer.key("kind")
        writer.unsigned(UInt64(ballot.kind.rawValue))
        writer.key("sigs")
        writer.array(signatures) { $0.byteString($1) }
        writer.key("view")
        writer.unsigned(ballot.view)
        writer.key("epoch")
        writer.unsigned(ballot.epoch)
        writer.key("signers")
        writer.byteString(signers.bitmap)
    }
}
