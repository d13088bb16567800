import Crypto
import KeyValue
import Ledger
import Primitives
import Synchronization

/// Finalised blocks in files that only grow: heights follow each other without a gap, within a file and from one file
/// to the next, so that to forget old blocks is to delete whole files.
///
/// A file `0000000000000001.segment` is named by its first height in hexadecimal. It begins with the eight letters
/// `sottoseg`, version u32, first height u64 and chain (32 bytes); then entries: height u64, byte count u32, the first
/// 16 bytes of SHA-256 over these twelve bytes and the content, the content. Integers are big-endian.
///
/// Where an entry lies is known from LevelDB alone. An append is on the disk when it returns, and only then may a
/// batch refer to it; what lies behind the last entry that LevelDB knows is cut off when the store opens. Appends and
/// removals belong to the chain's thread; reads may come from any.
final class SegmentStore: Sendable {
    static let version: UInt32 = 1
    static let headerByteCount = 52
    static let entryHeadByteCount = 28

    /// Where an entry lies.
    struct Place: Hashable, Comparable, Sendable {
        /// First height of the file.
        let segment: Height
        /// Of the entry's head.
        let offset: Int
        /// Of the content.
        let byteCount: Int

        var end: Int { offset + SegmentStore.entryHeadByteCount + byteCount }

        static func < (left: Place, right: Place) -> Bool {
            (left.segment, left.offset) < (right.segment, right.offset)
        }
    }

    private struct Files: Sendable {
        /// First heights, ascending.
        var segments: [Height] = []
        /// Files open for reading; the oldest opened go first.
        var open: [(segment: Height, file: DurableFile)] = []
        var writing: (segment: Height, file: DurableFile, end: Int)?
    }

    /// Files kept open for reading.
    private static let openMax = 32

    private let directory: String
    private let chain: ChainID
    /// A file that is as long is followed by another; an entry is never cut.
    private let byteCountMax: Int
    private let files = Mutex(Files())

    /// Takes over what lies in `directory`, or makes it.
    init(directory: String, chain: ChainID, byteCountMax: Int) throws(ChainStoreError) {
        self.directory = directory
        self.chain = chain
        self.byteCountMax = byteCountMax
        do throws(KeyValueError) {
            try DurableDirectory.make(directory)
        } catch {
            throw .store(error)
        }
        let segments = DurableDirectory.names(in: directory).compactMap(Self.height(ofName:)).sorted()
        files.withLock { $0.segments = segments }
    }

    /// First heights of the files, ascending.
    var segments: [Height] { files.withLock { $0.segments } }

    /// Bytes on the disk.
    var byteCount: Int { DurableDirectory.byteCount(of: directory) }

    /// Lets go of every file.
    func close() {
        files.withLock { files in
            files.open = []
            files.writing = nil
        }
    }

    // MARK: Reading

    /// The content of an entry, as it was written.
    ///
    /// - Throws: `damagedSegment` when it is not.
    func content(at place: Place, height: Height) throws(ChainStoreError) -> [UInt8] {
        let file = try reading(place.segment)
        let damaged = ChainStoreError.damagedSegment(Self.name(place.segment), offset: place.offset, height)
        let bytes: [UInt8]
        do throws(KeyValueError) {
            bytes = try file.read(at: place.offset, count: Self.entryHeadByteCount + place.byteCount)
        } catch {
            throw .store(error)
        }
        guard bytes.count == Self.entryHeadByteCount + place.byteCount,
            bigEndian(bytes[0..<8]) == height.rawValue, bigEndian(bytes[8..<12]) == UInt64(place.byteCount)
        else { throw damaged }
        let content = Array(bytes[Self.entryHeadByteCount...])
        guard Self.checksum(Array(bytes[0..<12]), content) == Array(bytes[12..<28]) else { throw damaged }
        return content
    }

    private func reading(_ segment: Height) throws(ChainStoreError) -> DurableFile {
        let known = files.withLock { files in
            files.writing?.segment == segment
                ? files.writing?.file : files.open.first { $0.segment == segment }?.file
        }
        if let known { return known }
        let file: DurableFile
        do throws(KeyValueError) {
            file = try DurableFile(path: path(segment), for: .reading)
        } catch {
            if error == .missing { throw .missingSegment(Self.name(segment)) }
            throw .store(error)
        }
        files.withLock { files in
            if files.open.count >= Self.openMax { files.open.removeFirst() }
            files.open.append((segment, file))
        }
        return file
    }

    // MARK: Writing

    /// Writes entries, whose heights follow those already here, and returns when they are on the disk.
    func append(_ entries: [(height: Height, content: [UInt8])]) throws(ChainStoreError) -> [Place] {
        var places: [Place] = []
        var buffer: [UInt8] = []
        var writing = files.withLock { $0.writing }
        func flush(_ file: DurableFile, _ end: Int) throws(KeyValueError) {
            try file.write(buffer, at: end - buffer.count)
            try file.sync()
            buffer = []
        }
        do throws(KeyValueError) {
            for (height, content) in entries {
                if let full = writing, full.end >= byteCountMax {
                    try flush(full.file, full.end)
                    writing = nil
                }
                var current = if let writing { writing } else { try begin(at: height) }
                let head = bigEndian(height.rawValue) + bigEndian(UInt64(content.count)).suffix(4)
                buffer += head + Self.checksum(head, content) + content
                let place = Place(segment: current.segment, offset: current.end, byteCount: content.count)
                places.append(place)
                current.end = place.end
                writing = current
            }
            if let writing { try flush(writing.file, writing.end) }
        } catch {
            throw .store(error)
        }
        let last = writing
        files.withLock { $0.writing = last }
        return places
    }

    private func begin(at height: Height) throws(KeyValueError) -> (segment: Height, file: DurableFile, end: Int) {
        let file = try DurableFile(path: path(height), for: .writing)
        try file.truncate(to: 0)
        let header =
            Array("sottoseg".utf8) + bigEndian(UInt64(Self.version)).suffix(4) + bigEndian(height.rawValue)
            + chain.bytes
        try file.write(header, at: 0)
        try file.sync()
        try DurableDirectory.sync(directory)
        files.withLock { files in
            files.segments.append(height)
            files.open.removeAll { $0.segment == height }
        }
        return (height, file, header.count)
    }

    /// Goes on behind `last`, the last entry that is referred to: what lies behind it was never referred to, or is the
    /// torn end of an append, and is cut off.
    func resume(after last: Place?) throws(ChainStoreError) {
        let known = segments
        do throws(KeyValueError) {
            for segment in known where segment > last?.segment ?? .zero { try removeFile(segment) }
            guard let last else { return }
            guard known.contains(last.segment) else { throw .missing }
            let file = try DurableFile(path: path(last.segment), for: .writing)
            try check(file, last)
            if try file.byteCount() > last.end {
                try file.truncate(to: last.end)
                try file.sync()
            }
            files.withLock { $0.writing = (last.segment, file, last.end) }
        } catch {
            if error == .missing, let last { throw .missingSegment(Self.name(last.segment)) }
            if error == .corrupt, let last {
                throw .damagedSegment(Self.name(last.segment), offset: 0, last.segment)
            }
            throw .store(error)
        }
    }

    private func check(_ file: DurableFile, _ last: Place) throws(KeyValueError) {
        let header = try file.read(at: 0, count: Self.headerByteCount)
        guard header.count == Self.headerByteCount, header.starts(with: Array("sottoseg".utf8)),
            bigEndian(header[8..<12]) == UInt64(Self.version), bigEndian(header[12..<20]) == last.segment.rawValue,
            Array(header[20...]) == chain.bytes, try file.byteCount() >= last.end
        else { throw .corrupt }
    }

    /// Deletes a file.
    func remove(_ segment: Height) throws(ChainStoreError) {
        do throws(KeyValueError) {
            try removeFile(segment)
        } catch {
            throw .store(error)
        }
    }

    private func removeFile(_ segment: Height) throws(KeyValueError) {
        files.withLock { files in
            files.segments.removeAll { $0 == segment }
            files.open.removeAll { $0.segment == segment }
            if files.writing?.segment == segment { files.writing = nil }
        }
        try DurableDirectory.remove(path(segment))
    }

    /// Writes zeros over the contents of entries, and returns when they are on the disk; the entries' heads stay.
    func scrub(_ places: [Place]) throws(ChainStoreError) {
        let known = segments
        // A file that is gone holds nothing any more.
        for segment in Set(places.map(\.segment)).sorted() where known.contains(segment) {
            let contents = places.filter { $0.segment == segment }.map { place in
                (offset: place.offset + Self.entryHeadByteCount, count: place.byteCount)
            }
            do throws(KeyValueError) {
                let file = try DurableFile(path: path(segment), for: .writing)
                for content in contents {
                    try file.write([UInt8](repeating: 0, count: content.count), at: content.offset)
                }
                try file.sync()
                for content in contents { try file.clear(at: content.offset, count: content.count) }
            } catch {
                throw .store(error)
            }
        }
    }

    /// Whether the content of an entry is zeros, by how it begins: dag-cbor begins with no zeros.
    func isScrubbed(_ place: Place) throws(ChainStoreError) -> Bool {
        guard segments.contains(place.segment) else { return true }
        do throws(KeyValueError) {
            let file = try DurableFile(path: path(place.segment), for: .reading)
            let count = min(64, place.byteCount)
            return try file.read(at: place.offset + Self.entryHeadByteCount, count: count).allSatisfy { $0 == 0 }
        } catch {
            throw .store(error)
        }
    }

    // MARK: Names

    private func path(_ segment: Height) -> String { directory + "/" + Self.name(segment) }

    static func name(_ segment: Height) -> String {
        let digits = String(segment.rawValue, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits + ".segment"
    }

    private static func height(ofName name: String) -> Height? {
        guard name.hasSuffix(".segment"), name.count == 24, let value = UInt64(name.prefix(16), radix: 16) else {
            return nil
        }
        return Height(value)
    }

    private static func checksum(_ head: [UInt8], _ content: [UInt8]) -> [UInt8] {
        var hash = SHA256()
        hash.update(head)
        hash.update(content)
        return Array(hash.finish().bytes.prefix(16))
    }
}
