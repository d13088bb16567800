import KeyValue
package import Ledger
package import Primitives
import Synchronization

/// Hashes of the log lie in runs: those that one block added at one level, under the index of the first.
struct LogRun: Sendable {
    let start: UInt64
    private(set) var hashes: [UInt8]

    fileprivate init(start: UInt64, hashes: [UInt8]) {
        self.start = start
        self.hashes = hashes
    }

    /// The runs of a block's new nodes: level and run, in ascending order.
    static func runs(of nodes: [LogNode]) -> [(level: Int, run: LogRun)] {
        var runs: [(level: Int, run: LogRun)] = []
        for node in nodes.sorted(by: { ($0.level, $0.index) < ($1.level, $1.index) }) {
            if let last = runs.last, last.level == node.level, last.run.end == node.index {
                node.hash.raw.append(to: &runs[runs.count - 1].run.hashes)
            } else {
                runs.append((node.level, LogRun(start: node.index, hashes: node.hash.bytes)))
            }
        }
        return runs
    }

    private var end: UInt64 { start + UInt64(hashes.count / 32) }

    func hash(at index: UInt64) -> Digest? {
        guard index >= start, index < end else { return nil }
        let first = Int(index - start) * 32
        return Digest(hashes[first..<first + 32])
    }
}

extension ChainStore {
    func add(_ nodes: [LogNode], to batch: inout WriteBatch) {
        for (level, run) in LogRun.runs(of: nodes) {
            batch.put(ChainTable.log.key([UInt8(truncatingIfNeeded: level)], bigEndian(run.start)), run.hashes)
        }
    }

    package func logHash(level: Int, index: UInt64) throws(StateError) -> Digest? {
        // Readers want neighbours: proofs the same few, tiles one after the other.
        if let hash = logRuns.withLock({ $0[level]?.hash(at: index) }) { return hash }
        let prefix = [UInt8(truncatingIfNeeded: level)]
        let range = KeyRange(from: ChainTable.log.key(prefix), upTo: ChainTable.log.key(prefix, bigEndian(index &+ 1)))
        do throws(KeyValueError) {
            guard let entry = try keys.entries(in: range, limit: 1, .descending).first else { return nil }
            let run = LogRun(start: bigEndian(entry.key[2...]), hashes: entry.value)
            logRuns.withLock { $0[level] = run }
            return run.hash(at: index)
        } catch {
            throw .storeFailed
        }
    }
}
