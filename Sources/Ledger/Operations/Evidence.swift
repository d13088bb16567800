package import Primitives
package import Wire

/// `evidence`, by anyone: two ballots of one validator that exclude each other, with its signatures. Whoever has these
/// bytes and the chain's name can check that one key signed both; that it was a validator's stands on the ledger.
///
/// `{v, key, view, chain, epoch, first, second}`, the ballots `{sig, hash, kind}` in ascending order of kind and hash.
package struct Evidence: WireObject, Hashable {
    /// A ballot of the validator epoch and view that the evidence names, and its signature.
    package struct SignedBallot: WireObject, Hashable {
        package let kind: Ballot.Kind
        package let hash: Digest
        package let signature: Signature

        package init(kind: Ballot.Kind, hash: Digest, signature: Signature) {
            self.kind = kind
            self.hash = hash
            self.signature = signature
        }

        package init(_ ballot: Ballot, signature: Signature) {
            self.init(kind: ballot.kind, hash: ballot.hash, signature: signature)
        }

        package init(from reader: inout CBORReader) throws(WireError) {
            try reader.mapHeader(count: 3)
            try reader.key("sig")
            signature = try reader.signature()
            hash = try reader.id("hash")
            kind = try Ballot.Kind(from: &reader)
            guard kind != .nullify || hash == .zero else { throw .badValue(field: "hash") }
            reader.leave()
        }

        package func encode(into writer: inout CBORWriter) {
            writer.mapHeader(count: 3)
            writer.field("sig", signature)
            writer.field("hash", hash)
            writer.field("kind", UInt64(kind.rawValue))
        }
    }

    /// The validator's voting key.
    package let key: PublicKey
    package let chain: ChainID
    package let epoch: ValidatorEpoch
    package let view: View
    package let first: SignedBallot
    package let second: SignedBallot

    /// Sorts the two. Nil unless they exclude each other (rule LG-110).
    package init?(
        key: PublicKey, chain: ChainID, epoch: ValidatorEpoch, view: View, _ one: SignedBallot, _ other: SignedBallot
    ) {
        let isSorted = (one.kind.rawValue, one.hash) < (other.kind.rawValue, other.hash)
        self.key = key
        self.chain = chain
        self.epoch = epoch
        self.view = view
        first = isSorted ? one : other
        second = isSorted ? other : one
        guard ballot(of: first).conflicts(with: ballot(of: second)) else { return nil }
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(7)
        let key: PublicKey = try reader.id("key")
        let view: View = try reader.count("view")
        let chain: ChainID = try reader.id("chain")
        let epoch: ValidatorEpoch = try reader.count("epoch")
        let first: SignedBallot = try reader.object("first")
        let second: SignedBallot = try reader.object("second")
        reader.leave()
        guard let read = Evidence(key: key, chain: chain, epoch: epoch, view: view, first, second),
            read.first == first, view > .zero
        else { throw .badValue(field: "second") }
        self = read
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(7)
        writer.field("key", key)
        writer.field("view", view)
        writer.field("chain", chain)
        writer.field("epoch", epoch)
        writer.field("first", first)
        writer.field("second", second)
    }

    /// What one of the two says.
    package func ballot(of signed: SignedBallot) -> Ballot {
        Ballot(kind: signed.kind, epoch: epoch, view: view, hash: signed.hash)
    }
}

extension Evidence: Verifiable {
    /// Both signatures, by the one key.
    package func signatureChecks(in chain: ChainID) -> [SignatureCheck]? {
        guard self.chain == chain else { return nil }
        return [first, second].map { signed in
            let preimage = signed.kind.signingKind.preimage(chain: chain, body: ballot(of: signed).body)
            return SignatureCheck(preimage: preimage, key: key, signature: signed.signature)
        }
    }
}
