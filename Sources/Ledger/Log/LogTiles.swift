import Primitives

/// The one log cut into static files, so that a plain web server and any cache can hand it out, and a reader can make
/// every proof himself: the tiles of C2SP's tlog-tiles.
///
/// A tile of level l holds up to 256 hashes, each the root over 256^l leaves; 256 hashes of a full tile hash together
/// to one of the level above. The last tile of a level is partial and says how wide it is. Entry bundles hold the
/// leaves themselves, each after its length (u16, big-endian), as many as the tile of level 0 beside them has hashes.
package enum LogTiles {
    /// Hashes in a full tile, entries in a full bundle.
    package static let width: UInt64 = 256
    /// Levels that 2^63 leaves have.
    static let levelMax: UInt64 = 7

    /// Which file: `<L>/<N>` or `entries/<N>`, with `.p/<W>` when partial.
    package struct Path: Hashable, Sendable {
        /// What the file holds.
        package enum Kind: Hashable, Sendable {
            case hashes(level: UInt64)
            case entries
        }

        package let kind: Kind
        /// Counted from the left of its level.
        package let index: UInt64
        /// How many hashes or entries: 1 to 256.
        package let count: UInt64

        package init(_ kind: Kind, index: UInt64, count: UInt64 = LogTiles.width) {
            self.kind = kind
            self.index = index
            self.count = count
        }

        /// The level whose hashes it holds; leaves are level 0.
        package var level: UInt64 {
            switch kind {
            case .hashes(let level): level
            case .entries: 0
            }
        }

        /// How long a log must be to have this file; nil beyond 2^63.
        package var sizeNeeded: UInt64? {
            let (start, overflow) = index.multipliedReportingOverflow(by: LogTiles.width)
            guard !overflow, start < 1 << 56 else { return nil }
            let (size, tooLarge) = (start + count).multipliedReportingOverflow(by: 1 << (8 * level))
            return tooLarge || size > UInt64(Int64.max) ? nil : size
        }
    }

    /// The files of a log of this size: full tiles and bundles, and the partial ones at its right edge.
    package static func paths(size: UInt64) -> [Path] {
        var paths: [Path] = []
        var level: UInt64 = 0
        var hashes = size
        while hashes > 0, level <= levelMax {
            paths += row(.hashes(level: level), of: hashes)
            if level == 0 { paths += row(.entries, of: hashes) }
            hashes /= width
            level += 1
        }
        return paths
    }

    private static func row(_ kind: Path.Kind, of hashes: UInt64) -> [Path] {
        var paths = (0..<hashes / width).map { Path(kind, index: $0) }
        if hashes % width > 0 { paths.append(Path(kind, index: hashes / width, count: hashes % width)) }
        return paths
    }

    /// The bytes of a tile of hashes; nil for a bundle, or where the store lacks a hash.
    package static func tile(_ path: Path, from store: some LogHashes) throws(StateError) -> [UInt8]? {
        guard case .hashes(let level) = path.kind else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(32 * Int(path.count))
        for place in 0..<path.count {
            guard let hash = try store.logHash(level: Int(8 * level), index: path.index * width + place) else {
                return nil
            }
            hash.raw.append(to: &bytes)
        }
        return bytes
    }

    /// The bytes of a bundle of these leaves.
    package static func bundle(_ leaves: [LogLeaf]) -> [UInt8] {
        leaves.flatMap { [0, UInt8(LogLeaf.byteCount)] + $0.bytes }
    }
}

extension LogTiles.Path {
    /// As it stands in a URL, behind `tile/`.
    package var text: String {
        var text: String
        switch kind {
        case .hashes(let level): text = "\(level)/"
        case .entries: text = "entries/"
        }
        var groups: [String] = []
        var rest = index
        repeat {
            let digits = String(rest % 1_000)
            groups.append(String(repeating: "0", count: 3 - digits.count) + digits)
            rest /= 1_000
        } while rest > 0
        text += groups.dropFirst().reversed().map { "x\($0)/" }.joined() + groups[0]
        return count == LogTiles.width ? text : text + ".p/\(count)"
    }

    /// Nil unless this is exactly the text of a path: there is one for each.
    package init?(_ text: some StringProtocol) {
        var parts = text.split(separator: "/", omittingEmptySubsequences: false)[...]
        guard text.utf8.count <= 64, let first = parts.popFirst() else { return nil }
        let kind: Kind
        if first == "entries" {
            kind = .entries
        } else {
            guard let level = UInt64(first), level <= LogTiles.levelMax else { return nil }
            kind = .hashes(level: level)
        }
        var count = LogTiles.width
        if parts.count > 1, parts[parts.endIndex - 2].hasSuffix(".p") {
            guard let width = parts.popLast().flatMap({ UInt64($0) }), (1..<LogTiles.width).contains(width),
                let last = parts.popLast()
            else { return nil }
            count = width
            parts.append(last.dropLast(2))
        }
        var index: UInt64 = 0
        for part in parts {
            let digits = part.hasPrefix("x") ? part.dropFirst() : part[...]
            guard let group = UInt64(digits), group < 1_000, index < 1 << 53 else { return nil }
            index = index * 1_000 + group
        }
        self.init(kind, index: index, count: count)
        // Signs, missing zeroes and whatever else a generous reader took make another text.
        guard self.text == text else { return nil }
    }
}
