package import Primitives

/// The way from the root to a node: the first `count` nibbles of a hashed key.
package struct NibblePath: Hashable, Comparable, Sendable {
    package static let root = NibblePath(.zero, count: 0)

    /// The nibbles, the rest zero.
    package let nibbles: Bytes32
    /// 0 through 64.
    package let count: Int

    private init(_ nibbles: Bytes32, count: Int) {
        self.nibbles = nibbles
        self.count = count
    }

    /// The path one nibble longer.
    package func appending(_ nibble: UInt8) -> NibblePath {
        var words = nibbles.words
        let bits = UInt64(nibble) << UInt64(60 - 4 * (count % 16))
        switch count / 16 {
        case 0: words.0 |= bits
        case 1: words.1 |= bits
        case 2: words.2 |= bits
        default: words.3 |= bits
        }
        return NibblePath(Bytes32(words: words), count: count + 1)
    }

    package static func < (left: NibblePath, right: NibblePath) -> Bool {
        left.nibbles != right.nibbles ? left.nibbles < right.nibbles : left.count < right.count
    }
}

extension Digest {
    /// Nibble `index` from the most significant one.
    func nibble(_ index: Int) -> UInt8 {
        let words = raw.words
        let word = index < 16 ? words.0 : index < 32 ? words.1 : index < 48 ? words.2 : words.3
        return UInt8(truncatingIfNeeded: word >> UInt64(60 - 4 * (index % 16)) & 15)
    }
}

/// Where a node is stored: the height of the block that wrote it, then its path. Nodes are written once and never
/// changed, so one store holds many versions of the tree.
package struct TreeNodeKey: Hashable, Comparable, Sendable {
    package let version: Height
    package let path: NibblePath

    package init(version: Height, path: NibblePath) {
        self.version = version
        self.path = path
    }

    /// The path is that of a hash: its first 16 nibbles tell nodes of one version apart as well as all do.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(version)
        hasher.combine(path.nibbles.words.0 ^ UInt64(path.count))
    }

    /// Height u64 big-endian, count of nibbles u8, the nibbles, two to a byte, the last half zero if odd.
    package var bytes: [UInt8] {
        let byteCount = 9 + (path.count + 1) / 2
        var output: [UInt8] = []
        output.reserveCapacity(41)
        output.appendBigEndian(version.rawValue)
        output.append(UInt8(path.count))
        path.nibbles.append(to: &output)
        output.removeLast(output.count - byteCount)
        return output
    }

    package static func < (left: TreeNodeKey, right: TreeNodeKey) -> Bool {
        left.version != right.version ? left.version < right.version : left.path < right.path
    }
}

/// A leaf of the state tree: which key, and the hash of what stands under it.
package struct TreeLeaf: Hashable, Sendable {
    package let key: Digest
    package let value: Digest

    package init(key: Digest, value: Digest) {
        self.key = key
        self.value = value
    }

    /// H(0x00 ‖ key hash ‖ value hash).
    package func hash(with hash: inout some Hashing) -> Digest { hash.digest(prefix: 0x00, key, value) }
}

/// How a node, or the state as a whole, refers to a subtree.
package struct TreeChild: Hashable, Sendable {
    /// The height that wrote it.
    package let version: Height
    package let hash: Digest
    package let isLeaf: Bool

    package init(version: Height, hash: Digest, isLeaf: Bool) {
        self.version = version
        self.hash = hash
        self.isLeaf = isLeaf
    }
}

/// A node as stored. One stored inner node stands for four levels of the binary tree that the hashes speak of.
package enum TreeNode: Hashable, Sendable {
    case leaf(TreeLeaf)
    case inner(TreeInner)

    /// The stored form. A leaf: 0x00, key hash, value hash. An inner node: 0x01, u16 bitmap of the children present
    /// (most significant bit first), u16 bitmap of those that are leaves, then for each child its version u64 and
    /// its hash. Integers big-endian.
    package var bytes: [UInt8] {
        switch self {
        case .leaf(let leaf):
            var output: [UInt8] = []
            output.reserveCapacity(65)
            output.append(0x00)
            leaf.key.raw.append(to: &output)
            leaf.value.raw.append(to: &output)
            return output
        case .inner(let inner):
            var present: UInt16 = 0
            var leaves: UInt16 = 0
            for slot in inner.slots {
                present |= 0x8000 >> UInt16(slot.nibble)
                if slot.child.isLeaf { leaves |= 0x8000 >> UInt16(slot.nibble) }
            }
            var output: [UInt8] = []
            output.reserveCapacity(5 + 40 * inner.slots.count)
            output.append(0x01)
            output.append(UInt8(present >> 8))
            output.append(UInt8(truncatingIfNeeded: present))
            output.append(UInt8(leaves >> 8))
            output.append(UInt8(truncatingIfNeeded: leaves))
            for slot in inner.slots {
                output.appendBigEndian(slot.child.version.rawValue)
                slot.child.hash.raw.append(to: &output)
            }
            return output
        }
    }

    /// Nil unless these are the bytes of one node.
    package init?(_ bytes: [UInt8]) {
        switch bytes.first {
        case 0x00:
            guard bytes.count == 65, let key = Digest(bytes.span.extracting(1..<33)),
                let value = Digest(bytes.span.extracting(33..<65))
            else { return nil }
            self = .leaf(TreeLeaf(key: key, value: value))
        case 0x01:
            guard bytes.count >= 5 else { return nil }
            let present = UInt16(bytes[1]) << 8 | UInt16(bytes[2])
            let leaves = UInt16(bytes[3]) << 8 | UInt16(bytes[4])
            guard present != 0, leaves & ~present == 0, bytes.count == 5 + 40 * present.nonzeroBitCount else {
                return nil
            }
            var slots: [TreeInner.Slot] = []
            slots.reserveCapacity(present.nonzeroBitCount)
            for nibble in UInt8(0)..<16 where present & (0x8000 >> UInt16(nibble)) != 0 {
                let start = 5 + 40 * slots.count
                guard let hash = Digest(bytes.span.extracting(start + 8..<start + 40)) else { return nil }
                var version: UInt64 = 0
                for index in start..<start + 8 { version = version << 8 | UInt64(bytes[index]) }
                let isLeaf = leaves & (0x8000 >> UInt16(nibble)) != 0
                slots.append(
                    .init(nibble: nibble, child: TreeChild(version: Height(version), hash: hash, isLeaf: isLeaf)))
            }
            self = .inner(TreeInner(slots))
        default: return nil
        }
    }
}

/// A stored inner node: up to 16 children in the order of their nibbles.
package struct TreeInner: Hashable, Sendable {
    package struct Slot: Hashable, Sendable {
        package let nibble: UInt8
        package let child: TreeChild

        package init(nibble: UInt8, child: TreeChild) {
            self.nibble = nibble
            self.child = child
        }
    }

    /// In ascending order of nibbles.
    package let slots: [Slot]

    package init(_ slots: [Slot]) { self.slots = slots }

    /// The hash of the four binary levels: what stands in the parent.
    package func hash(with hash: inout some Hashing) -> Digest { Self.fold(slots[...], width: 16, with: &hash) }

    /// The hash of a part of the node: `width` (16, 8, 4, 2 or 1) nibbles that all given slots lie in. Nothing is 32
    /// zero bytes; one leaf is that leaf, however wide the part (rule LG-31).
    static func fold(_ part: ArraySlice<Slot>, width: UInt8, with hash: inout some Hashing) -> Digest {
        guard let only = part.first else { return .zero }
        if width == 1 || part.count == 1 && only.child.isLeaf { return only.child.hash }
        let (left, right) = split(part, width: width)
        let leftHash = fold(left, width: width / 2, with: &hash)
        return hash.digest(prefix: 0x01, leftHash, fold(right, width: width / 2, with: &hash))
    }

    /// The halves of a part: by the bit that its width names.
    static func split(_ part: ArraySlice<Slot>, width: UInt8) -> (ArraySlice<Slot>, ArraySlice<Slot>) {
        let middle = part.firstIndex { $0.nibble & (width / 2) != 0 } ?? part.endIndex
        return (part[..<middle], part[middle...])
    }
}

extension [UInt8] {
    /// Eight bytes, most significant first.
    fileprivate mutating func appendBigEndian(_ value: UInt64) {
        for shift in stride(from: UInt64(56), through: 0, by: -8) {
            append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }
}
