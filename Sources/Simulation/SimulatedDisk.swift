package import Consensus
package import Primitives
import Wire

/// A log with a sync, and checksums: what was synced survives a crash, what was not may be lost, all of it or from a
/// random place on, and what was changed behind its owner's back is noticed when it is read.
package struct SimulatedDisk: Sendable {
    package enum Entry: Sendable {
        case vote(Vote)
        case durable(Engine.Durable)
        case commit([Block], Certificate)
        case seal(Engine.Seal)
    }

    /// Something that was read is not what was written.
    package struct Damage: Error, Equatable {}

    private struct Record: Sendable {
        let entry: Entry
        var isSound = true
    }

    private struct Row: Sendable {
        let block: Block
        let finalization: Certificate?
        var isSound = true
    }

    private var records: [Record] = []
    private var syncedCount = 0
    private var rows: [Row] = []
    /// Bodies in the synced part.
    package private(set) var bodies: Set<Digest> = []
    /// How each validator epoch ended.
    package private(set) var seals: [ValidatorEpoch: Engine.Seal] = [:]
    /// Nothing more can be written.
    package var isFull = false

    package init() {}

    /// Finalised blocks in the synced part.
    package var height: Int { rows.count }
    package var isDamaged: Bool { records.contains { !$0.isSound } || rows.contains { !$0.isSound } }

    /// False when there is no room.
    package mutating func append(_ entry: Entry) -> Bool {
        guard !isFull else { return false }
        records.append(Record(entry: entry))
        return true
    }

    package mutating func sync() {
        for record in records[syncedCount...] { learn(record.entry) }
        syncedCount = records.count
    }

    /// Loses of what was not synced all, or what lies behind a random place, or nothing.
    package mutating func crash(tears: Bool, loses: Bool, with random: inout SeededGenerator) {
        let unsynced = records.count - syncedCount
        var kept = unsynced
        if tears, !loses || random.oneIn(2) { kept = random.below(unsynced + 1) } else if loses { kept = 0 }
        records.removeLast(unsynced - kept)
        sync()
    }

    /// Changes something that is stored; false when nothing is.
    package mutating func flip(with random: inout SeededGenerator) -> Bool {
        let count = syncedCount + rows.count
        guard count > 0 else { return false }
        let place = random.below(count)
        if place < syncedCount { records[place].isSound = false } else { rows[place - syncedCount].isSound = false }
        return true
    }

    /// At most `count` finalised blocks above `height`, of one validator epoch, cut at the last that has its
    /// finalization.
    package func finalised(above height: Int, atMost count: Int) throws(Damage) -> [(Block, Certificate?)] {
        guard height < rows.count else { return [] }
        let epoch = rows[height].block.header.epoch
        let rest = rows[height...].prefix { $0.block.header.epoch == epoch }
        let end = rest.prefix(count).lastIndex { $0.finalization != nil } ?? rest.firstIndex { $0.finalization != nil }
        guard let end else { return [] }
        guard rest[...end].allSatisfy(\.isSound) else { throw Damage() }
        return rest[...end].map { ($0.block, $0.finalization) }
    }

    /// What a validator in `seat`, or a follower, finds when it starts in `epoch`: its memory, and every finalised
    /// block, oldest first. Compacts the log to it.
    ///
    /// - Throws: when anything is damaged. Then nothing may be signed: a vote that cannot be read binds all the same.
    package mutating func restored(
        chain: ChainID, seat: Seat?, epoch: ValidatorEpoch
    ) throws(Damage) -> (memory: Restored, blocks: [Block]) {
        guard !isDamaged else { throw Damage() }
        var head = FinalisedHead.genesis(of: chain)
        if let last = rows.last {
            head = FinalisedHead(
                block: last.block.reference, height: Height(UInt64(rows.count)), record: last.block.header.record,
                finalization: last.finalization, echo: echo(above: last.block))
        }
        var votes: [Vote] = []
        var certificates: [Certificate] = []
        var blocks: [Block] = []
        for record in records {
            switch record.entry {
            case .vote(let vote): votes.append(vote)
            case .durable(.certificate(let certificate))
            where certificate.ballot.epoch == epoch && certificate.view > head.block.view:
                certificates.append(certificate)
            case .durable(.block(let block)) where block.header.epoch == epoch && block.view > head.block.view:
                blocks.append(block)
            case .durable, .commit, .seal: break
            }
        }
        let memory = Guard(votes: seat == nil ? [] : votes, of: seat ?? .zero, epoch: epoch)
        let entries: [Entry] =
            memory.compacted(finalised: head.block.view).map { .vote($0) }
            + certificates.map { .durable(.certificate($0)) } + blocks.map { .durable(.block($0)) }
        records = entries.map { Record(entry: $0) }
        syncedCount = records.count
        return (
            Restored(head: head, votes: memory, certificates: certificates, blocks: blocks), rows.map(\.block)
        )
    }

    /// Takes what is damaged as never written, which is wrong.
    package mutating func forgetDamaged() {
        records.removeAll { !$0.isSound }
        syncedCount = records.count
        guard let first = rows.firstIndex(where: { !$0.isSound }) else { return }
        let end = rows[..<first].lastIndex { $0.finalization != nil }.map { $0 + 1 } ?? 0
        rows.removeLast(rows.count - end)
    }

    private func echo(above block: Block) -> EngineHeader? {
        guard let seal = seals[block.header.epoch], seal.blocks.last?.hash == block.hash else { return nil }
        return seal.echoes.last?.header
    }

    private mutating func learn(_ entry: Entry) {
        switch entry {
        case .vote, .durable(.certificate): break
        case .durable(.block(let block)): bodies.insert(block.hash)
        case .commit(let blocks, let finalization): keep(blocks, finalization)
        case .seal(let seal):
            keep(seal.blocks, seal.finalization)
            seals[seal.finalization.ballot.epoch] = seal
        }
    }

    private mutating func keep(_ blocks: [Block], _ finalization: Certificate) {
        for block in blocks {
            bodies.insert(block.hash)
            rows.append(Row(block: block, finalization: block.hash == blocks.last?.hash ? finalization : nil))
        }
    }
}
