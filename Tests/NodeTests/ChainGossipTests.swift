import Crypto
import EventLoop
import Ledger
import Node
import Primitives
import Synchronization
import Testing
import Wire

/// Four chains in one process whose messages about consensus reach each other, and whose transactions do not.
private final class QuietNetwork: Sendable {
    private let chains = Mutex<[MemberID: ChainActor]>([:])

    func add(_ chain: ChainActor, as member: MemberID) { chains.withLock { $0[member] = chain } }
    func all() -> [ChainActor] { chains.withLock { $0.sorted { $0.key < $1.key }.map(\.value) } }

    func end(of member: MemberID) -> ChainNetwork {
        ChainNetwork(
            broadcast: { [self] traffic, bytes in
                for other in chains.withLock({ $0.keys.sorted() }) where other != member {
                    deliver(traffic, bytes, from: member, to: other)
                }
            },
            send: { [self] other, traffic, bytes in deliver(traffic, bytes, from: member, to: other) })
    }

    private func deliver(_ traffic: ChainNetwork.Traffic, _ bytes: [UInt8], from member: MemberID, to other: MemberID) {
        guard traffic != .transactions, let chain = chains.withLock({ $0[other] }) else { return }
        Task { await chain.receive(bytes, from: member) }  // Ends when it is taken.
    }
}

@Suite("Blocks of unknown transactions", .timeLimit(.minutes(2)), .serialized)
struct ChainGossipTests {
    @Test("A block whose transactions nobody else has seen is checked while it waits, and becomes final")
    func unseen() async throws {
        let documents = try Documents(validators: 4)
        let scratch = try Scratch()
        let network = QuietNetwork()
        var loops: [EpollLoop] = []
        for (index, node) in documents.nodes.enumerated() {
            let loop = try EpollLoop(name: "chain")
            let store = try ChainStore(path: scratch.path + "/\(index)", rules: documents.rules)
            loops.append(loop)
            network.add(
                try ChainActor(
                    on: loop, rules: documents.rules, store: store, member: node.member,
                    signer: LocalSigner(SoftwareKey(node.keys.sign)),
                    network: network.end(of: node.member), log: .silent), as: node.member)
        }
        let chains = network.all()
        for chain in chains { await chain.start() }
        // Each has some of its own, so that each wants views to go on, and proposes what the others do not know.
        var ids: [[TransactionID]] = []
        for chain in chains {
            let answers = await chain.submit(try (0..<40).map { _ in try documents.admission() })
            ids.append(try answers.map { try $0.get() })
        }
        for (chain, ids) in zip(chains, ids) {
            for id in ids {
                #expect(try await chain.outcome(of: id, within: .seconds(60)).result == .succeeded)
            }
        }
        for chain in chains { await chain.stop() }
        for loop in loops { loop.stop() }
    }
}
