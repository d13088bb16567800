package import Primitives
package import Wire

/// A block as its leader sends it: engine header, the leader's signature over the header's hash, and the body.
package struct Proposal: Hashable, Sendable {
    package static let version: UInt64 = 1
    /// The longest body, in bytes: record and transactions.
    package static let bodyByteCountMax = 4 << 20

    package let header: EngineHeader
    package let signature: Signature
    /// Record and transactions, opaque to consensus.
    package let body: [UInt8]

    package init(header: EngineHeader, signature: Signature, body: [UInt8]) {
        self.header = header
        self.signature = signature
        self.body = body
    }

    /// What a leader signs, under `SigningKind.proposal`: as wide as a vote's body.
    package static func signedBody(epoch: ValidatorEpoch, view: View, hash: Digest) -> [UInt8] {
        Ballot.body(epoch: epoch, view: view, hash: hash)
    }
}

extension Proposal: WireObject {
    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 4)
        try reader.key("v")
        guard try reader.unsigned() == Self.version else { throw .badValue(field: "v") }
        try reader.key("sig")
        signature = try reader.signature()
        try reader.key("body")
        body = try reader.byteString(max: Self.bodyByteCountMax)
        try reader.key("header")
        header = try EngineHeader(from: &reader)
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 4)
        writer.key("v")
        writer.unsigned(Self.version)
        writer.key("sig")
        writer.byteString(signature)
        writer.key("body")
        writer.byteString(body)
        writer.key("header")
        header.encode(into: &writer)
    }
}

/// A proposal whose hash is known and whose body is the one its header names.
package struct Block: Hashable, Sendable {
    package let hash: Digest
    package let proposal: Proposal

    /// Nil when the body is not the one that the header names, or the echo in its justification is not the certified
    /// block.
    package init?(_ proposal: Proposal, with hash: inout some Hashing) {
        guard hash.digest(proposal.body) == proposal.header.body else { return nil }
        if let echo = proposal.header.justification.echo {
            guard proposal.header.justification.parent?.hash == hash.digest(echo.encoded) else { return nil }
        }
        self.hash = hash.digest(proposal.header.encoded)
        self.proposal = proposal
    }

    package var header: EngineHeader { proposal.header }
    package var view: View { proposal.header.view }
    package var reference: BlockReference { BlockReference(view: view, hash: hash) }

    package static func == (left: Block, right: Block) -> Bool {
        left.hash == right.hash && left.proposal.signature == right.proposal.signature
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(hash) }
}

extension Block: Verifiable {
    /// Nil when the proposer is not the leader of the view, or when the justification does not fit.
    package func signatureChecks(in context: VotingContext) -> [SignatureCheck]? {
        guard let set = context.validators(of: header.epoch), let leader = set[set.leader(of: view)],
            leader.id == header.proposer, header.isSound(in: context.chain)
        else { return nil }
        let body = Proposal.signedBody(epoch: header.epoch, view: view, hash: hash)
        var checks = [
            SignatureCheck(
                preimage: SigningKind.proposal.preimage(chain: context.chain, body: body), key: leader.key,
                signature: proposal.signature)
        ]
        for certificate in header.justification.certificates {
            guard let more = certificate.signatureChecks(in: context) else { return nil }
            checks += more
        }
        return checks
    }
}
