import Consensus
import Primitives
import Simulation
import Testing
import Wire

/// What it costs to catch up is counted in blocks looked at, which is the same on every machine.
@Suite("Catching up costs as much per block, however many are missing")
struct CatchUpTests {
    @Test("S-6: from a finalization downwards, block by block", arguments: [60, 360])
    func downwards(_ count: Int) {
        var laggard = Laggard(behind: count)
        laggard.hear(certificate(.finalize, UInt64(count), laggard.chain[count - 1].hash))
        laggard.catchUp()
        #expect(laggard.committed == laggard.chain.map(\.hash))
        #expect(laggard.probe.engine.work <= UInt64(count) * 30)
    }

    @Test("S-6: from the head upwards, in batches with a finalization each", arguments: [60, 360])
    func upwards(_ count: Int) {
        var laggard = Laggard(behind: count, servesBatches: true)
        laggard.hear(certificate(.finalize, UInt64(count), laggard.chain[count - 1].hash))
        laggard.catchUp()
        #expect(laggard.committed == laggard.chain.map(\.hash))
        #expect(laggard.probe.engine.work <= UInt64(count) * 30)
    }

    @Test("S-6: while the chain goes on above, and every third block is lost on its way", arguments: [60, 360])
    func behindLiveChain(_ count: Int) {
        var laggard = Laggard(behind: count)
        for block in laggard.chain {
            if block.view.rawValue % 3 != 0, block.view.rawValue > 10 { laggard.hear(block) }
            laggard.hear(certificate(.notarize, block.view.rawValue, block.hash))
            if block.view.rawValue % 7 == 0 {
                laggard.hear(certificate(.finalize, block.view.rawValue, block.hash))
            }
        }
        laggard.hear(certificate(.finalize, UInt64(count), laggard.chain[count - 1].hash))
        laggard.catchUp()
        #expect(laggard.committed == laggard.chain.map(\.hash))
        #expect(laggard.probe.engine.work <= UInt64(count) * 120)
    }

    @Test("S-6: with a table that holds a tenth of what is missing")
    func smallTable() {
        var limits = Limits()
        limits.blocksMax = 36
        var laggard = Laggard(behind: 360, servesBatches: true, limits: limits)
        laggard.hear(certificate(.finalize, 360, laggard.chain[359].hash))
        laggard.catchUp()
        #expect(laggard.committed == laggard.chain.map(\.hash))
        #expect(laggard.probe.engine.load.blocks == 0)
        #expect(laggard.probe.engine.work <= 360 * 100)
    }

    @Test("S-6: what stands beside a finalised block is dropped with all that stands on it, and nothing else is")
    func losers() {
        var probe = Probe()
        let first = block(1)
        let second = block(2, on: first)
        let third = block(5, on: second)
        let trunk = [first, second, third, block(6, on: third)]
        // Another one on the first block, with a child; and a child of the finalised one.
        let fork = block(3, on: first)
        let above = block(4, on: fork)
        let heir = block(7, on: trunk[3])
        for each in trunk + [fork, above, heir] {
            _ = probe.hear(certificate(.notarize, each.view.rawValue, each.hash))
            _ = probe.hear(each)
        }
        _ = probe.hear(certificate(.finalize, 6, trunk[3].hash))
        var dropped: [Digest] = []
        for each in trunk {
            for case .drop(let hashes) in probe.engine.receive(.validated(each.hash, .valid)) { dropped += hashes }
        }
        #expect(dropped == [fork.hash, above.hash].sorted())
        #expect(probe.engine.load.blocks == 1)
        #expect(probe.engine.block(heir.hash) == heir)
    }
}

/// The blocks of the views from 1, each on the one before.
private let longChain: [Block] = {
    var blocks: [Block] = []
    for view in 1...UInt64(360) { blocks.append(block(view, on: blocks.last)) }
    return blocks
}()

/// An engine that has missed blocks, and peers that give it what it asks for.
private struct Laggard {
    let chain: [Block]
    var probe: Probe
    private(set) var committed: [Digest] = []
    private let places: [Digest: Int]
    private let servesBatches: Bool
    private var orders: [Engine.Action] = []

    init(behind count: Int, servesBatches: Bool = false, limits: Limits = Limits()) {
        chain = Array(longChain.prefix(count))
        places = Dictionary(uniqueKeysWithValues: chain.enumerated().map { ($1.hash, $0) })
        self.servesBatches = servesBatches
        probe = Probe(limits: limits)
        orders = probe.start()
    }

    mutating func hear(_ block: Block) { orders += probe.hear(block) }
    mutating func hear(_ certificate: Certificate) { orders += probe.hear(certificate) }

    /// Does what the engine asks for, one thing after the other, and lets time pass when it asks for nothing.
    mutating func catchUp() {
        for _ in 0..<chain.count * 20 where committed.count < chain.count {
            let next = orders
            orders = next.isEmpty ? probe.fire(.fetch) : []
            for order in next { answer(order) }
        }
    }

    private mutating func answer(_ order: Engine.Action) {
        switch order {
        case .validate(let hash, _): orders += probe.engine.receive(.validated(hash, .valid))
        case .commit(let blocks, _): committed += blocks.map(\.hash)
        case .fetch(.block(let hash), _): if let place = places[hash] { hear(chain[place]) }
        case .fetch(.finalised(let height), _) where servesBatches:
            let batch = chain.dropFirst(Int(height.rawValue)).prefix(CatchUpResponse.proposalCountMax)
            guard let last = batch.last else { return }
            hear(certificate(.finalize, last.view.rawValue, last.hash))
            for block in batch { hear(block) }
        default: break
        }
    }
}
