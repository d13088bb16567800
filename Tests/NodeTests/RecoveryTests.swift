import Consensus
import Crypto
import EventLoop
import KeyValue
import Ledger
import Node
import Primitives
import Testing
import Wire

extension Documents {
    /// What operators sign so that these validators of genesis go on above a record.
    func recovery(
        above record: Record, to validators: some Collection<Testnet.Node>, by count: Int, chain: ChainID? = nil,
        height: Height? = nil
    ) -> RecoveryDocument {
        var hash = SHA256()
        let entries = validators.map { ValidatorList.Entry(member: $0.member, key: $0.keys.sign.publicKey) }
        let statement = RecoveryStatement(
            list: ValidatorList(epoch: record.epoch.next, entries), chain: chain ?? self.chain,
            height: height ?? record.height, record: record.cid(with: &hash))
        return RecoveryDocument(
            statement,
            signatures: operators.prefix(count).map {
                CoSignature(
                    key: $0.publicKey,
                    signature: $0.signature(.recovery, chain: statement.chain, body: statement.encoded))
            })
    }
}

@Suite("A store that goes on from a recovery document", .timeLimit(.minutes(2)))
struct RecoveryStoreTests {
    private func refuses(_ refusal: RecoveryRefusal, _ document: RecoveryDocument, _ filled: FilledStore) throws {
        #expect(throws: refusal) { try filled.store.recover(by: document, filled.documents.rules) }
        #expect(try filled.store.recovery(above: filled.tip) == nil)
    }

    @Test("A document that does not fit is refused by name, and nothing is written")
    func refusals() throws {
        let filled = try FilledStore()
        try filled.fill(blocks: 3)
        let documents = filled.documents
        let (old, new) = (try #require(try filled.store.head(at: Height(2))).record, try filled.tip.record)
        try refuses(
            .fault(.otherHeight(Height(3))), documents.recovery(above: old, to: documents.nodes, by: 1), filled)
        try refuses(
            .fault(.otherRecord), documents.recovery(above: old, to: documents.nodes, by: 1, height: Height(3)),
            filled)
        try refuses(
            .fault(.tooFewSignatures(have: 0, needed: 1)),
            documents.recovery(above: new, to: documents.nodes, by: 0), filled)
        try refuses(
            .fault(.otherChain),
            documents.recovery(above: new, to: documents.nodes, by: 1, chain: ChainID(raw: new.stateRoot.raw)), filled)
        let good = documents.recovery(above: new, to: documents.nodes, by: 1)
        let signature = CoSignature(
            key: good.signatures[0].key,
            signature: documents.operators[0].signature(.recovery, chain: documents.chain, body: [1]))
        try refuses(
            .badSignature(signature.key), RecoveryDocument(good.statement, signatures: [signature]), filled)
    }

    @Test("S-16: the one validator goes on in a new epoch, and everything that reads the store agrees")
    func goesOn() async throws {
        let filled = try FilledStore(FilledStore.small)
        try filled.fill(blocks: 5)
        let (documents, tip) = (filled.documents, try filled.tip)
        let document = documents.recovery(above: tip.record, to: documents.nodes, by: 1)
        try filled.store.recover(by: document, documents.rules)
        try filled.reopen()
        #expect(try filled.store.recovery(above: tip) == document)
        #expect(try filled.verify().recoveries == 0)
        // What was taken at the tip is not lost by going back.
        filled.close()
        #expect(throws: StoreRollback.Fault.self) {
            try StoreRollback.run(filled.path, to: Height(4), rules: documents.rules, settings: filled.settings)
        }
        try filled.reopen()
        let loop = try EpollLoop(name: "chain")
        let node = documents.nodes[0]
        let chain = try ChainActor(
            on: loop, rules: documents.rules, store: filled.store, member: node.member,
            signer: LocalSigner(SoftwareKey(node.keys.sign)), network: .none, log: .silent)
        await chain.start()
        #expect(try await chain.execute(try documents.admission(), within: .seconds(60)).result == .succeeded)
        #expect(await chain.currentTip.record.epoch == ValidatorEpoch(1))
        await chain.stop()
        loop.stop()
        try filled.reopen()
        #expect(try filled.verify().recoveries == 1)
        #expect(try filled.store.epochEnd(of: .zero)?.height == tip.record.height)
        #expect(try filled.store.head(at: Height(6))?.record.epoch == ValidatorEpoch(1))
        // Below the first block of the new epoch there is no way back in one piece.
        let end = try filled.tip.record.height
        filled.close()
        #expect(throws: StoreRollback.Fault.self) {
            try StoreRollback.run(filled.path, to: Height(5), rules: documents.rules, settings: filled.settings)
        }
        try filled.reopen()
        let target = try ChainStore(path: filled.scratch.path + "/replay", rules: documents.rules)
        defer { target.close() }
        var replay = try LedgerReplay(filled.store, into: target, rules: documents.rules)
        #expect(try replay.run(upTo: end).blocks == end.rawValue)
        #expect(try target.recovery(of: .zero) == document)
        var (trail, hash) = (try ValidatorTrail(documents.rules), SHA256())
        for handover in try filled.store.handovers(from: .zero, limit: 9, rules: documents.rules) {
            #expect(handover.recovery == document)
            #expect(try Handover(decoding: handover.encoded) == handover)
            try trail.follow(handover, with: &hash)
        }
        let last = try #require(filled.store.provenRecord(at: end))
        try trail.check(last.record, last.finality, with: &hash)
    }

    @Test("A second document about the same record is taken only in place of the first, and by name")
    func replacing() throws {
        let (documents, scratch) = (try Documents(validators: 1), try Scratch())
        let store = try ChainStore(path: scratch.path + "/ledger", rules: documents.rules)
        defer { store.close() }
        var filler = try LedgerFiller(store, rules: documents.rules, keys: documents.nodes.map(\.keys.sign))
        let newcomer = NodeKeys(sign: .generate(), link: .generate(), agreement: .generate())
        let registration = try newcomer.registration(
            roles: [.validator, .node], name: "new", salt: SecureRandom.bytes(count: Registration.saltByteCount),
            chain: documents.chain)
        let admission = documents.sign(
            .memberAdmit(MemberAdmit(registration: registration)), by: documents.registrar.member,
            key: documents.registrar.keys.sign)
        let record = try filler.add([admission], at: SystemTime.utc).record
        var hash = SHA256()
        let entry = ValidatorList.Entry(
            member: registration.memberID(with: &hash), key: newcomer.sign.publicKey)
        let first = documents.recovery(above: record, to: documents.nodes, by: 1)
        let statement = RecoveryStatement(
            list: ValidatorList(epoch: ValidatorEpoch(1), [entry]), chain: documents.chain, height: record.height,
            record: first.statement.record)
        let signature = documents.operators[0].signature(.recovery, chain: documents.chain, body: statement.encoded)
        let second = RecoveryDocument(
            statement,
            signatures: [CoSignature(key: documents.operators[0].publicKey, signature: signature)])

        try store.recover(by: first, documents.rules)
        try store.recover(by: first, documents.rules)
        #expect(throws: RecoveryRefusal.otherApplied(first)) { try store.recover(by: second, documents.rules) }
        #expect(try store.recovery(above: try store.tip()) == first)
        try store.recover(by: second, documents.rules, replacing: true)
        #expect(try store.recovery(above: try store.tip()) == second)
    }
}

@Suite("A ledger that operators let go on", .timeLimit(.minutes(2)))
struct RecoveredLedgerTests {
    /// Of four validators two are lost at the second of four heights; the other two have gone on to the tenth.
    private func two() throws -> EpochStore {
        let world = try EpochStore(validators: 4)
        try world.fill(to: 2)
        let document = world.documents.recovery(
            above: try world.tip.record, to: world.documents.nodes.suffix(2), by: 3)
        try world.store.recover(by: document, world.rules)
        try world.reopen()
        try world.fill(to: 10, echoes: [6: 2])
        return world
    }

    @Test("The new epoch has its whole length, its set stays, and the chain is verified")
    func verified() throws {
        let world = try two()
        #expect(try world.tip.record.epoch == ValidatorEpoch(2))
        #expect(try world.store.head(at: Height(3))?.record.epochEnd == Height(6))
        let report = try world.verify(world.store)
        #expect(report.recoveries == 1)
        #expect(report.handovers == 2)
        #expect(try world.trail(world.store).newest.count == 2)
        // Where nothing can be executed, the signatures still say it.
        world.store.close()
        var settings = FilledStore.small
        settings.keepBlocks = 2
        let pruned = try ChainStore(path: world.path, rules: world.rules, settings: settings)
        _ = try pruned.compact()
        #expect(pruned.floor > Height(3))
        #expect(try world.verify(pruned).recoveries == 1)
        #expect(try world.trail(pruned).newest.count == 2)
        pruned.close()
    }

    @Test("A store whose document was changed, or taken away, is found out")
    func tampered() throws {
        for pruning in [false, true] {
            let world = try two()
            var settings = FilledStore.small
            if pruning { settings.keepBlocks = 2 }
            world.store.close()
            let store = try ChainStore(path: world.path, rules: world.rules, settings: settings)
            if pruning { _ = try store.compact() }
            let document = try #require(try store.recovery(of: .zero))
            store.close()
            let few = RecoveryDocument(document.statement, signatures: Array(document.signatures.prefix(2)))
            let other = RecoveryDocument(
                RecoveryStatement(
                    list: document.statement.list, chain: world.rules.chain, height: Height(2),
                    record: document.statement.record), signatures: [])
            for bytes in [few.encoded, other.encoded, nil] {
                let keys = try KeyValueStore(path: world.path)
                var batch = WriteBatch()
                let key: [UInt8] = [0x24] + [UInt8](repeating: 0, count: 8)
                if let bytes { batch.put(key, bytes) } else { batch.delete(key) }
                try keys.write(batch, synced: true)
                keys.close()
                let bent = try ChainStore(path: world.path, rules: world.rules, settings: settings)
                #expect(throws: ChainVerifier.Fault.self) { try world.verify(bent) }
                #expect(throws: (any Error).self) { try world.trail(bent) }
                bent.close()
            }
        }
    }

    @Test("A snapshot brings the document along, and the store restored from it goes on the same way")
    func snapshots() throws {
        let world = try two()
        let directory = SnapshotDirectory(world.scratch.path + "/snapshot")
        _ = try SnapshotWriter.write(world.store, rules: world.rules, into: directory)
        #expect(try SnapshotChecker.check(directory, rules: world.rules).1.handovers == 3)
        let path = world.scratch.path + "/restored"
        try SnapshotRestore.run(directory, to: path, rules: world.rules)
        let store = try ChainStore(path: path, rules: world.rules)
        defer { store.close() }
        #expect(try store.recovery(of: .zero) == world.store.recovery(of: .zero))
        #expect(try world.trail(store) == world.trail(world.store))
        #expect(try world.verify(store).recoveries == 1)
        var other = try world.filler(of: store)
        let envelope = try world.documents.admission()
        let record = try world.add([envelope]).record
        #expect(try other.add([envelope], at: record.time).record == record)
    }
}

@Suite("A light client and a recovery")
struct RecoveryTrailTests {
    private func world(_ height: UInt64) throws -> (Documents, SignedChain) {
        let documents = try Documents(validators: 4, limits: Testnet.limits(epochHeights: SignedChain.epochHeights))
        var chain = try SignedChain(documents)
        try chain.grow(to: height)
        return (documents, chain)
    }

    private func handover(_ at: ProvenRecord, _ document: RecoveryDocument, list: ValidatorList? = nil) -> Handover {
        Handover(
            list: list ?? document.statement.list, record: at.record, finality: at.finality, recovery: document)
    }

    @Test("It follows operators above a record that validators made final, to the set that they name")
    func follows() throws {
        let (documents, chain) = try world(3)
        let document = documents.recovery(above: chain.proven[1].record, to: documents.nodes.prefix(2), by: 3)
        var client = try LightClient(chain.rules)
        try client.follow(handover(chain.proven[1], document))
        #expect(client.head == chain.proven[1])
        #expect(client.trail.newest.validators.map(\.id) == documents.nodes.prefix(2).map(\.member).sorted())
        // What the lost validators had made final above it was given up.
        #expect(throws: ProofFault.recoveredBelow(Height(2))) { try client.check(chain.proven[2]) }
        try client.check(chain.proven[0])
    }

    @Test("Too few operators, another record, another set, another network: none is followed")
    func refusals() throws {
        let (documents, chain) = try world(3)
        var client = try LightClient(chain.rules)
        let (one, two) = (chain.proven[0], chain.proven[1])
        let survivors = documents.nodes.prefix(2)
        func refuses(_ fault: ProofFault, _ handover: Handover) {
            #expect(throws: fault) { try client.follow(handover) }
        }
        refuses(.badRecovery, handover(two, documents.recovery(above: two.record, to: survivors, by: 2)))
        refuses(.badRecovery, handover(two, documents.recovery(above: one.record, to: survivors, by: 3)))
        refuses(
            .badRecovery,
            handover(
                two,
                documents.recovery(
                    above: two.record, to: survivors, by: 3, chain: ChainID(raw: two.record.stateRoot.raw))))
        let good = documents.recovery(above: two.record, to: survivors, by: 3)
        let other = documents.recovery(above: two.record, to: documents.nodes.suffix(2), by: 3)
        refuses(.otherList, handover(two, good, list: other.statement.list))
        refuses(.badRecovery, handover(two, RecoveryDocument(other.statement, signatures: good.signatures)))
        // Operators make no record final: the validators of its epoch must have.
        let weak = try chain.underSigned(2)
        refuses(.notFinal, handover(weak, good))
        #expect(client.head == nil)
    }

    @Test("A client that has taken a record above the operators' does not follow them")
    func ahead() throws {
        let (documents, chain) = try world(3)
        var client = try LightClient(chain.rules)
        try client.advance(to: chain.proven[2], growth: [])
        let document = documents.recovery(above: chain.proven[1].record, to: documents.nodes.prefix(2), by: 4)
        #expect(throws: ProofFault.recoveredBelow(Height(2))) {
            try client.follow(handover(chain.proven[1], document))
        }
        #expect(client.head == chain.proven[2])
        let above = documents.recovery(above: chain.proven[2].record, to: documents.nodes.prefix(2), by: 4)
        try client.follow(handover(chain.proven[2], above))
        #expect(client.trail.newest.epoch == ValidatorEpoch(1))
    }
}

@Suite("A running node that hears of a recovery", .timeLimit(.minutes(2)))
struct RecoveryHearingTests {
    /// A ledger of four validators with three heights, and beside it what came of the first two of them and a document.
    private struct Split {
        let world: EpochStore
        let other: ChainStore
        let first: Proposal
        let finalization: Certificate

        init() throws {
            world = try EpochStore(validators: 4)
            try world.fill(to: 3)
            other = try world.copy("other", upTo: 2)
            let document = world.documents.recovery(
                above: try other.tip().record, to: world.documents.nodes.prefix(2), by: 3)
            try other.recover(by: document, world.rules)
            var filler = try world.filler(of: other)
            try filler.add([] as [[UInt8]], at: world.time.adding(milliseconds: 50))
            first = try #require(try other.block(at: Height(3))).proposal
            finalization = try #require(try other.finalization(at: Height(3)))
        }

        /// The first block with fewer signatures in its document, and hashes that fit.
        func weaker() throws -> Proposal {
            let block = try LedgerBlock(decoding: first.body)
            let recovery = try #require(block.recovery)
            let body = LedgerBlock(
                record: block.record, transactions: [],
                recovery: RecoveryDocument(recovery.statement, signatures: Array(recovery.signatures.prefix(2)))
            ).encoded
            let header = EngineHeader(
                epoch: first.header.epoch, view: first.header.view, parent: first.header.parent,
                justification: first.header.justification, proposer: first.header.proposer,
                record: first.header.record, body: SHA256.hash(body))
            return Proposal(header: header, signature: first.signature, body: body)
        }
    }

    private func run(
        _ store: ChainStore, of world: EpochStore, _ body: (ChainActor, MemberID) async throws -> Void
    ) async throws {
        let loop = try EpollLoop(name: "chain")
        let node = world.documents.nodes[3]
        let chain = try ChainActor(
            on: loop, rules: world.rules, store: store, member: node.member,
            signer: LocalSigner(SoftwareKey(node.keys.sign)), network: .none, log: .silent)
        await chain.start()
        try await body(chain, world.documents.nodes[0].member)
        await chain.stop()
        loop.stop()
    }

    @Test("S-16: at the record named it takes the document from the first block, and is there again after a restart")
    func follows() async throws {
        let split = try Split()
        let store = try split.world.copy("late", upTo: 2)
        try await run(store, of: split.world) { chain, peer in
            #expect(await chain.status.validatorCount == 4)
            #expect(await chain.status.isValidator)
            await chain.receive(Message.proposal(try split.weaker()).encoded, from: peer)
            #expect(await chain.status.validatorCount == 4)
            await chain.receive(Message.proposal(split.first).encoded, from: peer)
            #expect(await chain.status.validatorCount == 2)
            #expect(await !chain.status.isValidator)
            #expect(await chain.currentTip.record.height == Height(2))
        }
        let again = try ChainStore(
            path: split.world.scratch.path + "/late", rules: split.world.rules, settings: FilledStore.small)
        try await run(again, of: split.world) { chain, peer in
            #expect(await chain.status.validatorCount == 2)
            let answer = CatchUpResponse(certificates: [split.finalization], proposals: [split.first])
            await chain.receive(Message.response(answer).encoded, from: peer)
            try await eventually("the first block is final") { await chain.currentTip.record.height == Height(3) }
            #expect(await chain.currentTip.record.epoch == ValidatorEpoch(1))
        }
    }

    @Test("An answer to a question about blocks brings it as well")
    func answer() async throws {
        let split = try Split()
        try await run(try split.world.copy("late", upTo: 2), of: split.world) { chain, peer in
            let answer = CatchUpResponse(certificates: [split.finalization], proposals: [split.first])
            await chain.receive(Message.response(answer).encoded, from: peer)
            try await eventually("the first block is final") { await chain.currentTip.record.height == Height(3) }
            #expect(await chain.currentTip.recordID == (try split.other.tip().recordID))
        }
    }

    @Test("A node that holds a final block above the record named stays where it is; so does one that is below")
    func stays() async throws {
        let split = try Split()
        let behind = try split.world.copy("behind", upTo: 1)
        split.world.store.close()
        let ahead = try ChainStore(path: split.world.path, rules: split.world.rules, settings: FilledStore.small)
        for store in [ahead, behind] {
            try await run(store, of: split.world) { chain, peer in
                let tip = await chain.currentTip
                await chain.receive(Message.proposal(split.first).encoded, from: peer)
                #expect(await chain.status.validatorCount == 4)
                #expect(await chain.currentTip == tip)
            }
        }
    }
}
