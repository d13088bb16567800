package import Primitives

/// Where each inner block lies among the shards of the outer layer.
///
/// Order: the recording's manifest; then by sender, in the order of keys, the sender's manifest; by track its manifest;
/// by group its manifest and the blocks of its segments. Ten blocks in this order make a stripe, whose shards are all
/// padded with zeros to one size, so that parity can be computed over them. Shard indices count 16 for each stripe, ten
/// for data and six for parity, whether there is parity or not: no index ever means two things.
package struct ShardLayout: Equatable, Sendable {
    /// k of Reed–Solomon.
    package static let dataShards = 10
    /// Room for m of Reed–Solomon in the numbering.
    package static let parityShardsMax = 6
    /// Stripes are padded to a multiple of this, in bytes.
    package static let sizeUnit = 1_024

    /// One data shard.
    package struct Shard: Equatable, Sendable {
        /// Number of the outer stream.
        package let index: UInt64
        package let block: BlockLink
        /// Bytes after padding: the same for all shards of the stripe.
        package let paddedSize: Int
    }

    package let shards: [Shard]

    /// - Parameter blocks: every inner block, in the order above.
    /// - Throws: `RecordingError.limitExceeded` above `RecordingLimits.shards`.
    package init(_ blocks: [BlockLink]) throws(RecordingError) {
        let stripeCount = (blocks.count + Self.dataShards - 1) / Self.dataShards
        guard stripeCount * (Self.dataShards + Self.parityShardsMax) <= RecordingLimits.shards else {
            throw .limitExceeded(limit: UInt64(RecordingLimits.shards))
        }
        var shards: [Shard] = []
        shards.reserveCapacity(blocks.count)
        for start in stride(from: 0, to: blocks.count, by: Self.dataShards) {
            let stripe = blocks[start..<min(start + Self.dataShards, blocks.count)]
            let largest = stripe.map(\.size).max() ?? 0
            let padded = (largest + Self.sizeUnit - 1) / Self.sizeUnit * Self.sizeUnit
            for (offset, block) in stripe.enumerated() {
                shards.append(Shard(index: Self.index(ofBlock: start + offset), block: block, paddedSize: padded))
            }
        }
        self.shards = shards
    }

    /// The shard index of the inner block at `position` in the order above.
    package static func index(ofBlock position: Int) -> UInt64 {
        let (stripe, place) = position.quotientAndRemainder(dividingBy: dataShards)
        return UInt64(stripe * (dataShards + parityShardsMax) + place)
    }

    /// `content` with zeros behind it, as long as its shard.
    package static func padded(_ content: [UInt8], to size: Int) -> [UInt8] {
        content + Array(repeating: 0, count: max(0, size - content.count))
    }

    /// The inner block in an opened shard.
    /// - Throws: `RecordingError.mismatch` when the padding is not zero or the block is not the one linked: the wrong
    ///   key, or changed bytes.
    package static func block(
        in opened: [UInt8], _ link: BlockLink, with hash: inout some Hashing
    ) throws(RecordingError) -> [UInt8] {
        guard opened.count >= link.size, opened[link.size...].allSatisfy({ $0 == 0 }) else { throw .mismatch }
        let content = Array(opened[..<link.size])
        guard link.matches(content, with: &hash) else { throw .mismatch }
        return content
    }
}
