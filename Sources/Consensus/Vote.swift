package import Primitives
package import Wire

/// A ballot, who cast it, and its signature.
package struct Vote: Hashable, Sendable {
    package static let version: UInt64 = 1

    package let ballot: Ballot
    package let signer: Seat
    package let signature: Signature

    package init(ballot: Ballot, signer: Seat, signature: Signature) {
        self.ballot = ballot
        self.signer = signer
        self.signature = signature
    }

    package var view: View { ballot.view }
}

extension Vote: Verifiable {
    package func signatureChecks(in context: VotingContext) -> [SignatureCheck]? {
        guard let validator = context.validators(of: ballot.epoch)?[signer], ballot.view > .zero else { return nil }
        let preimage = ballot.kind.signingKind.preimage(chain: context.chain, body: ballot.body)
        return [SignatureCheck(preimage: preimage, key: validator.key, signature: signature)]
    }
}

extension Vote: WireObject {
    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 7)
        try reader.key("v")
        guard try reader.unsigned() == Self.version else { throw .badValue(field: "v") }
        try reader.key("sig")
        signature = try reader.signature()
        try reader.key("hash")
        let hash = try reader.identifier(Digest.self)
        let kind = try Ballot.Kind(from: &reader)
        try reader.key("view")
        let view = try reader.counter(View.self)
        try reader.key("epoch")
        let epoch = try reader.counter(ValidatorEpoch.self)
        try reader.key("signer")
        signer = try reader.counter(Seat.self, max: UInt64(SeatSet.countMax - 1))
        reader.leave()
        guard kind != .nullify || hash == .zero else { throw .badValue(field: "hash") }
        ballot = Ballot(kind: kind, epoch: epoch, view: view, hash: hash)
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 7)
        writer.key("v")
        writer.unsigned(Self.version)
        writer.key("sig")
        writer.byteString(signature)
        writer.key("hash")
        writer.byteString(ballot.hash)
        writer.key("kind")
        writer.unsigned(UInt64(ballot.kind.rawValue))
        writer.key("view")
        writer.unsigned(ballot.view)
        writer.key("epoch")
        writer.unsigned(ballot.epoch)
        writer.key("signer")
        writer.unsigned(signer)
    }
}
