package import Primitives
package import Wire

/// What a vote says, before anyone signed it: the fixed-width preimage of 48 bytes.
///
/// Offset 0: validator epoch, u64 big-endian. Offset 8: view, u64. Offset 16: block hash, 32 bytes, zero for a nullify.
package struct Ballot: Hashable, Sendable {
    package enum Kind: UInt8, CaseIterable, Sendable {
        /// This block is valid and the first of its leader that I saw in this view.
        case notarize = 1
        /// I gave up on this view.
        case nullify = 2
        /// I saw this block notarized and had not given up, and never will, on this view.
        case finalize = 3

        package var signingKind: SigningKind {
            switch self {
            case .notarize: .notarize
            case .nullify: .nullify
            case .finalize: .finalize
            }
        }
    }

    package static let byteCount = 48

    package let kind: Kind
    package let epoch: ValidatorEpoch
    package let view: View
    /// The block's hash; zero for a nullify.
    package let hash: Digest

    package init(kind: Kind, epoch: ValidatorEpoch, view: View, hash: Digest) {
        self.kind = kind
        self.epoch = epoch
        self.view = view
        self.hash = kind == .nullify ? .zero : hash
    }

    /// The bytes that are signed, after kind and chain.
    package var body: [UInt8] { Ballot.body(epoch: epoch, view: view, hash: hash) }

    static func body(epoch: ValidatorEpoch, view: View, hash: Digest) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(byteCount)
        for number in [epoch.rawValue, view.rawValue] {
            for shift in stride(from: 56, through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: number >> shift))
            }
        }
        hash.raw.append(to: &bytes)
        return bytes
    }

    /// Whether a validator that signed both has broken the protocol. Notarize with nullify is legal.
    package func conflicts(with other: Ballot) -> Bool {
        guard epoch == other.epoch, view == other.view else { return false }
        switch (kind, other.kind) {
        case (.notarize, .notarize), (.finalize, .finalize), (.notarize, .finalize), (.finalize, .notarize):
            return hash != other.hash
        case (.finalize, .nullify), (.nullify, .finalize): return true
        case (.notarize, .nullify), (.nullify, .notarize), (.nullify, .nullify): return false
        }
    }
}

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
        try reader.key("kind")
        guard let kind = Ballot.Kind(rawValue: UInt8(try reader.unsigned(max: 255))) else {
            throw .badValue(field: "kind")
        }
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
