import Crypto
import EventLoop
import Media
import MediaEndpoint
import Primitives
import Recording
import Testing

/// Two ends with a pipeline each, who sign for each other.
@Suite("Frame proofs over the wire", .timeLimit(.minutes(1)))
struct FrameProofTests {
    private static let chain = ChainID(raw: SHA256.hash([1]).raw)
    private static let call = CallID(raw: SHA256.hash([2]).raw)
    private static let keyID = MediaKeyID(rosterEpoch: RosterEpoch(1), sender: 1, track: 1, segment: 0)

    private func settings(_ own: SigningKey, _ peer: PublicKey, isCaller: Bool) -> ProofSettings {
        ProofSettings(
            chain: Self.chain, call: Self.call, rosterEpoch: RosterEpoch(1), sender: isCaller ? 1 : 2,
            peer: isCaller ? 2 : 1, signer: own, peerKey: peer)
    }

    /// Sends five sounds under `signer` to a receiver that expects `expected`, and counts.
    private func counts(_ signer: SigningKey, expected: PublicKey) async throws -> ProofCounts {
        let (alice, bob) = (try Leg(), try Leg())
        let (frames, sink) = AsyncStream<ReceivedFrame>.makeStream()
        let (lists, signed) = AsyncStream<Int>.makeStream()
        let sender = MediaPipeline(transport: alice.transport) { event in
            if case .signed(let list) = event { signed.yield(list.list.leaves.count) }
        }
        let receiver = MediaPipeline(transport: bob.transport) { event in
            if case .frame(let frame) = event { sink.yield(frame) }
        }
        try await Leg.introduce(alice, bob, pipelines: (sender, receiver))
        #expect(await alice.isSecured)
        #expect(await bob.isSecured)
        let id = try #require(Self.keyID)
        let key = [UInt8](repeating: 3, count: 32)
        try await sender.setSendingKey(.opus, keyID: id, baseKey: key)
        // The receiver is not told the key; it asks for it.
        await receiver.setKeyFinder { $0 == id ? key : nil }
        let peer = SigningKey.generate()
        await sender.startProofs(settings(signer, peer.publicKey, isCaller: true))
        await receiver.startProofs(settings(peer, expected, isCaller: false))
        await sender.start()
        await receiver.start()
        var arrivals = frames.makeAsyncIterator()
        for number in 0..<5 {
            try await sender.send([0xf8, UInt8(number)], codec: .opus, microseconds: UInt64(number) * 20_000)
            #expect(await arrivals.next()?.plain == [0xf8, UInt8(number)])
        }
        await sender.flushProofs()
        var sizes = lists.makeAsyncIterator()
        var total = 0
        while total < 5, let size = await sizes.next() { total += size }
        // What is sent after the lists arrives after them.
        try await sender.send([0xf8, 9], codec: .opus, microseconds: 200_000)
        #expect(await arrivals.next()?.plain == [0xf8, 9])
        let counts = await receiver.proofCounts
        await Leg.close(alice, bob)
        return counts
    }

    @Test("Frames that their sender signed are proven; the newest are not yet")
    func proven() async throws {
        let key = SigningKey.generate()
        #expect(try await counts(key, expected: key.publicKey) == ProofCounts(proven: 5, unproven: 1))
    }

    @Test("Lists of another key prove nothing")
    func otherKey() async throws {
        let expected = SigningKey.generate().publicKey
        #expect(try await counts(.generate(), expected: expected) == ProofCounts(proven: 0, unproven: 6))
    }
}
