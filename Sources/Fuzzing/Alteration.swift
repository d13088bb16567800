/// What somebody in the middle does to bytes, as a script says: three bytes for each change. So a fuzzer that knows
/// nothing of keys and hashes gets past them, since it changes what is genuine.
package struct Alteration {
    private var script: ArraySlice<UInt8>

    package init(script: some Collection<UInt8>) { self.script = Array(script)[...] }

    /// No change is left.
    package var isDone: Bool { script.count < 3 }

    /// `bytes` after the next change of the script; as they are when there is none.
    package mutating func change(_ bytes: [UInt8]) -> [UInt8] {
        guard let what = script.popFirst(), let start = script.popFirst(), let value = script.popFirst(),
            !bytes.isEmpty
        else { return bytes }
        var bytes = bytes
        let place = (Int(start) << 3 | Int(what >> 5)) % bytes.count
        switch what & 0x0f {
        case 0: bytes[place] ^= max(1, value)
        case 1: bytes = Array(bytes.prefix(place))
        case 2: bytes += bytes.suffix(Int(value))
        case 3: bytes.insert(value, at: place)
        case 4: bytes.remove(at: place)
        case 5: bytes = Array(bytes[place...] + bytes[..<place])
        default: break
        }
        return bytes
    }

    /// `list` after the next change of the script: an element changed, left out, repeated, or put elsewhere.
    package mutating func change<Element>(_ list: [Element], with other: (UInt8) -> Element) -> [Element] {
        guard let what = script.popFirst(), let start = script.popFirst(), let value = script.popFirst() else {
            return list
        }
        var list = list
        let place = Int(start) % (list.count + 1)
        switch what & 0x07 {
        case 0 where place < list.count: list[place] = other(value)
        case 1 where place < list.count: list.remove(at: place)
        case 2: list.insert(other(value), at: place)
        case 3 where place < list.count: list.swapAt(place, Int(value) % list.count)
        case 4 where place < list.count: list.insert(list[place], at: Int(value) % (list.count + 1))
        case 5: list = Array(list.prefix(place))
        default: break
        }
        return list
    }
}
