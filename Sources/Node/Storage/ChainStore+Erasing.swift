import Consensus
import Crypto
import KeyValue
import Ledger
import Primitives
import Synchronization
import Wire

/// How transactions that were erased leave the disk (rule LG-122).
///
/// With the block that erases, a mark is written, and from then on every reader is told *erased*. When it is due, the
/// entries of the blocks in question are replaced, in one synced batch with notes of where the bodies lie; then those
/// bytes are overwritten. Old values in LevelDB's files go when those are rewritten (``sweep()``). Mark and notes stay
/// until their work is done, so that a store which opens after a crash goes on where it stopped.
///
/// Which transactions an erasure is about says an index, written with each block. A commit carries out a bounded part,
/// so that nobody holds up the chain by erasing much at once.
extension ChainStore {
    /// Entries of the index that one step looks at.
    private static let stepMax = 64
    /// Bytes of blocks that one step writes anew, about.
    private static let stepByteCount = 4 << 20

    // MARK: With a block

    /// Notes which transactions an erasure may be about later, and what this block erases.
    func addErasures(of executed: ExecutedBlock, to batch: inout WriteBatch) {
        let height = executed.record.height
        for (index, transaction) in executed.transactions.enumerated() {
            Self.addErasable(transaction.transaction, height, index, to: &batch)
        }
        let subjects = executed.erasures
        guard !subjects.isEmpty else { return }
        let due = executed.record.time.adding(milliseconds: settings.erasureSeconds * 1_000)
        for subject in subjects {
            batch.put(Self.erasing(subject, due: due), bigEndian(height.rawValue))
            for key in executed.erasedFacts(of: subject) {
                batch.put(Self.sweepKey(ChainTable.state.key(key.bytes)), [])
            }
        }
        ledge.withLock { $0.nextErasure = min($0.nextErasure ?? due, due) }
    }

    private static func addErasable(
        _ transaction: Transaction, _ height: Height, _ index: Int, to batch: inout WriteBatch
    ) {
        for subject in ErasedSubject.subjects(of: transaction) {
            let place = bigEndian(height.rawValue) + bigEndian(UInt64(index)).suffix(4)
            batch.put(ChainTable.erasable.key(subject.stateKey.bytes, place), [])
        }
    }

    private static func erasing(_ subject: ErasedSubject, due: Timestamp) -> [UInt8] {
        ChainTable.erasing.key(bigEndian(due.rawValue), subject.stateKey.bytes)
    }

    // MARK: Erasing

    /// Carries out what is due at `time`, one step of it.
    func carryOutErasures(at time: Timestamp) throws(ChainStoreError) {
        guard let due = ledge.withLock({ $0.nextErasure }) else { return }
        if due <= time { try step(at: time) }
        try sweep()
    }

    /// What one step writes.
    private struct Step {
        var batch = WriteBatch()
        var places: [SegmentStore.Place] = []
        /// What is left of the blocks that it wrote already.
        var blocks: [Height: ErasedBlock] = [:]
        /// Entries of the index that it may still look at.
        var left = ChainStore.stepMax
    }

    private func step(at time: Timestamp) throws(ChainStoreError) {
        let marks = try entries(.prefix([ChainTable.erasing.rawValue]), limit: Self.stepMax)
        var step = Step()
        var next: Timestamp?
        for mark in marks where next == nil {
            let due = Timestamp(bigEndian(mark.key[1..<9]))
            if due > time {
                next = due
            } else if try carryOut(mark, &step) {
                step.batch.delete(mark.key)
            } else {
                next = due
            }
        }
        if next == nil, marks.count == Self.stepMax { next = time }
        try write(step.batch, synced: true)
        try scrub(step.places)
        // Until here readers looked for themselves what is erased.
        let found = next
        ledge.withLock { $0.nextErasure = found }
    }

    /// Whether all that the mark is about is done.
    private func carryOut(_ mark: KeyValueCursor.Entry, _ step: inout Step) throws(ChainStoreError) -> Bool {
        guard mark.key.count == 74, let key = StateKey(Array(mark.key[9...])), let subject = ErasedSubject(key) else {
            throw .damaged(ChainTable.erasing.name)
        }
        let range = KeyRange(
            from: ChainTable.erasable.key(key.bytes),
            upTo: ChainTable.erasable.key(key.bytes, bigEndian(bigEndian(mark.value) + 1)))
        let limit = step.left
        guard limit > 0 else { return false }
        var found = try entries(range, limit: limit)[...]
        let isAll = found.count < limit
        step.left -= found.count
        while let entry = found.first {
            guard step.batch.byteCount < Self.stepByteCount else { return false }
            let height = Height(bigEndian(entry.key[66..<74]))
            try erase(subject, at: height, &step)
            while let same = found.first, Height(bigEndian(same.key[66..<74])) == height {
                step.batch.delete(same.key)
                found.removeFirst()
            }
        }
        return isAll
    }

    /// Replaces a block's entry by what is left of the block.
    private func erase(_ subject: ErasedSubject, at height: Height, _ step: inout Step) throws(ChainStoreError) {
        var hash = SHA256()
        let known = step.blocks[height]
        guard let place = try place(at: height) else { return }
        var left = known
        if left == nil { left = try keptRemnant(at: height) }
        guard let before = left else { return }
        let found = before.erasing(with: &hash) { ErasedSubject.subjects(of: $0).contains(subject) ? subject : nil }
        guard let after = found else { return }
        step.batch.put(ChainTable.block.key(height), BodyPlace.erased(after.encoded).bytes)
        step.blocks[height] = after
        guard known == nil else { return }
        switch place {
        case .pending(let reference, _):
            step.batch.delete(ChainTable.pendingBlock.key(reference.view, reference.hash.bytes))
        case .segment(let place):
            step.batch.put(Self.scrubKey(place), [])
            step.places.append(place)
        case .erased, .inline: step.batch.put(Self.sweepKey(ChainTable.block.key(height)), [])
        }
        // Bodies came to segment files through here, and so did those of blocks that were never final.
        step.batch.put(Self.sweepKey([ChainTable.pendingBlock.rawValue]), [])
    }

    // MARK: Segment files

    /// Overwrites bodies; the notes stay, so that their places are never used again.
    private func scrub(_ places: [SegmentStore.Place]) throws(ChainStoreError) {
        guard !places.isEmpty else { return }
        try segments.scrub(places)
        var batch = WriteBatch()
        for place in places { batch.put(Self.scrubKey(place), [1]) }
        try write(batch, synced: false)
    }

    private static func scrubKey(_ place: SegmentStore.Place) -> [UInt8] {
        ChainTable.scrub.key(Array(BodyPlace.segment(place).bytes.dropFirst()))
    }

    private func scrubs() throws(ChainStoreError) -> [(place: SegmentStore.Place, isDone: Bool)] {
        var found: [(place: SegmentStore.Place, isDone: Bool)] = []
        for entry in try entries(.prefix([ChainTable.scrub.rawValue]), limit: .max) {
            guard case .segment(let place)? = BodyPlace([0x02] + entry.key.dropFirst()) else {
                throw .damaged(ChainTable.scrub.name)
            }
            found.append((place, !entry.value.isEmpty))
        }
        return found
    }

    /// The last place in the files that something was erased from.
    func lastScrubbed() throws(ChainStoreError) -> SegmentStore.Place? { try scrubs().last?.place }

    // MARK: Opening

    /// Finishes what a crash left half done, and undoes what an old copy of a file brought back.
    func finishErasures() throws(ChainStoreError) {
        try indexErasable()
        var places: [SegmentStore.Place] = []
        for (place, isDone) in try scrubs() {
            if isDone, try segments.isScrubbed(place) { continue }
            places.append(place)
        }
        try scrub(places)
        let time = try storedTip().tip.record.time
        repeat { try step(at: time) } while ledge.withLock { $0.nextErasure.map { $0 <= time } ?? false }
        try finishSweeping()
    }

    /// A store of an older layout, or one that a snapshot was restored to, has no index yet, and may have marks.
    private func indexErasable() throws(ChainStoreError) {
        guard try read(.indexed, ChainTable.indexed.key(), { $0 }) == nil else { return }
        let tip = try storedTip().tip.record.height
        var batch = WriteBatch()
        var height = max(floor, Height(1))
        while height <= tip {
            for (index, slot) in (try keptRemnant(at: height)?.slots ?? []).enumerated() {
                guard case .whole(let bytes) = slot else { continue }
                guard let signed = try? SignedObject(decoding: bytes),
                    let transaction = try? Transaction(decoding: signed.body)
                else { throw .damaged(ChainTable.block.name) }
                Self.addErasable(transaction, height, index, to: &batch)
            }
            if batch.byteCount > 1 << 20 {
                try write(batch, synced: false)
                batch = WriteBatch()
            }
            height = height.next
        }
        for entry in try entries(.prefix([ChainTable.state.rawValue, StatePrefix.erased.rawValue]), limit: .max) {
            guard let key = StateKey(Array(entry.key.dropFirst())), let subject = ErasedSubject(key),
                let mark = try? ErasedEntry(decoding: entry.value)
            else { throw .damaged(ChainTable.state.name) }
            batch.put(Self.erasing(subject, due: .zero), bigEndian(mark.height.rawValue))
        }
        batch.put(ChainTable.indexed.key(), [])
        try write(batch, synced: true)
    }
}
