package import ContentStore
import Primitives
package import Wire

/// What one node asks another about content (kind `content`).
package enum ContentQuestion: WireObject, Hashable {
    /// This block's bytes: `{v, cid}`. The answer is the bytes.
    case block(CID)
    /// Which blocks of a role there are, from an index on: `{v, role, epoch, index, recording}`. The answer is a
    /// ``ContentIndex``.
    case index(BlockTag)

    package static let version: UInt64 = 1

    package init(from reader: inout CBORReader) throws(WireError) {
        let start = reader.offset
        let count = try reader.mapHeader(max: 5)
        try reader.key("v")
        guard try reader.unsigned() == Self.version else { throw .badValue(field: "v") }
        switch count {
        case 2:
            try reader.key("cid")
            self = .block(try reader.link())
        case 5:
            try reader.key("role")
            guard let role = BlockRole(rawValue: UInt8(try reader.unsigned(max: 255))) else {
                throw .badValue(field: "role")
            }
            try reader.key("epoch")
            let epoch: RightsEpoch = try reader.counter()
            try reader.key("index")
            let index = try reader.unsigned()
            try reader.key("recording")
            self = .index(
                BlockTag(recording: try reader.identifier(), epoch: epoch, role: role, index: index))
        default: throw .unexpectedKey(at: start)
        }
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        switch self {
        case .block(let cid):
            writer.mapHeader(count: 2)
            writer.key("v")
            writer.unsigned(Self.version)
            writer.key("cid")
            writer.link(cid)
        case .index(let tag):
            writer.mapHeader(count: 5)
            writer.key("v")
            writer.unsigned(Self.version)
            writer.key("role")
            writer.unsigned(UInt64(tag.role.rawValue))
            writer.key("epoch")
            writer.unsigned(tag.epoch)
            writer.key("index")
            writer.unsigned(tag.index)
            writer.key("recording")
            writer.byteString(tag.recording)
        }
    }
}

/// Blocks of one role, ascending by index: `{v, blocks: [[index, cid, size]]}`. As many as fit; none means no more.
package struct ContentIndex: WireObject, Hashable {
    package struct Entry: Hashable, Sendable {
        package let index: UInt64
        package let cid: CID
        package let size: Int

        package init(index: UInt64, cid: CID, size: Int) {
            self.index = index
            self.cid = cid
            self.size = size
        }
    }

    package static let version: UInt64 = 1
    package static let countMax = 2_048

    package let blocks: [Entry]

    package init(_ blocks: [Entry]) { self.blocks = blocks }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 2)
        try reader.key("v")
        guard try reader.unsigned() == Self.version else { throw .badValue(field: "v") }
        try reader.key("blocks")
        blocks = try reader.array(max: Self.countMax) { inner throws(WireError) in
            let start = inner.offset
            guard try inner.arrayHeader(max: 3) == 3 else { throw .unexpectedType(at: start) }
            let entry = Entry(
                index: try inner.unsigned(), cid: try inner.link(),
                size: Int(try inner.unsigned(max: UInt64(ContentBlock.byteCountMax))))
            inner.leave()
            return entry
        }
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 2)
        writer.key("v")
        writer.unsigned(Self.version)
        writer.key("blocks")
        writer.array(blocks) { writer, entry in
            writer.arrayHeader(count: 3)
            writer.unsigned(entry.index)
            writer.link(entry.cid)
            writer.unsigned(UInt64(entry.size))
        }
    }
}
