import Consensus
package import Ledger
package import Primitives
import Wire

/// A whole chain as one file that anybody can check: items of u32 big-endian length and dag-cbor. First
/// `{v, kind: "sotto-chain", genesis}`, then for each height `{v, block, codes, proof}`; the proof is null where a
/// later one covers the block.
package enum ChainExport {
    package static let kind = "sotto-chain"

    package static func head(_ genesis: Genesis) -> [UInt8] {
        var writer = CBORWriter()
        writer.mapHeader(count: 3)
        writer.key("v")
        writer.unsigned(1)
        writer.key("kind")
        writer.text(kind)
        writer.key("genesis")
        writer.byteString(genesis.encoded)
        return framed(writer.bytes)
    }

    /// Nil when there is no such block.
    package static func item(_ height: Height, of store: ChainStore) throws(ChainStoreError) -> [UInt8]? {
        guard let stored = try store.block(at: height) else { return nil }
        let isFinal = try store.finalization(at: height) != nil
        let proof = isFinal ? store.finalityProof(of: height) : nil
        var writer = CBORWriter()
        writer.mapHeader(count: 4)
        writer.key("v")
        writer.unsigned(1)
        writer.key("block")
        stored.proposal.encode(into: &writer)
        writer.key("codes")
        writer.array(stored.codes) { $0.unsigned(UInt64($1)) }
        writer.key("proof")
        if let proof { proof.encode(into: &writer) } else { writer.null() }
        return framed(writer.bytes)
    }

    private static func framed(_ bytes: [UInt8]) -> [UInt8] {
        bigEndian(UInt64(bytes.count)).suffix(4) + bytes
    }
}
