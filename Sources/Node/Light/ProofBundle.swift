package import Consensus
package import Ledger
package import Primitives
package import Wire

/// Claims about one record, with all that their check needs besides the chain's name: the genesis document, the
/// handovers from its validators to those that made the record final, and a proof of each claim. The schema's
/// `proof-bundle`; the guide for auditors says how it is checked.
package struct ProofBundle: WireObject, Hashable {
    package static let version: UInt64 = 1
    package static let kind = "sotto-proof"
    /// Claims of each kind.
    package static let claimsMax = 256
    /// The longest bundle: handovers of many years, and a genesis document of the longest kind.
    package static let byteCountMax = 1 << 27

    /// That a transaction and its result stand in the log: `{tx, leaf, path, index}`.
    package struct LogFact: WireObject, Hashable {
        /// The envelope; nil when its body was pruned.
        package let envelope: [UInt8]?
        package let leaf: LogLeaf
        package let path: [Digest]
        /// The leaf's place in the one log.
        package let index: UInt64

        package init(envelope: [UInt8]?, leaf: LogLeaf, path: [Digest], index: UInt64) {
            self.envelope = envelope
            self.leaf = leaf
            self.path = path
            self.index = index
        }
    }

    /// What stands under a key of the state, or that nothing does: `{key, proof, value}`.
    package struct StateFact: WireObject, Hashable {
        package let key: StateKey
        package let proof: StateProof
        /// Nil claims absence.
        package let value: [UInt8]?

        package init(key: StateKey, proof: StateProof, value: [UInt8]?) {
            self.key = key
            self.proof = proof
            self.value = value
        }
    }

    package let logs: [LogFact]
    package let facts: [StateFact]
    package let record: Record
    /// The genesis document, as its bytes.
    package let genesis: [UInt8]
    package let finality: FinalityProof
    /// From the set of genesis to the one that decided `record`; empty in the first validator epoch.
    package let handovers: [Handover]

    package init(
        logs: [LogFact], facts: [StateFact], record: Record, genesis: [UInt8], finality: FinalityProof,
        handovers: [Handover]
    ) {
        self.logs = logs
        self.facts = facts
        self.record = record
        self.genesis = genesis
        self.finality = finality
        self.handovers = handovers
    }

    /// The same with these handovers.
    package func led(by handovers: [Handover]) -> ProofBundle {
        ProofBundle(
            logs: logs, facts: facts, record: record, genesis: genesis, finality: finality, handovers: handovers)
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 8)
        try reader.key("v")
        guard try reader.unsigned() == Self.version else { throw .badValue(field: "v") }
        try reader.key("kind")
        guard try reader.text(max: Self.kind.utf8.count) == Self.kind else { throw .badValue(field: "kind") }
        try reader.key("logs")
        logs = try reader.array(max: Self.claimsMax) { inner throws(WireError) in try LogFact(from: &inner) }
        try reader.key("facts")
        facts = try reader.array(max: Self.claimsMax) { inner throws(WireError) in try StateFact(from: &inner) }
        try reader.key("record")
        record = try Record(from: &reader)
        try reader.key("genesis")
        genesis = try reader.byteString(max: Genesis.byteCountMax)
        try reader.key("finality")
        finality = try FinalityProof(from: &reader)
        try reader.key("handover")
        handovers = try reader.array(max: Handover.countMax) { inner throws(WireError) in try Handover(from: &inner) }
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 8)
        writer.key("v")
        writer.unsigned(Self.version)
        writer.key("kind")
        writer.text(Self.kind)
        writer.key("logs")
        writer.array(logs) { $1.encode(into: &$0) }
        writer.key("facts")
        writer.array(facts) { $1.encode(into: &$0) }
        writer.key("record")
        record.encode(into: &writer)
        writer.key("genesis")
        writer.byteString(genesis)
        writer.key("finality")
        finality.encode(into: &writer)
        writer.key("handover")
        writer.array(handovers) { $1.encode(into: &$0) }
    }
}

extension ProofBundle.LogFact {
    /// A log of 2^63 leaves is not deeper.
    package static let pathMax = 63

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 4)
        try reader.key("tx")
        envelope = reader.nullIfPresent() ? nil : try reader.byteString(max: CeilingOf.transactionBytes)
        try reader.key("leaf")
        guard let leaf = LogLeaf(try reader.byteString(count: LogLeaf.byteCount)) else {
            throw .badValue(field: "leaf")
        }
        self.leaf = leaf
        try reader.key("path")
        path = try reader.array(max: Self.pathMax) { inner throws(WireError) in try inner.identifier() }
        try reader.key("index")
        index = try reader.unsigned()
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 4)
        writer.key("tx")
        if let envelope { writer.byteString(envelope) } else { writer.null() }
        writer.key("leaf")
        writer.byteString(leaf.bytes)
        writer.key("path")
        writer.array(path) { $0.byteString($1) }
        writer.key("index")
        writer.unsigned(index)
    }
}

extension ProofBundle.StateFact {
    /// The longest value under a state key that a bundle carries.
    package static let valueByteCountMax = 1 << 20

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 3)
        try reader.key("key")
        guard let key = StateKey(try reader.byteString(count: StateKey.byteCount)) else {
            throw .badValue(field: "key")
        }
        self.key = key
        try reader.key("proof")
        proof = try StateProof(from: &reader)
        try reader.key("value")
        value = reader.nullIfPresent() ? nil : try reader.byteString(max: Self.valueByteCountMax)
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 3)
        writer.key("key")
        writer.byteString(key.bytes)
        writer.key("proof")
        proof.encode(into: &writer)
        writer.key("value")
        if let value { writer.byteString(value) } else { writer.null() }
    }
}
