package import Primitives
package import Wire

/// A link to a content block and its size: the array `[cid, size]`.
package struct BlockLink: WireObject, Hashable {
    package let cid: CID
    /// Bytes, 1 through `RecordingLimits.blockBytes`.
    package let size: Int

    package init(cid: CID, size: Int) {
        self.cid = cid
        self.size = size
    }

    /// The link to a block of this content.
    package init(to content: [UInt8], _ codec: CID.Codec, with hash: inout some Hashing) {
        cid = CID(of: content, codec, with: &hash)
        size = content.count
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        let start = reader.offset
        guard try reader.arrayHeader(max: 2) == 2 else { throw .unexpectedType(at: start) }
        cid = try reader.link()
        size = Int(try reader.unsigned(max: UInt64(RecordingLimits.blockBytes)))
        guard size > 0 else { throw .badValue(field: "size") }
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.arrayHeader(count: 2)
        writer.link(cid)
        writer.unsigned(UInt64(size))
    }

    /// Whether `content` is what the link names.
    package func matches(_ content: [UInt8], with hash: inout some Hashing) -> Bool {
        content.count == size && hash.digest(content) == cid.digest
    }
}

/// Cuts a segment's bytes into content blocks, and joins them again.
package enum ContentBlocks {
    /// Blocks of `RecordingLimits.blockBytes`, the last one shorter; each with its link, of codec raw.
    /// - Throws: `RecordingError.limitExceeded` above the size of a segment.
    package static func cut(
        _ bytes: [UInt8], with hash: inout some Hashing
    ) throws(RecordingError) -> [(link: BlockLink, content: [UInt8])] {
        guard bytes.count <= RecordingLimits.segmentBytes else {
            throw .limitExceeded(limit: UInt64(RecordingLimits.segmentBytes))
        }
        var blocks: [(link: BlockLink, content: [UInt8])] = []
        for start in stride(from: 0, to: bytes.count, by: RecordingLimits.blockBytes) {
            let content = Array(bytes[start..<min(start + RecordingLimits.blockBytes, bytes.count)])
            blocks.append((BlockLink(to: content, .raw, with: &hash), content))
        }
        return blocks
    }

    /// The bytes of a segment, from the blocks its links name.
    /// - Throws: `RecordingError.mismatch` for a block that is not the one linked.
    package static func join(
        _ blocks: [[UInt8]], links: [BlockLink], with hash: inout some Hashing
    ) throws(RecordingError) -> [UInt8] {
        guard blocks.count == links.count else { throw .mismatch }
        var bytes: [UInt8] = []
        for (block, link) in zip(blocks, links) {
            guard link.matches(block, with: &hash) else { throw .mismatch }
            bytes += block
        }
        return bytes
    }
}
