import Crypto
import EventLoop
import Ledger
import Node
import Primitives
import Testing
import Wire

@Suite("Commitments to calls", .timeLimit(.minutes(2)), .serialized)
struct CallCommitmentTests {
    private let start = Timestamp(1_800_000_000_000)

    private func leaf(_ number: UInt64) -> Digest { Digest(raw: Bytes32(words: (number, 7, 7, 7))) }

    private func member(_ number: UInt64) -> MemberID { MemberID(raw: Bytes32(words: (number, 1, 1, 1))) }

    private func time(_ interval: UInt64, _ limits: NetworkLimits) -> Timestamp {
        start.adding(milliseconds: interval * limits.commitInterval)
    }

    @Test(
        "LG-60, LG-64: leaves and dummies fill a class, with the same root after a restart; a leaf finds its path"
    )
    func trees() async throws {
        let limits = NetworkLimits()
        let scratch = try Scratch()
        let path = scratch.path + "/commitments"
        var commitments = try CallCommitments(path: path, limits: limits, at: start)
        let interval = try await commitments.note(leaf(1), for: member(1), at: start)
        #expect(try await commitments.due(at: start) == [])
        #expect(try await commitments.due(at: time(1, limits)) == [interval])
        await commitments.close()
        commitments = try CallCommitments(path: path, limits: limits, at: time(1, limits))
        let commit = try await commitments.commitment(to: interval)
        #expect(commit.size == 16)
        #expect(try await commitments.commitment(to: interval) == commit)
        #expect(try await commitments.place(of: leaf(1), in: interval) == nil)
        try await commitments.confirm(interval)
        let place = try #require(try await commitments.place(of: leaf(1), in: interval))
        var hash = SHA256()
        #expect(
            MerkleTree.isIncluded(
                leaf(1), at: place.index, size: place.size, proof: place.path, root: commit.root, with: &hash))
        #expect(try await commitments.place(of: leaf(2), in: interval) == nil)
        // An interval without a call is committed to all the same, and none from before the beginning is.
        #expect(try await commitments.due(at: time(2, limits)) == [interval + 1])
        #expect(try await commitments.commitment(to: interval + 1).size == 16)
        #expect(try await commitments.due(at: time(9, limits)) == [interval + 6, interval + 7, interval + 8])
        await commitments.close()
    }

    @Test("One member's leaves are bounded in an interval, and the size says only the class")
    func bounds() async throws {
        let limits = NetworkLimits()
        let scratch = try Scratch()
        let commitments = try CallCommitments(path: scratch.path + "/commitments", limits: limits, at: start)
        var interval: UInt64 = 0
        for number in 0..<64 { interval = try await commitments.note(leaf(UInt64(number)), for: member(1), at: start) }
        await #expect(throws: HomeRefusal.tooOften) {
            try await commitments.note(leaf(99), for: member(1), at: start)
        }
        _ = try await commitments.note(leaf(100), for: member(2), at: start)
        #expect(try await commitments.commitment(to: interval).size == 256)
        _ = try await commitments.note(leaf(101), for: member(1), at: time(1, limits))
        await commitments.close()
    }

    @Test("A node puts its commitments on the ledger by itself, and a call's leaf opens to the one there")
    func posted() async throws {
        var limits = Testnet.limits
        limits.commitInterval = 500
        let documents = try Documents(validators: 1, limits: limits)
        let scratch = try Scratch()
        let node = try NodeRuntime(
            settings: NodeSettings(
                link: .loopback(port: 0), dht: .loopback(port: 0), dataPath: scratch.path + "/ledger", peers: []),
            rules: documents.rules, member: documents.nodes[0].member, keys: documents.nodes[0].keys, log: .silent)
        let service = try CallCommitService(node: node, path: scratch.path + "/commitments")
        try await node.start()
        await service.install(on: node)
        let commitments = service.commitments
        var hash = SHA256()
        let call = CallID(raw: Bytes32(words: (1, 2, 3, 4)))
        let key = SigningKey.generate().publicKey
        let leaf = CallLeaf(
            call: call, salt: self.leaf(5), seats: [.init(key: key, certificate: self.leaf(6))], start: 3, end: 4,
            policy: self.leaf(7), roster: RosterHash.make(call: call, keys: [key], with: &hash))
        let noted = leaf.hash(with: &hash)
        let interval = try await commitments.note(noted, for: member(1), at: SystemTime.utc)
        let stateKey = StateKey(.callCommit, node.member, number: interval)
        try await eventually("the commitment on the ledger") {
            guard try await node.chain.entry(CommitEntry.self, stateKey) != nil else { return false }
            return try await commitments.place(of: noted, in: interval) != nil
        }
        let place = try #require(try await commitments.place(of: noted, in: interval))
        let opening = CallOpening(
            home: node.member, leaf: leaf, path: place.path, size: place.size, index: place.index, interval: interval)
        let entry = try #require(try await node.chain.entry(CommitEntry.self, stateKey))
        #expect(opening.stateKey == stateKey)
        #expect(opening.holds(under: entry, with: &hash))
        await service.stop()
        await node.stop()
    }
}
