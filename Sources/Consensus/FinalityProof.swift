package import Primitives
package import Wire

/// Proof that a ledger record is final, for whoever trusts the validator set of its epoch. A tagged union: every
/// verifier handles every case, so that another engine can stand in this one's place.
package enum FinalityProof: Hashable, Sendable {
    /// The built-in engine's.
    case simplex(SimplexProof)
}

/// A finalization, and the headers that lead from the finalised block down to the one that holds the record.
///
/// A finalization commits a block and all its ancestors of the same validator epoch; `headers` starts with the
/// finalised block and each next one is the parent of the one before. With one header, the block itself was finalised.
/// A record further down than `headerCountMax` blocks is reached through the parent links of records.
package struct SimplexProof: Hashable, Sendable {
    package static let headerCountMax = 64

    package let finalization: Certificate
    package let headers: [EngineHeader]

    package init(finalization: Certificate, headers: [EngineHeader]) {
        self.finalization = finalization
        self.headers = headers
    }

    /// The record that this proves final once the signatures of `finalization` hold; nil when the hashes do not link.
    package func record(with hash: inout some Hashing) -> CID? {
        guard finalization.kind == .finalize else { return nil }
        var expected = BlockReference(view: finalization.view, hash: finalization.hash)
        var record: CID?
        for header in headers {
            guard header.epoch == finalization.ballot.epoch, header.view == expected.view,
                hash.digest(header.encoded) == expected.hash
            else { return nil }
            expected = header.parent
            record = header.record
        }
        return record
    }
}

extension FinalityProof: Verifiable {
    package func signatureChecks(in context: VotingContext) -> [SignatureCheck]? {
        switch self {
        case .simplex(let proof): proof.finalization.signatureChecks(in: context)
        }
    }
}

extension FinalityProof: WireObject {
    package static let version: UInt64 = 1

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 2)
        try reader.key("v")
        guard try reader.unsigned() == Self.version else { throw .badValue(field: "v") }
        try reader.key("simplex")
        self = .simplex(try SimplexProof(from: &reader))
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 2)
        writer.key("v")
        writer.unsigned(Self.version)
        switch self {
        case .simplex(let proof):
            writer.key("simplex")
            proof.encode(into: &writer)
        }
    }
}

extension SimplexProof: WireObject {
    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 2)
        try reader.key("cert")
        finalization = try Certificate(from: &reader)
        try reader.key("headers")
        headers = try reader.array(max: Self.headerCountMax) { inner throws(WireError) in try EngineHeader(from: &inner)
        }
        reader.leave()
        guard finalization.kind == .finalize, !headers.isEmpty else { throw .badValue(field: "cert") }
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 2)
        writer.key("cert")
        finalization.encode(into: &writer)
        writer.key("headers")
        writer.array(headers) { $1.encode(into: &$0) }
    }
}
