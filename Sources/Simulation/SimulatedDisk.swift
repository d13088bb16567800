package import Consensus
package import Primitives

/// A log with a sync: what was synced survives a crash, what was not survives up to a random place.
package struct SimulatedDisk: Sendable {
    package enum Entry: Sendable {
        case vote(Vote)
        case durable(Engine.Durable)
        case commit([Block], Certificate)
    }

    private var entries: [Entry] = []
    private var syncedCount = 0
    /// Bodies in the synced part.
    package private(set) var bodies: Set<Digest> = []
    /// Every finalised block in order, and with the last of each batch its finalization.
    package private(set) var finalised: [(block: Block, finalization: Certificate?)] = []

    package init() {}

    package mutating func append(_ entry: Entry) { entries.append(entry) }

    package mutating func sync() {
        for entry in entries[syncedCount...] { learn(entry) }
        syncedCount = entries.count
    }

    /// Loses what was not synced, from a random place on.
    package mutating func crash(with random: inout SeededGenerator) {
        let kept = syncedCount + Int(random.within(0...UInt64(entries.count - syncedCount)))
        entries.removeLast(entries.count - kept)
        sync()
    }

    /// What a validator in `seat` finds when it starts. Compacts the log to it.
    package mutating func restored(chain: ChainID, seat: Seat, epoch: ValidatorEpoch) -> Restored {
        sync()
        var head = FinalisedHead.genesis(of: chain)
        if let last = finalised.last {
            head = FinalisedHead(
                block: last.block.reference, height: Height(UInt64(finalised.count)), finalization: last.finalization)
        }
        var votes: [Vote] = []
        var certificates: [Certificate] = []
        var blocks: [Block] = []
        for entry in entries {
            switch entry {
            case .vote(let vote): votes.append(vote)
            case .durable(.certificate(let certificate)) where certificate.view > head.block.view:
                certificates.append(certificate)
            case .durable(.block(let block)) where block.view > head.block.view: blocks.append(block)
            case .durable, .commit: break
            }
        }
        let memory = Guard(votes: votes, of: seat, epoch: epoch)
        entries = memory.compacted(finalised: head.block.view).map { .vote($0) }
        entries += certificates.map { .durable(.certificate($0)) } + blocks.map { .durable(.block($0)) }
        syncedCount = entries.count
        return Restored(head: head, votes: memory, certificates: certificates, blocks: blocks)
    }

    private mutating func learn(_ entry: Entry) {
        switch entry {
        case .vote, .durable(.certificate): break
        case .durable(.block(let block)): bodies.insert(block.hash)
        case .commit(let blocks, let finalization):
            for block in blocks {
                bodies.insert(block.hash)
                finalised.append((block, block.hash == finalization.hash ? finalization : nil))
            }
        }
    }
}
