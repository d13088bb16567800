package import Consensus
package import Crypto
package import Ledger
package import Primitives
package import Wire

/// All that an offline check of one transaction needs, besides the genesis document: the log leaf with its result, its
/// path to the log's root in a record, and the proof that the record is final.
package struct InclusionBundle: WireObject, Hashable {
    package static let version: UInt64 = 1
    package static let pathMax = 64

    package let leaf: LogLeaf
    /// The leaf's place in the one log.
    package let index: UInt64
    package let path: [Digest]
    package let record: Record
    package let finality: FinalityProof

    package init(leaf: LogLeaf, index: UInt64, path: [Digest], record: Record, finality: FinalityProof) {
        self.leaf = leaf
        self.index = index
        self.path = path
        self.record = record
        self.finality = finality
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 6)
        try reader.key("v")
        guard try reader.unsigned() == Self.version else { throw .badValue(field: "v") }
        try reader.key("leaf")
        guard let leaf = LogLeaf(try reader.byteString(count: LogLeaf.byteCount)) else {
            throw .badValue(field: "leaf")
        }
        self.leaf = leaf
        try reader.key("path")
        path = try reader.array(max: Self.pathMax) { inner throws(WireError) in try inner.identifier() }
        try reader.key("index")
        index = try reader.unsigned()
        try reader.key("record")
        record = try Record(from: &reader)
        try reader.key("finality")
        finality = try FinalityProof(from: &reader)
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 6)
        writer.key("v")
        writer.unsigned(Self.version)
        writer.key("leaf")
        writer.byteString(leaf.bytes)
        writer.key("path")
        writer.array(path) { $0.byteString($1) }
        writer.key("index")
        writer.unsigned(index)
        writer.key("record")
        record.encode(into: &writer)
        writer.key("finality")
        finality.encode(into: &writer)
    }

    /// Whether the leaf stands in the log of a record that these validators made final.
    package func holds(in context: VotingContext, with hash: inout SHA256) -> Bool {
        guard Finality.isFinal(record, finality, in: context, with: &hash) else { return false }
        return Audit.isIncluded(leaf, at: index, proof: path, in: record, with: &hash)
    }
}

/// Checks of finality, for whoever trusts the validators of genesis.
package enum Finality {
    /// Whether `proof` shows that `record` is final in the network of `context`.
    package static func isFinal(
        _ record: Record, _ proof: FinalityProof, in context: VotingContext, with hash: inout SHA256
    ) -> Bool {
        guard record.chain == context.chain, SignatureVerifier().verified(proof, in: context) != nil else {
            return false
        }
        switch proof {
        case .simplex(let simplex):
            return simplex.finalization.ballot.epoch == record.epoch
                && simplex.record(with: &hash) == record.cid(with: &hash)
        }
    }

    /// The validators that a network begins with, as its genesis block writes them.
    package static func validators(in genesis: ExecutedBlock) throws(StateError) -> ValidatorSet {
        let key = StateKey(.validators)
        guard let value = genesis.writes[key], let bytes = value, let set = try? ValidatorSet(decoding: bytes) else {
            throw .unreadable(key)
        }
        return set
    }
}

extension ChainStore {
    /// Proves that the record at `height` is final; nil when no finalization is near enough above it.
    package func finalityProof(of height: Height) -> FinalityProof? {
        guard let (top, certificate) = try? nextFinalization(from: height), let last = try? head(at: top) else {
            return nil
        }
        // S-13: a sealing block may be final by an echo, whose header names the same record.
        let echoes = last.record.endsEpoch ? (try? echoes(above: top)) ?? [] : []
        if height == top, let echo = echoes.last {
            return .simplex(SimplexProof(finalization: certificate, headers: [echo.header]))
        }
        // A snapshot may have left out echoes between: then they lead no further down.
        guard top.rawValue - height.rawValue + UInt64(echoes.count) < UInt64(SimplexProof.headerCountMax),
            echoes.first.map({ $0.header.parent.view == last.header.view }) ?? true
        else { return nil }
        var headers = echoes.reversed().map(\.header)
        var current = top
        while current >= height {
            guard let head = try? head(at: current) else { return nil }
            headers.append(head.header)
            guard let previous = current.previous else { break }
            current = previous
        }
        return .simplex(SimplexProof(finalization: certificate, headers: headers))
    }

    /// Proves a transaction against the newest record; nil when it is not on the ledger.
    package func inclusionBundle(of id: TransactionID) -> InclusionBundle? {
        var hash = SHA256()
        // The place before the tip: a later tip holds it, an older one might not.
        guard let place = try? logPlace(of: id, with: &hash), let tip = try? tip(),
            let finality = finalityProof(of: tip.record.height),
            let path = try? LogTree.inclusionProof(of: place.index, size: tip.record.logSize, from: self, with: &hash)
        else { return nil }
        return InclusionBundle(
            leaf: place.leaf, index: place.index, path: path, record: tip.record, finality: finality)
    }
}

/// A fact of the state, with what proves it.
package struct ProvenFact: Sendable {
    package let value: [UInt8]?
    package let proof: StateProof
    package let record: Record
    /// Nil only before the first block.
    package let finality: FinalityProof?
}

extension ChainActor {
    /// The value under a key, proven against the newest record; nil when the store fails.
    package func fact(_ key: StateKey) -> ProvenFact? {
        guard let fact = try? store.stateFact(key, in: tip, with: &hash) else { return nil }
        return ProvenFact(
            value: fact.value, proof: fact.proof, record: tip.record,
            finality: store.finalityProof(of: tip.record.height))
    }
}
