package import Primitives
import Wire

/// Puts the outer layer on, or changes it for that of the next rights epoch, shard by shard. The plan is here; keys and
/// bytes are the shell's.
///
/// A holder takes each old shard, checks its outer CID, mixes in the old and the new keystream of the shard's index and
/// reports the new CID. It needs no inner manifest and sees no plaintext: what lies beneath is still sealed by the
/// lease-group keys.
package struct OuterRotation: Equatable, Sendable {
    /// What the shell does for one shard.
    package struct Step: Equatable, Sendable {
        /// The outer stream's number, in the old layer and in the new one.
        package let index: UInt64
        /// What to fetch: the outer block of the old epoch, or the inner block when there is no layer yet.
        package let source: BlockLink
        /// Pad with zeros to this size first; the source's own size when it is padded already.
        package let paddedSize: Int
        /// Take the old keystream off first.
        package let removesOldLayer: Bool
    }

    package let recording: RecordingID
    package let epoch: RightsEpoch
    package let parityShards: Int
    package let steps: [Step]
    private var results: [UInt64: BlockLink] = [:]

    /// From no layer to the first.
    package init(wrapping layout: ShardLayout, of recording: RecordingID, epoch: RightsEpoch) {
        self.recording = recording
        self.epoch = epoch
        parityShards = 0
        steps = layout.shards.map {
            Step(index: $0.index, source: $0.block, paddedSize: $0.paddedSize, removesOldLayer: false)
        }
    }

    /// From one layer to a later one.
    /// - Throws: `RecordingError.outOfOrder` unless the epoch rises.
    package init(rotating old: OuterManifest, to epoch: RightsEpoch) throws(RecordingError) {
        guard epoch > old.epoch else { throw .outOfOrder }
        recording = old.recording
        self.epoch = epoch
        parityShards = old.parityShards
        steps = old.shards.map {
            Step(index: $0.index, source: $0.link, paddedSize: $0.link.size, removesOldLayer: true)
        }
    }

    package var isDone: Bool { results.count == steps.count }

    /// Steps not reported yet, in order: where to go on after a restart.
    package var remaining: [Step] { steps.filter { results[$0.index] == nil } }

    /// Takes the outcome of one step.
    /// - Throws: `RecordingError.mismatch` when the size is wrong, or another outcome stood there: the layer is
    ///   deterministic, so one of them is false. `.notFound` for an index that is not planned.
    package mutating func completed(_ index: UInt64, _ outer: BlockLink) throws(RecordingError) {
        guard let step = step(index) else { throw .notFound }
        guard outer.cid.codec == .raw, outer.size == step.paddedSize, results[index] ?? outer == outer else {
            throw .mismatch
        }
        results[index] = outer
    }

    /// The new manifest.
    /// - Throws: `RecordingError.outOfOrder` before every step is done.
    package func manifest() throws(RecordingError) -> OuterManifest {
        guard isDone else { throw .outOfOrder }
        return try OuterManifest(
            recording: recording, epoch: epoch, parityShards: parityShards,
            shards: steps.compactMap { step in results[step.index].map { OuterShard(index: step.index, link: $0) } })
    }

    /// Steps ascend by index.
    private func step(_ index: UInt64) -> Step? {
        var low = 0
        var high = steps.count
        while low < high {
            let middle = (low + high) / 2
            if steps[middle].index < index { low = middle + 1 } else { high = middle }
        }
        return low < steps.count && steps[low].index == index ? steps[low] : nil
    }
}

extension OuterManifest {
    /// Indices at which two manifests of one recording and epoch differ, or that only one of them has; ascending. None
    /// means that both holders did the same.
    package func differences(from other: OuterManifest) -> [UInt64] {
        let mine = Set(shards)
        let theirs = Set(other.shards)
        return Set(mine.symmetricDifference(theirs).map(\.index)).sorted()
    }
}
