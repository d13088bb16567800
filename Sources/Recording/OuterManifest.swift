package import Primitives
package import Wire

/// One shard under the outer layer: the array `[index, link]`.
package struct OuterShard: WireObject, Hashable {
    package let index: UInt64
    /// The outer CID, of codec raw, and the padded size.
    package let link: BlockLink

    package init(index: UInt64, link: BlockLink) {
        self.index = index
        self.link = link
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        let offset = reader.offset
        guard try reader.arrayHeader(max: 2) == 2 else { throw .unexpectedType(at: offset) }
        index = try reader.unsigned(max: UInt64(RecordingLimits.shards))
        link = try BlockLink(from: &reader)
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.arrayHeader(count: 2)
        writer.unsigned(index)
        link.encode(into: &writer)
    }
}

/// What providers and gateways know of a recording in one rights epoch: the outer CIDs, and nothing of what is inside.
/// It follows from the inner blocks and the epoch's key alone, so all holders come to the same root.
package struct OuterManifest: Hashable, Sendable {
    package let recording: RecordingID
    package let epoch: RightsEpoch
    /// m of Reed–Solomon: 0 or 6. k is always `ShardLayout.dataShards`.
    package let parityShards: Int
    /// Ascending by index.
    package let shards: [OuterShard]

    /// - Throws: `RecordingError.limitExceeded` for too many shards or another m, `.outOfOrder` for indices that do
    ///   not ascend.
    package init(
        recording: RecordingID, epoch: RightsEpoch, parityShards: Int = 0, shards: [OuterShard]
    ) throws(RecordingError) {
        guard shards.count <= RecordingLimits.shards, parityShards == 0 || parityShards == ShardLayout.parityShardsMax
        else { throw .limitExceeded(limit: UInt64(RecordingLimits.shards)) }
        guard zip(shards, shards.dropFirst()).allSatisfy({ $0.index < $1.index }) else { throw .outOfOrder }
        self.recording = recording
        self.epoch = epoch
        self.parityShards = parityShards
        self.shards = shards
    }

    /// What `rights.publish` and `rights.rotate` post: the RFC 9162 root whose first leaf is the head (dag-cbor of the
    /// array `[1, recording, epoch, k, m, count]`) and whose others are the shards' dag-cbor.
    package func root(with hash: inout some Hashing) -> Digest {
        var frontier = MerkleFrontier()
        var head = CBORWriter()
        head.arrayHeader(count: 6)
        head.unsigned(formatVersion)
        head.byteString(recording)
        head.unsigned(epoch)
        head.unsigned(UInt64(ShardLayout.dataShards))
        head.unsigned(UInt64(parityShards))
        head.unsigned(UInt64(shards.count))
        frontier.append(MerkleTree.leafHash(head.bytes, with: &hash), with: &hash)
        for shard in shards { frontier.append(MerkleTree.leafHash(shard.encoded, with: &hash), with: &hash) }
        return frontier.root(with: &hash)
    }

    /// The shard with this index.
    package func shard(_ index: UInt64) -> OuterShard? {
        var low = 0
        var high = shards.count
        while low < high {
            let middle = (low + high) / 2
            if shards[middle].index < index { low = middle + 1 } else { high = middle }
        }
        return low < shards.count && shards[low].index == index ? shards[low] : nil
    }
}

/// A part of an outer manifest that fits a content block. Fields: `k`, `m`, `v`, `page`, `count` of all shards,
/// `epoch`, `shards`, `recording`.
package struct OuterManifestPage: WireObject, Hashable {
    /// Shards on one page; about 50 bytes each.
    package static let shardCountMax = 4_096

    package let parityShards: Int
    package let page: Int
    /// Shards of all pages.
    package let count: Int
    package let epoch: RightsEpoch
    package let shards: [OuterShard]
    package let recording: RecordingID

    /// The pages of a manifest, at least one.
    package static func pages(of manifest: OuterManifest) -> [OuterManifestPage] {
        let pageCount = max(1, (manifest.shards.count + shardCountMax - 1) / shardCountMax)
        return (0..<pageCount).map { page in
            let start = page * shardCountMax
            let end = min(start + shardCountMax, manifest.shards.count)
            return OuterManifestPage(
                parityShards: manifest.parityShards, page: page, count: manifest.shards.count, epoch: manifest.epoch,
                shards: Array(manifest.shards[start..<end]), recording: manifest.recording)
        }
    }

    private init(
        parityShards: Int, page: Int, count: Int, epoch: RightsEpoch, shards: [OuterShard], recording: RecordingID
    ) {
        self.parityShards = parityShards
        self.page = page
        self.count = count
        self.epoch = epoch
        self.shards = shards
        self.recording = recording
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 8)
        guard try reader.number("k", max: 255) == UInt64(ShardLayout.dataShards) else { throw .badValue(field: "k") }
        parityShards = Int(try reader.number("m", max: UInt64(ShardLayout.parityShardsMax)))
        guard try reader.number("v", max: 255) == formatVersion else { throw .badValue(field: "v") }
        page = Int(try reader.number("page", max: UInt64(RecordingLimits.shards / Self.shardCountMax)))
        count = Int(try reader.number("count", max: UInt64(RecordingLimits.shards)))
        epoch = RightsEpoch(try reader.number("epoch"))
        shards = try reader.list("shards", max: Self.shardCountMax)
        guard zip(shards, shards.dropFirst()).allSatisfy({ $0.index < $1.index }) else {
            throw .badValue(field: "shards")
        }
        recording = try reader.id("recording")
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 8)
        writer.field("k", UInt64(ShardLayout.dataShards))
        writer.field("m", UInt64(parityShards))
        writer.field("v", formatVersion)
        writer.field("page", UInt64(page))
        writer.field("count", UInt64(count))
        writer.field("epoch", epoch.rawValue)
        writer.field("shards", list: shards)
        writer.field("recording", recording)
    }

    /// The manifest of these pages, when its root is the one on the ledger.
    /// - Throws: `RecordingError.mismatch` for pages that do not belong together, or another root.
    package static func manifest(
        of pages: [OuterManifestPage], root: Digest, with hash: inout some Hashing
    ) throws(RecordingError) -> OuterManifest {
        guard let first = pages.first,
            pages.enumerated().allSatisfy({ index, page in
                page.page == index && page.recording == first.recording && page.epoch == first.epoch
                    && page.count == first.count && page.parityShards == first.parityShards
            })
        else { throw .mismatch }
        let manifest = try OuterManifest(
            recording: first.recording, epoch: first.epoch, parityShards: first.parityShards,
            shards: pages.flatMap(\.shards))
        guard manifest.shards.count == first.count, manifest.root(with: &hash) == root else { throw .mismatch }
        return manifest
    }
}
