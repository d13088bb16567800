/// EBML, RFC 8794: element ids, sizes, and the numbers inside. The names are those of Matroska, RFC 9559.
enum EBML {
    static let header: UInt32 = 0x1a45_dfa3
    static let readVersion: UInt32 = 0x42f7
    static let idLengthMax: UInt32 = 0x42f2
    static let sizeLengthMax: UInt32 = 0x42f3
    static let docType: UInt32 = 0x4282
    static let docTypeReadVersion: UInt32 = 0x4285
    static let segment: UInt32 = 0x1853_8067
    static let seekHead: UInt32 = 0x114d_9b74
    static let info: UInt32 = 0x1549_a966
    static let timestampScale: UInt32 = 0x2a_d7b1
    static let duration: UInt32 = 0x4489
    static let tracks: UInt32 = 0x1654_ae6b
    static let trackEntry: UInt32 = 0xae
    static let trackNumber: UInt32 = 0xd7
    static let trackType: UInt32 = 0x83
    static let codecID: UInt32 = 0x86
    static let codecPrivate: UInt32 = 0x63a2
    static let codecDelay: UInt32 = 0x56aa
    static let seekPreRoll: UInt32 = 0x56bb
    static let defaultDuration: UInt32 = 0x23_e383
    static let contentEncodings: UInt32 = 0x6d80
    static let video: UInt32 = 0xe0
    static let pixelWidth: UInt32 = 0xb0
    static let pixelHeight: UInt32 = 0xba
    static let audio: UInt32 = 0xe1
    static let samplingFrequency: UInt32 = 0xb5
    static let channels: UInt32 = 0x9f
    static let cluster: UInt32 = 0x1f43_b675
    static let clusterTimestamp: UInt32 = 0xe7
    static let simpleBlock: UInt32 = 0xa3
    static let blockGroup: UInt32 = 0xa0
    static let block: UInt32 = 0xa1
    static let referenceBlock: UInt32 = 0xfb
    static let discardPadding: UInt32 = 0x75a2
    static let cues: UInt32 = 0x1c53_bb6b
    static let chapters: UInt32 = 0x1043_a770
    static let tags: UInt32 = 0x1254_c367
    static let attachments: UInt32 = 0x1941_a469
    static let void: UInt32 = 0xec

    /// Children of a segment: each of them ends a cluster of unknown size.
    static let topLevel: Set<UInt32> = [seekHead, info, tracks, cluster, cues, chapters, tags, attachments]

    /// An element's head: id, size of its body (nil: unknown), and how many bytes the head itself took.
    struct Head: Equatable {
        let id: UInt32
        let size: UInt64?
        let byteCount: Int
    }

    /// Reads a head at `start`; nil when more bytes are needed.
    /// - Throws: `MediaError.badValue` for an id above 4 bytes or a size above 8.
    static func head(in bytes: [UInt8], at start: Int, end: Int) throws(MediaError) -> Head? {
        guard start < end else { return nil }
        let idLength = bytes[start].leadingZeroBitCount + 1
        guard idLength <= 4 else { throw .badValue }
        let sizeStart = start + idLength
        guard sizeStart < end else { return nil }
        var id: UInt32 = 0
        for index in start..<sizeStart { id = id << 8 | UInt32(bytes[index]) }
        let sizeLength = bytes[sizeStart].leadingZeroBitCount + 1
        guard sizeLength <= 8 else { throw .badValue }
        guard sizeStart + sizeLength <= end else { return nil }
        let (size, _) = number(in: bytes, at: sizeStart, length: sizeLength)
        let isUnknown = size == 1 << UInt64(7 * sizeLength) - 1
        return Head(id: id, size: isUnknown ? nil : size, byteCount: idLength + sizeLength)
    }

    /// The variable-length number at `start`; nil when the bytes end before it does.
    static func number(in bytes: [UInt8], at start: Int, end: Int) throws(MediaError) -> (value: UInt64, length: Int)? {
        guard start < end else { return nil }
        let length = bytes[start].leadingZeroBitCount + 1
        guard length <= 8 else { throw .badValue }
        guard start + length <= end else { return nil }
        return number(in: bytes, at: start, length: length)
    }

    private static func number(in bytes: [UInt8], at start: Int, length: Int) -> (value: UInt64, length: Int) {
        var value = UInt64(bytes[start]) & (0x80 >> UInt64(length - 1) - 1)
        for index in start + 1..<start + length { value = value << 8 | UInt64(bytes[index]) }
        return (value, length)
    }
}

/// The elements directly inside a body that is wholly in memory.
struct EBMLChildren {
    private let bytes: [UInt8]
    private var offset: Int
    private let end: Int

    init(_ bytes: [UInt8], _ range: Range<Int>) {
        self.bytes = bytes
        offset = range.lowerBound
        end = range.upperBound
    }

    /// The next element, or nil at the end.
    /// - Throws: `MediaError.badLength` when an element does not fit, or has an unknown size.
    mutating func next() throws(MediaError) -> (id: UInt32, body: Range<Int>)? {
        guard offset < end else { return nil }
        guard let head = try EBML.head(in: bytes, at: offset, end: end), let size = head.size,
            size <= UInt64(end - offset - head.byteCount)
        else { throw .badLength }
        let start = offset + head.byteCount
        offset = start + Int(size)
        return (head.id, start..<offset)
    }

    func unsigned(_ range: Range<Int>) throws(MediaError) -> UInt64 {
        guard range.count <= 8 else { throw .badLength }
        var value: UInt64 = 0
        for index in range { value = value << 8 | UInt64(bytes[index]) }
        return value
    }

    func signed(_ range: Range<Int>) throws(MediaError) -> Int64 {
        let value = try unsigned(range)
        guard !range.isEmpty else { return 0 }
        let shift = UInt64(64 - 8 * range.count)
        return Int64(bitPattern: value << shift) >> Int64(shift)
    }

    func float(_ range: Range<Int>) throws(MediaError) -> Double {
        let bits = try unsigned(range)
        switch range.count {
        case 0: return 0
        case 4: return Double(Float(bitPattern: UInt32(bits)))
        case 8: return Double(bitPattern: bits)
        default: throw .badLength
        }
    }

    func bytes(_ range: Range<Int>, max limit: Int) throws(MediaError) -> [UInt8] {
        guard range.count <= limit else { throw .limitExceeded(limit: UInt64(limit)) }
        return Array(bytes[range])
    }

    /// Text up to its first zero byte.
    func text(_ range: Range<Int>, max limit: Int) throws(MediaError) -> String {
        let raw = try bytes(range, max: limit)
        guard let text = String(validating: raw.prefix { $0 != 0 }, as: UTF8.self) else { throw .badValue }
        return text
    }
}
