import Consensus
import Crypto
import EventLoop
import Ledger
import Node
import Primitives
import Testing
import Wire

@Suite("A stopped node's data across validator epochs", .timeLimit(.minutes(2)))
struct EpochStorageTests {
    private func replay(_ world: EpochStore) throws -> ChainStore {
        let target = try ChainStore(path: world.scratch.path + "/replay", rules: world.rules)
        var replay = try LedgerReplay(world.store, into: target, rules: world.rules)
        _ = try replay.run(upTo: try world.tip.record.height)
        return target
    }

    private func chain(_ world: EpochStore) throws -> (ChainActor, EpollLoop) {
        let loop = try EpollLoop(name: "chain")
        let node = world.documents.nodes[0]
        let chain = try ChainActor(
            on: loop, rules: world.rules, store: world.store, member: node.member,
            signer: LocalSigner(SoftwareKey(node.keys.sign)), network: .none, log: .silent)
        return (chain, loop)
    }

    @Test("An epoch that echoes sealed keeps its proof when it is executed again")
    func replaying() throws {
        let world = try EpochStore()
        try world.fill(to: 10, echoes: [4: 2])
        let target = try replay(world)
        #expect(try world.trail(target) == world.trail(world.store))
        #expect(try target.echoes(above: Height(4)) == world.store.echoes(above: Height(4)))
        for height in 1...10 {
            let proof = target.finalityProof(of: Height(UInt64(height)))
            #expect(proof != nil && proof == world.store.finalityProof(of: Height(UInt64(height))))
        }
        #expect(try world.verify(target).executedBlocks == 10)
        target.close()
    }

    @Test("A store rolled back above an epoch that echoes sealed still proves it, and a bundle made there holds")
    func rollback() async throws {
        let world = try EpochStore()
        try world.fill(to: 7, echoes: [4: 2])
        let id = try world.add([try world.documents.admission()]).transactions[0].id
        try world.fill(to: 11)
        let trail = try world.trail(world.store)
        world.store.close()
        _ = try StoreRollback.run(world.path, to: Height(9), rules: world.rules, settings: FilledStore.small)
        try world.reopen()
        #expect(try world.tip.record.height == Height(9))
        #expect(try world.trail(world.store) == trail)
        _ = try world.verify(world.store)
        let (chain, loop) = try chain(world)
        await chain.start()
        try await eventually("the chain is where it was") { await chain.currentTip.record.height >= Height(11) }
        var bundle = try await chain.claims(of: [id], [StateKey(.validators)])
        bundle = ProofBundle(
            logs: bundle.logs, facts: bundle.facts, record: bundle.record, genesis: bundle.genesis,
            finality: bundle.finality,
            handovers: try world.store.handovers(
                from: .zero, limit: Int(bundle.record.epoch.rawValue), rules: world.rules))
        let report = try BundleCheck.check(bundle, chain: world.rules.chain)
        #expect(report.handovers >= 2)
        #expect(report.statements.count == 2)
        await chain.stop()
        loop.stop()
    }

    @Test("A store whose newest block was sealed by echoes goes back, and gets there again by itself")
    func rollbackOfSeal() async throws {
        let world = try EpochStore()
        try world.fill(to: 8, echoes: [4: 1, 8: 2])
        let trail = try world.trail(world.store)
        world.store.close()
        _ = try StoreRollback.run(world.path, to: Height(6), rules: world.rules, settings: FilledStore.small)
        try world.reopen()
        #expect(try world.trail(world.store).newest.epoch == ValidatorEpoch(1))
        let (chain, loop) = try chain(world)
        await chain.start()
        try await eventually("the epoch ends again") { await chain.currentTip.record.height >= Height(8) }
        #expect(try world.store.echoes(above: Height(8)).count == 2)
        #expect(try world.trail(world.store).set(of: ValidatorEpoch(2)) == trail.newest)
        await chain.stop()
        loop.stop()
    }
}
