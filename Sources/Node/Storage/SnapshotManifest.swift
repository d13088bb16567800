package import Consensus
package import Ledger
package import Primitives
package import Wire

/// What a snapshot is of and which chunks it has: `{v, tip, chain, proof, chunks}`. Its hash names the snapshot.
///
/// Nothing in a snapshot is believed. The proof makes the record final; every other byte is held against that record:
/// the heads by their links, the log by its root, the newest transactions by the roots of their results, the state by
/// its root.
package struct SnapshotManifest: WireObject, Equatable {
    package static let version: UInt64 = 1
    package static let chunkCountMax = 1 << 18
    /// Longer manifests are refused, in bytes.
    package static let byteCountMax = 16 << 20
    package static let fileName = "manifest.cbor"

    /// A chunk as the manifest names it: `[kind, byte count, hash]`.
    package struct Part: Hashable, Sendable {
        package let kind: SnapshotChunk.Kind
        package let byteCount: Int
        /// SHA-256 of the chunk's bytes.
        package let hash: Digest

        package init(kind: SnapshotChunk.Kind, byteCount: Int, hash: Digest) {
            self.kind = kind
            self.byteCount = byteCount
            self.hash = hash
        }
    }

    package let tip: LedgerTip
    package let chain: ChainID
    /// That the tip's record is final; its one header is that of the tip's own block, or of an echo of it.
    package let proof: FinalityProof
    /// In the order of their kinds.
    package let chunks: [Part]

    package init(tip: LedgerTip, chain: ChainID, proof: FinalityProof, chunks: [Part]) {
        self.tip = tip
        self.chain = chain
        self.proof = proof
        self.chunks = chunks
    }

    package var height: Height { tip.record.height }
    /// Bytes of all chunks.
    package var byteCount: Int { chunks.reduce(0) { $0 + $1.byteCount } }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 5)
        try reader.key("v")
        guard try reader.unsigned() == Self.version else { throw .badValue(field: "v") }
        try reader.key("tip")
        tip = try LedgerTip(from: &reader)
        try reader.key("chain")
        chain = try reader.identifier()
        try reader.key("proof")
        proof = try FinalityProof(from: &reader)
        try reader.key("chunks")
        chunks = try reader.array(max: Self.chunkCountMax) { inner throws(WireError) in
            guard try inner.arrayHeader(max: 3) == 3,
                let kind = SnapshotChunk.Kind(rawValue: UInt8(try inner.unsigned(max: 255)))
            else { throw .badValue(field: "chunks") }
            let byteCount = Int(try inner.unsigned(max: UInt64(SnapshotChunk.byteCountMax)))
            let part = Part(kind: kind, byteCount: byteCount, hash: try inner.identifier())
            inner.leave()
            return part
        }
        guard zip(chunks, chunks.dropFirst()).allSatisfy({ $0.kind.rawValue <= $1.kind.rawValue }) else {
            throw .badValue(field: "chunks")
        }
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 5)
        writer.key("v")
        writer.unsigned(Self.version)
        writer.key("tip")
        tip.encode(into: &writer)
        writer.key("chain")
        writer.byteString(chain)
        writer.key("proof")
        proof.encode(into: &writer)
        writer.key("chunks")
        writer.array(chunks) { writer, part in
            writer.arrayHeader(count: 3)
            writer.unsigned(UInt64(part.kind.rawValue))
            writer.unsigned(UInt64(part.byteCount))
            writer.byteString(part.hash)
        }
    }
}

/// A piece of a snapshot: `{v, kind, rows}`. It is closed when it has 192 KiB; one row may make it longer.
package struct SnapshotChunk: WireObject, Hashable {
    package static let version: UInt64 = 1
    package static let byteCountTarget = 192 << 10
    /// Longer ones are refused, in bytes: the target and one fact of the largest kind.
    package static let byteCountMax = 2 << 20
    package static let rowCountMax = 1 << 16

    /// What the rows are, in the order in which they are checked.
    package enum Kind: UInt8, CaseIterable, Sendable {
        /// A ``SnapshotHead`` of each height from 1.
        case head = 1
        /// Hashes of the log's leaves, 32 bytes each, many in a row.
        case log = 2
        /// Transactions of the blocks within `untilWindow` of the newest, in their order: height u64, id, `until` u64,
        /// result code u16.
        case recent = 3
        /// State key (65 bytes) and value, in the order of keys.
        case state = 4
    }

    package let kind: Kind
    package let rows: [[UInt8]]

    package init(kind: Kind, rows: [[UInt8]]) {
        self.kind = kind
        self.rows = rows
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 3)
        try reader.key("v")
        guard try reader.unsigned() == Self.version else { throw .badValue(field: "v") }
        try reader.key("kind")
        guard let kind = Kind(rawValue: UInt8(try reader.unsigned(max: 255))) else { throw .badValue(field: "kind") }
        self.kind = kind
        try reader.key("rows")
        rows = try reader.array(max: Self.rowCountMax) { inner throws(WireError) in
            try inner.byteString(max: Self.byteCountMax)
        }
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 3)
        writer.key("v")
        writer.unsigned(Self.version)
        writer.key("kind")
        writer.unsigned(UInt64(kind.rawValue))
        writer.key("rows")
        writer.array(rows) { $0.byteString($1) }
    }
}

/// A row of kind `recent`.
struct SnapshotTransaction: Hashable {
    static let byteCount = 50

    let height: Height
    let id: TransactionID
    let until: Timestamp
    let code: UInt16

    init(height: Height, id: TransactionID, until: Timestamp, code: UInt16) {
        self.height = height
        self.id = id
        self.until = until
        self.code = code
    }

    init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.byteCount, let id = TransactionID(bytes[8..<40]) else { return nil }
        self.init(
            height: Height(bigEndian(bytes[0..<8])), id: id, until: Timestamp(bigEndian(bytes[40..<48])),
            code: UInt16(bigEndian(bytes[48..<50])))
    }

    var bytes: [UInt8] {
        bigEndian(height.rawValue) + id.bytes + bigEndian(until.rawValue) + bigEndian(UInt64(code)).suffix(2)
    }
}
