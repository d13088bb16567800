import Consensus
import Ledger
import Node
import Primitives
import Testing
import Wire

extension Story {
    /// How a height's proof stands in the export: its own finalization, that of a block so many heights above, or none.
    enum Proof: Equatable {
        case own
        case above(Int)
        case none
    }

    /// The export of all blocks: items of u32 big-endian length and dag-cbor. See the guide for auditors.
    func export(_ proofs: [Proof]) throws -> [UInt8] {
        try ([headItem] + exportItems(proofs)).flatMap { Self.framed($0) }
    }

    /// `{v, kind, genesis}`.
    var headItem: [UInt8] {
        var writer = CBORWriter()
        writer.mapHeader(count: 3)
        writer.key("v")
        writer.unsigned(1)
        writer.key("kind")
        writer.text("sotto-chain")
        writer.key("genesis")
        writer.byteString(genesis.encoded)
        return writer.bytes
    }

    /// For each height `{v, block, codes, proof}`.
    func exportItems(_ proofs: [Proof]) throws -> [[UInt8]] {
        #expect(proofs.count == chapters.count)
        return try zip(chapters, proofs).enumerated().map { index, pair in
            var writer = CBORWriter()
            writer.mapHeader(count: 4)
            writer.key("v")
            writer.unsigned(1)
            writer.key("block")
            pair.0.proposal.encode(into: &writer)
            writer.key("codes")
            writer.array(pair.0.executed.results) { $0.unsigned(UInt64($1.code)) }
            writer.key("proof")
            switch pair.1 {
            case .own: try finality(of: index + 1).encode(into: &writer)
            case .above(let distance): try finality(of: index + 1, above: distance).encode(into: &writer)
            case .none: writer.null()
            }
            return writer.bytes
        }
    }

    /// The same without what the plot erases, and at the end the erasures, proven: `{v, sig, txs, codes, proof, header,
    /// record}` and `{v, marks}`.
    mutating func erasedExport(_ proofs: [Proof]) throws -> [[UInt8]] {
        var items = try exportItems(proofs)
        var marks: Set<StateKey> = []
        for (index, chapter) in chapters.enumerated() {
            let gaps = try chapter.executed.transactions.map { transaction in
                try ErasedSubject.covering(transaction.transaction, at: Height(UInt64(index + 1)), in: state)?.stateKey
            }
            guard gaps.contains(where: { $0 != nil }) else { continue }
            marks.formUnion(gaps.compactMap(\.self))
            items[index] = try erasedItem(chapter, gaps, proofs[index] == .none ? nil : finality(of: index + 1))
        }
        var writer = CBORWriter()
        writer.mapHeader(count: 2)
        writer.key("v")
        writer.unsigned(1)
        writer.key("marks")
        let facts = try marks.sorted().map { try stateFact($0) }
        writer.array(facts) { $0.raw($1) }
        return items + [writer.bytes]
    }

    /// An export's items in one file.
    static func file(_ items: [[UInt8]]) -> [UInt8] { items.flatMap { framed($0) } }

    private func erasedItem(_ chapter: Chapter, _ gaps: [StateKey?], _ proof: FinalityProof?) throws -> [UInt8] {
        var writer = CBORWriter()
        writer.mapHeader(count: 7)
        writer.key("v")
        writer.unsigned(1)
        writer.key("sig")
        writer.byteString(chapter.proposal.signature)
        writer.key("txs")
        writer.arrayHeader(count: gaps.count)
        for (transaction, gap) in zip(chapter.executed.transactions, gaps) {
            writer.arrayHeader(count: gap == nil ? 1 : 3)
            if let gap {
                writer.byteString(transaction.envelopeID.digest)
                writer.byteString(transaction.id)
                writer.byteString(gap.bytes)
            } else {
                writer.byteString(transaction.bytes)
            }
        }
        writer.key("codes")
        writer.array(chapter.executed.results) { $0.unsigned(UInt64($1.code)) }
        writer.key("proof")
        if let proof { proof.encode(into: &writer) } else { writer.null() }
        writer.key("header")
        chapter.proposal.header.encode(into: &writer)
        writer.key("record")
        chapter.executed.record.encode(into: &writer)
        return writer.bytes
    }

    private static func framed(_ item: [UInt8]) -> [UInt8] {
        (0..<4).reversed().map { UInt8(truncatingIfNeeded: item.count >> ($0 * 8)) } + item
    }

    // MARK: Proofs

    /// A leaf of the log with its path to the last record: `{tx, leaf, path, index}`.
    private mutating func logFact(height: Int, index: Int, showing: Bool = true) throws -> [UInt8] {
        let block = chapters[height - 1].executed
        let place = chapters.prefix(height - 1).reduce(index) { $0 + $1.executed.transactions.count }
        let path = try #require(MerkleTree.inclusionProof(of: place, in: leaves[...], with: &hash))
        #expect(
            Audit.isIncluded(block.leaf(index), at: UInt64(place), proof: path, in: tip.record, with: &hash))
        var writer = CBORWriter()
        writer.mapHeader(count: 4)
        writer.key("tx")
        if showing { writer.byteString(block.transactions[index].bytes) } else { writer.null() }
        writer.key("leaf")
        writer.byteString(block.leaf(index).bytes)
        writer.key("path")
        writer.array(path) { $0.byteString($1) }
        writer.key("index")
        writer.unsigned(UInt64(place))
        return writer.bytes
    }

    /// What stands, or does not, under a key in the last record's state: `{key, proof, value}`.
    private mutating func stateFact(_ key: StateKey) throws -> [UInt8] {
        let value = state.value(for: key)
        let proof = try StateTree.proof(of: key, in: tip.state, from: state, with: &hash)
        #expect(proof.proves(value, under: key, root: tip.record.stateRoot, with: &hash))
        var writer = CBORWriter()
        writer.mapHeader(count: 3)
        writer.key("key")
        writer.byteString(key.bytes)
        writer.key("proof")
        proof.encode(into: &writer)
        writer.key("value")
        if let value { writer.byteString(value) } else { writer.null() }
        return writer.bytes
    }

    /// What a node answers when it is asked for a transaction of the first block, while that is its newest.
    mutating func inclusionBundle(of index: Int) throws -> InclusionBundle {
        let block = chapters[0].executed
        let size = block.transactions.count
        let path = try #require(MerkleTree.inclusionProof(of: index, in: leaves[..<size], with: &hash))
        return InclusionBundle(
            leaf: block.leaf(index), index: UInt64(index), path: path, record: block.record,
            finality: try finality(of: 1))
    }

    /// That consent was given and withdrawn, that a viewer was revoked, and what never was: `{v, kind, logs, facts,
    /// record, genesis, finality, handover}`, against the last record.
    mutating func proofBundle(_ subject: Subject) throws -> [UInt8] {
        let keys = Self.callKeys.map { Sample.publicKey($0) }
        let logs = [
            try logFact(height: 3, index: 0), try logFact(height: 3, index: 1, showing: false),
            try logFact(height: 8, index: 5), try logFact(height: 8, index: 0), try logFact(height: 8, index: 1),
        ]
        let facts = [
            try stateFact(StateKey(.consent, subject.id, keys[0])),
            try stateFact(StateKey(.consent, subject.id, keys[1])), try stateFact(StateKey(.rights, subject.id)),
            try stateFact(StateKey(.grant, subject.id, id("bob"))),
            try stateFact(StateKey(.grant, subject.id, id("carol"))),
            try stateFact(StateKey(.lease, subject.id, id("bob"))), try stateFact(StateKey(.member, id("carol"))),
        ]
        var writer = CBORWriter()
        writer.mapHeader(count: 8)
        writer.key("v")
        writer.unsigned(1)
        writer.key("kind")
        writer.text("sotto-proof")
        writer.key("logs")
        writer.array(logs) { $0.raw($1) }
        writer.key("facts")
        writer.array(facts) { $0.raw($1) }
        writer.key("record")
        tip.record.encode(into: &writer)
        writer.key("genesis")
        writer.byteString(genesis.encoded)
        writer.key("finality")
        try finality(of: chapters.count).encode(into: &writer)
        writer.key("handover")
        try writeHandover(into: &writer)
        return writer.bytes
    }

    /// The last record of each earlier validator epoch, and the set that it names: `{list, record, finality}`.
    private func writeHandover(into writer: inout CBORWriter) throws {
        let ends = (1..<chapters.count).filter { chapters[$0 - 1].executed.record.endsEpoch }
        writer.arrayHeader(count: ends.count)
        for height in ends {
            writer.mapHeader(count: 3)
            writer.key("list")
            chapters[height].set.encode(into: &writer)
            writer.key("record")
            chapters[height - 1].executed.record.encode(into: &writer)
            writer.key("finality")
            try finality(of: height).encode(into: &writer)
        }
    }
}
