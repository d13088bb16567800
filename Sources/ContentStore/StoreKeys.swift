import Primitives
import Wire

/// The keys that list blocks by tag: `t` ‖ recording ‖ epoch ‖ role ‖ index ‖ CID, 86 bytes.
enum TagKey {
    static let prefix: UInt8 = 0x74
    private static let byteCount = 1 + TagBytes.byteCount + CID.byteCount

    static func key(_ tag: BlockTag, _ cid: CID) -> [UInt8] { [prefix] + TagBytes.encode(tag) + cid.bytes }

    /// The first key at or after this place.
    static func start(
        of recording: RecordingID, _ epoch: RightsEpoch, _ role: BlockRole, _ index: UInt64
    ) -> [UInt8] {
        [prefix] + TagBytes.encode(BlockTag(recording: recording, epoch: epoch, role: role, index: index))
    }

    /// After every key of a recording.
    static func end(of recording: RecordingID) -> [UInt8] {
        [prefix] + recording.bytes + Array(repeating: 0xff, count: 8 + 1 + 8 + CID.byteCount + 1)
    }

    /// Size u32 ‖ payer.
    static func value(size: Int, payer: MemberID) -> [UInt8] {
        TagBytes.bigEndian(UInt64(size), byteCount: 4) + payer.bytes
    }

    /// What key and value say; nil for bytes of another form.
    static func block(_ key: [UInt8], _ value: [UInt8]) -> KeptBlock? {
        guard key.count == byteCount, value.count == 4 + 32,
            let tag = TagBytes.decode(key[1..<1 + TagBytes.byteCount]),
            let cid = CID(bytes: Array(key[(1 + TagBytes.byteCount)...])), let payer = MemberID(value[4...])
        else { return nil }
        return KeptBlock(cid: cid, tag: tag, payer: payer, size: Int(TagBytes.number(value[..<4])))
    }
}

/// The keys that list the tags of a block: `c` ‖ CID ‖ recording ‖ epoch ‖ role ‖ index.
enum CIDKey {
    static let prefix: UInt8 = 0x63

    static func key(_ cid: CID, _ tag: BlockTag) -> [UInt8] { start(of: cid) + TagBytes.encode(tag) }

    static func start(of cid: CID) -> [UInt8] { [prefix] + cid.bytes }

    static func tag(_ key: [UInt8]) -> BlockTag? {
        let start = 1 + CID.byteCount
        guard key.count == start + TagBytes.byteCount else { return nil }
        return TagBytes.decode(key[start...])
    }
}

/// A tag in 49 bytes whose order is that of tags: recording ‖ epoch u64 ‖ role ‖ index u64.
enum TagBytes {
    static let byteCount = 32 + 8 + 1 + 8

    static func encode(_ tag: BlockTag) -> [UInt8] {
        tag.recording.bytes + bigEndian(tag.epoch.rawValue, byteCount: 8) + [tag.role.rawValue]
            + bigEndian(tag.index, byteCount: 8)
    }

    static func decode(_ bytes: ArraySlice<UInt8>) -> BlockTag? {
        let start = bytes.startIndex
        guard bytes.count == byteCount, let recording = RecordingID(bytes[start..<start + 32]),
            let role = BlockRole(rawValue: bytes[start + 40])
        else { return nil }
        return BlockTag(
            recording: recording, epoch: RightsEpoch(number(bytes[start + 32..<start + 40])), role: role,
            index: number(bytes[(start + 41)...]))
    }

    static func bigEndian(_ value: UInt64, byteCount: Int) -> [UInt8] {
        (0..<byteCount).reversed().map { UInt8(truncatingIfNeeded: value >> UInt64($0 * 8)) }
    }

    static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
}
