import Consensus
import Crypto
package import EventLoop
import Primitives
import Wire

/// The promises of one key on one chain, in a file of their own: 257 slots of 512 bytes, written in place.
///
/// Slot 0 is the head: `SOTTOSGN`, version 1 (u8), key (32), chain (32), zeros. Slot 1 + n mod 256 holds promise n,
/// counted from 1: number (u64), validator epoch (u64), view (u64), ballot kind (u8), block hash (32), signature (64),
/// zeros. Each slot ends with the first 8 bytes of the SHA-256 of all before them; numbers are big-endian. A slot that
/// was being written when the power went is not durable, so its signature never left, and it is passed over; a hole
/// further back is damage, and the file is refused.
final class GuardFile {
    static let slotByteCount = 512
    static let slotCount = 256
    static let byteCount = slotByteCount * (slotCount + 1)
    /// Promises that are made durable together, at most; a power cut may tear these.
    static let batchMax = 16
    private static let magic = Array("SOTTOSGN".utf8) + [1]

    private let file: LockedFile
    private(set) var memory: SigningGuard
    /// Of the promise written last; zero before the first.
    private var number: UInt64

    /// Opens the file of a key and chain, or makes it.
    /// - Throws: `SignerMemoryError`.
    init(path: String, key: PublicKey, chain: ChainID) throws(SignerMemoryError) {
        let head = Self.slot(Self.magic + key.bytes + chain.bytes)
        do {
            file = try Self.open(path, head)
            let content = try file.content(limit: Self.byteCount + 1)
            guard content.count == Self.byteCount, content.starts(with: Self.magic) else {
                throw SignerMemoryError.damaged(path)
            }
            guard content.starts(with: head) else { throw SignerMemoryError.otherKey(path) }
            let found = (1...Self.slotCount).compactMap { Self.promise(in: content, slot: $0) }
                .sorted { $0.number < $1.number }
            number = found.last?.number ?? 0
            guard Self.isWhole(found.map(\.number)) else { throw SignerMemoryError.damaged(path) }
            memory = SigningGuard()
            for entry in found { memory.keep(entry.promise) }
            try fill(found)
        } catch let error as SignerMemoryError {
            throw error
        } catch let error as LockedFile.Failure {
            throw .file(path, error)
        } catch {
            throw .damaged(path)
        }
    }

    private static func open(_ path: String, _ head: [UInt8]) throws(LockedFile.Failure) -> LockedFile {
        do throws(LockedFile.Failure) {
            return try LockedFile(opening: path)
        } catch {
            guard error == .missing else { throw error }
            let empty = [UInt8](repeating: 0, count: byteCount - slotByteCount)
            return try LockedFile(creating: path, content: head + empty)
        }
    }

    /// Gives the numbers that a power cut tore the promise before them, so that a later hole is damage again.
    private func fill(_ found: [(number: UInt64, promise: SigningGuard.Promise)]) throws(LockedFile.Failure) {
        guard let last = found.last, let first = found.first else { return }
        var (current, isFilled) = (first.promise, false)
        let known = Dictionary(found.map { ($0.number, $0.promise) }) { first, _ in first }
        for number in Self.firstNumber(upTo: last.number)...last.number {
            if let promise = known[number] {
                current = promise
            } else {
                try file.write(Self.encode(current, number), at: Self.offset(of: number))
                isFilled = true
            }
        }
        if isFilled { try file.sync() }
    }

    /// Makes promises durable. After an error nothing of them may leave; the memory holds them all the same, so that
    /// what may be on the disk is not contradicted.
    func keep(_ promises: [SigningGuard.Promise]) throws(SigningRefusal) {
        do throws(LockedFile.Failure) {
            var count = 0
            for promise in promises where memory.keep(promise) {
                number += 1
                count += 1
                hasUnsynced = true
                try file.write(Self.encode(promise, number), at: Self.offset(of: number))
                if count % Self.batchMax == 0 { try file.sync() }
            }
            guard hasUnsynced else { return }
            try file.sync()
            hasUnsynced = false
        } catch {
            throw .memoryFailed
        }
    }

    /// A sync failed: nothing is repeated before one has succeeded.
    private(set) var hasUnsynced = false

    private static func offset(of number: UInt64) -> Int {
        slotByteCount * (1 + Int(number % UInt64(slotCount)))
    }

    private static func slot(_ content: [UInt8]) -> [UInt8] {
        var bytes = content + [UInt8](repeating: 0, count: slotByteCount - 8 - content.count)
        bytes += SHA256.hash(bytes).bytes.prefix(8)
        return bytes
    }

    private static func encode(_ promise: SigningGuard.Promise, _ number: UInt64) -> [UInt8] {
        let ballot = promise.ballot
        return slot(
            bigEndian(number) + bigEndian(ballot.epoch.rawValue) + bigEndian(ballot.view.rawValue)
                + [ballot.kind.rawValue] + ballot.hash.bytes + promise.signature.bytes)
    }

    private static func promise(
        in content: [UInt8], slot: Int
    ) -> (number: UInt64, promise: SigningGuard.Promise)? {
        let bytes = Array(content[slot * slotByteCount..<(slot + 1) * slotByteCount])
        func number(_ offset: Int) -> UInt64 { bytes[offset..<offset + 8].reduce(0) { $0 << 8 | UInt64($1) } }
        guard number(0) > 0, Self.offset(of: number(0)) == slot * slotByteCount,
            SHA256.hash(Array(bytes.dropLast(8))).bytes.prefix(8).elementsEqual(bytes.suffix(8)),
            let kind = Ballot.Kind(rawValue: bytes[24]), let hash = Digest(bytes[25..<57]),
            let signature = Signature(bytes[57..<121])
        else { return nil }
        let ballot = Ballot(
            kind: kind, epoch: ValidatorEpoch(number(8)), view: View(number(16)), hash: hash)
        return (number(0), SigningGuard.Promise(ballot: ballot, signature: signature))
    }

    /// The oldest promise that the slots have room for when `last` is the newest.
    private static func firstNumber(upTo last: UInt64) -> UInt64 {
        last > UInt64(slotCount) ? last - UInt64(slotCount) + 1 : 1
    }

    /// Whether of the last promises only such as were being written are missing.
    private static func isWhole(_ numbers: [UInt64]) -> Bool {
        guard let last = numbers.last else { return true }
        let known = Set(numbers)
        // What was being written lies above what was durable before, and overwrote the oldest.
        let firstSure = last > UInt64(slotCount) ? firstNumber(upTo: last) + UInt64(batchMax) : 1
        let lastSure = last > UInt64(batchMax) ? last - UInt64(batchMax) : 0
        guard firstSure <= lastSure else { return true }
        return (firstSure...lastSure).allSatisfy(known.contains)
    }
}

/// Why the memory of a signer cannot be used.
package enum SignerMemoryError: Error, Hashable, Sendable {
    case file(String, LockedFile.Failure)
    /// The file is not what was written.
    case damaged(String)
    /// The file belongs to another key or chain.
    case otherKey(String)
}
