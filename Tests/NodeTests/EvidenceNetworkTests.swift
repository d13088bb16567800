import Consensus
import Crypto
import Ledger
import Node
import Primitives
import Testing
import Wire

@Suite("Double signing, over real sockets", .timeLimit(.minutes(2)), .serialized)
struct EvidenceNetworkTests {
    /// Two notarize votes of the last validator in one view.
    private func votes(_ network: NetworkTests.Running, in view: View) throws -> [Vote] {
        let documents = network.documents
        let culprit = documents.nodes[3]
        let sorted = documents.nodes.map(\.member).sorted()
        let seat = Seat(try #require(sorted.firstIndex(of: culprit.member)))
        return [1, 2].map { (number: UInt64) in
            let hash = Digest(raw: Bytes32(words: (number, 0, 0, 0)))
            let ballot = Ballot(kind: .notarize, epoch: .zero, view: view, hash: hash)
            return Vote(
                ballot: ballot, signer: seat,
                signature: culprit.keys.sign.signature(.notarize, chain: documents.chain, body: ballot.body))
        }
    }

    @Test("LG-110 to LG-112: a validator that signs twice is found, accused by a transaction, and out of the next set")
    func culpritLeaves() async throws {
        let network = try NetworkTests.Running(count: 4)
        for index in 0..<3 { try await network.start(index) }
        let first = try #require(network.nodes[0])
        let outcome = try await first.chain.execute(try network.documents.admission(), within: .seconds(90))
        #expect(outcome.result == .succeeded)
        let culprit = network.documents.nodes[3].member
        func next() async throws -> [MemberID] {
            try await first.chain.read { view, _ throws(StateError) in
                try RuleBook.validatorLists(from: view).next.entries.map(\.member)
            }
        }
        #expect(try await next().contains(culprit))
        try await eventually("the culprit's leaving the next set") {
            // Views pass meanwhile: what is said about one that is over is not heard.
            for vote in try votes(network, in: await first.chain.status.view) {
                await first.chain.receive(Message.vote(vote).encoded, from: culprit)
            }
            return try await !next().contains(culprit)
        }
        #expect(try await next().count == 3)
        await network.stopAll()
    }
}
