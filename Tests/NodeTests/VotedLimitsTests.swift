import Consensus
import Crypto
import Foundation
import Ledger
import Node
import Primitives
import Testing
import Wire

@Suite("Limits that were changed by vote", .timeLimit(.minutes(2)))
struct VotedLimitsTests {
    /// A network whose blocks hold 16 transactions at first, and 40 from the second validator epoch on.
    private func grown() throws -> EpochStore {
        let world = try EpochStore {
            $0.blockTransactions = 16
            $0.blockBytes = 65_536
        }
        let changes = try #require(LimitChanges(["blockTransactions": 40, "blockBytes": 131_072, "heartbeat": 700]))
        try world.add([try world.newcomerAdmission()])
        try world.decide(ValidatorPropose(joins: [], leaves: [], limits: changes))
        #expect(throws: LedgerFiller.Fault.self) { try world.add(try many(world, 17)) }
        try world.fill(to: 4)
        try world.add(try many(world, 30))
        try world.fill(to: 8)
        return world
    }

    private func many(_ world: EpochStore, _ count: Int) throws -> [[UInt8]] {
        try (0..<count).map { _ in try world.documents.admission(until: world.time.adding(milliseconds: 5_000)) }
    }

    @Test("Blocks that only later limits admit are verified, executed again, and restored from")
    func offline() throws {
        let world = try grown()
        #expect(try world.verify(world.store).transactions > 30)
        let target = try ChainStore(path: world.scratch.path + "/replay", rules: world.rules)
        var replay = try LedgerReplay(world.store, into: target, rules: world.rules)
        _ = try replay.run(upTo: Height(8))
        #expect(try target.tip().record == world.tip.record)
        target.close()
        let directory = SnapshotDirectory(world.scratch.path + "/snapshot")
        _ = try SnapshotWriter.write(world.store, rules: world.rules, into: directory)
        _ = try SnapshotChecker.check(directory, rules: world.rules)
        world.store.close()
        _ = try StoreRollback.run(world.path, to: Height(6), rules: world.rules, settings: FilledStore.small)
    }

    @Test("A node that begins with the first block follows them too, and fills blocks as far as the later limits go")
    func live() async throws {
        let world = try grown()
        world.store.close()
        let (validator, follower) = try world.runtimes(follower: "newcomer")
        try await validator.start()
        try await follower.start()
        try await eventually("the newcomer has caught up") {
            await follower.chain.currentTip.record.height >= Height(8)
        }
        // Handed in at once, so that blocks fill.
        let answers = await validator.chain.submit(try (0..<60).map { _ in try world.documents.admission() })
        for answer in answers {
            _ = try await validator.chain.outcome(of: try answer.get(), within: .seconds(60))
        }
        let size = await validator.chain.currentTip.log.size
        try await eventually("they are here too") { await follower.chain.currentTip.log.size >= size }
        await follower.stop()
        await validator.stop()
        let store = try ChainStore(path: world.scratch.path + "/newcomer", rules: world.rules)
        #expect(try world.verify(store).transactions >= 90)
        store.close()
    }

    @Test("What reading a transaction depends on, and what a mempool holds, no vote changes")
    func reading() throws {
        let votable = Set(LimitChanges.ranges.map(\.name))
        let read: Set = [
            "transactionBytes", "registrars", "validators", "policyBytes", "tracksPerSeal", "groupsPerSeal", "holders",
            "pendingBytes", "pendingPerSender",
        ]
        #expect(votable.isDisjoint(with: read))
        let limits = Testnet.limits
        for name in read { #expect(limits[limit: name] != nil, "\(name)") }
        // And so every envelope reads the same under whatever limits a vote may bring.
        let documents = try Documents(validators: 1)
        let person = try documents.admission()
        let proposal = documents.sign(
            .validatorPropose(ValidatorPropose(joins: [], leaves: [documents.nodes[0].member])),
            by: documents.nodes[0].member, key: documents.nodes[0].keys.sign)
        var hash = SHA256()
        for (name, range) in LimitChanges.ranges {
            for value in [range.lowerBound, range.upperBound] {
                let changes = try #require(LimitChanges([name: value]))
                for bytes in [person, proposal] {
                    _ = try ParsedTransaction(
                        bytes, chain: documents.chain, limits: changes.applied(to: limits), with: &hash)
                }
            }
        }
    }
}
