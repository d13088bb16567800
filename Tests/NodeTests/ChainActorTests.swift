import Crypto
import EventLoop
import Ledger
import Node
import Primitives
import Testing
import Wire

@Suite("A chain of one validator", .timeLimit(.minutes(1)), .serialized)
struct ChainActorTests {
    private func chain(_ documents: Documents, _ path: String) throws -> (ChainActor, EpollLoop) {
        let loop = try EpollLoop(name: "chain")
        let store = try ChainStore(path: path, rules: documents.rules)
        let node = documents.nodes[0]
        let chain = try ChainActor(
            on: loop, rules: documents.rules, store: store, member: node.member,
            signer: LocalSigner(SoftwareKey(node.keys.sign)),
            network: .none, log: .silent)
        return (chain, loop)
    }

    @Test("A transaction becomes final, is found again, and is not taken twice")
    func finality() async throws {
        let documents = try Documents(validators: 1)
        let scratch = try Scratch()
        let (chain, loop) = try chain(documents, scratch.path + "/ledger")
        await chain.start()
        let envelope = try documents.admission()
        let outcome = try await chain.execute(envelope, within: .seconds(20))
        #expect(outcome.result == .succeeded)
        #expect(outcome.height == Height(1))
        #expect(await chain.outcome(of: outcome.id) == outcome)
        #expect(try await chain.execute(envelope, within: .seconds(20)) == outcome)
        await #expect(throws: SubmitError.faulty(.alreadyIncluded)) { try await chain.submit(envelope) }
        #expect(try await chain.members(with: .person).count == 1)
        await chain.stop()
        loop.stop()
    }

    @Test("A store opened again stands where it stood, and goes on")
    func restart() async throws {
        let documents = try Documents(validators: 1)
        let scratch = try Scratch()
        var ids: [TransactionID] = []
        var heights: [Height] = []
        for _ in 0..<3 {
            let (chain, loop) = try chain(documents, scratch.path + "/ledger")
            await chain.start()
            for id in ids { #expect(await chain.outcome(of: id)?.result == .succeeded) }
            let outcome = try await chain.execute(try documents.admission(), within: .seconds(20))
            ids.append(outcome.id)
            heights.append(outcome.height)
            await chain.stop()
            loop.stop()
        }
        #expect(heights == heights.sorted())
        #expect(Set(heights).count == 3)
    }

    @Test("What may stand in no block, or would fail, is named at the door")
    func refusals() async throws {
        let documents = try Documents(validators: 1)
        let scratch = try Scratch()
        let (chain, loop) = try chain(documents, scratch.path + "/ledger")
        await chain.start()
        var broken = try documents.admission()
        broken[broken.count - 1] ^= 1
        await #expect(throws: SubmitError.self) { try await chain.submit(broken) }
        await #expect(throws: SubmitError.faulty(.tooLong)) {
            try await chain.submit([UInt8](repeating: 0, count: 100_000))
        }
        let stranger = documents.sign(
            .memberSuspend(MemberSuspend(member: .zero)), by: documents.nodes[0].member,
            key: documents.nodes[0].keys.sign)
        await #expect(throws: SubmitError.self) { try await chain.submit(stranger) }
        let other = try Documents(validators: 1)
        await #expect(throws: SubmitError.faulty(.otherChain)) { try await chain.submit(try other.admission()) }
        #expect(await chain.status.mempoolCount == 0)
        await chain.stop()
        loop.stop()
    }

    @Test("Of many transactions at once each is taken or refused for itself, in its place")
    func batch() async throws {
        let documents = try Documents(validators: 1)
        let scratch = try Scratch()
        let (chain, loop) = try chain(documents, scratch.path + "/ledger")
        await chain.start()
        var list = try (0..<70).map { _ in try documents.admission() }
        list[33][list[33].count - 1] ^= 1
        list[40] = []
        let answers = await chain.submit(list)
        #expect(answers.count == list.count)
        for (index, answer) in answers.enumerated() {
            if index == 33 || index == 40 {
                #expect(throws: SubmitError.self) { try answer.get() }
            } else {
                let outcome = try await chain.outcome(of: try answer.get(), within: .seconds(20))
                #expect(outcome.result == .succeeded)
            }
        }
        #expect(try await chain.members(with: .person).count == 68)
        await chain.stop()
        loop.stop()
    }

    @Test("A store of another network is refused")
    func otherNetwork() throws {
        let first = try Documents(validators: 1)
        let second = try Documents(validators: 1)
        let scratch = try Scratch()
        let store = try ChainStore(path: scratch.path + "/ledger", rules: first.rules)
        store.close()
        #expect(throws: ChainStoreError.otherChain) {
            _ = try ChainStore(path: scratch.path + "/ledger", rules: second.rules)
        }
    }
}
