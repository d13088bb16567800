import Crypto
import Primitives
import Recording
import Testing

@Suite struct ProofTests {
    private func prover() -> FrameProver {
        FrameProver(call: testCall, rosterEpoch: RosterEpoch(2), sender: 3, track: 1, key: key(1))
    }

    private func list(first: UInt64, _ leaves: [Digest], track: UInt8 = 1, sender: UInt16 = 3) -> LeafList {
        LeafList(
            call: testCall, rosterEpoch: RosterEpoch(2), first: first, track: track, leaves: leaves, sender: sender,
            timestamp: 0x0102_0304)
    }

    @Test("LF-1: the leaf is the hash of the bytes that the format names")
    func leaf() {
        var hash = SHA256()
        let frame = RecordedFrame(timestamp: 0x9_0102_0304, clearByteCount: 2, bytes: [0xaa, 0xbb, 0xcc])
        let expected = SHA256.hash([5, 1, 2, 3, 4, 2, 0xaa, 0xbb, 0xcc])
        #expect(frame.leaf(track: 5, with: &hash) == expected)
        #expect(frame.leaf(track: 6, with: &hash) != expected)
    }

    @Test("LF-2: a list is due after a second or 256 leaves, and follows the one before without a gap")
    func collector() {
        var collector = LeafCollector(call: testCall, rosterEpoch: RosterEpoch(2), sender: 3, track: 1)
        var lists: [LeafList] = []
        for index in 0..<100 {
            let now = Timestamp(UInt64(1_000 + index * 20))
            if let list = collector.add(digest(UInt8(index)), timestamp: UInt32(index * 960), at: now) {
                lists.append(list)
            }
        }
        if let list = collector.flush() { lists.append(list) }
        #expect(collector.flush() == nil)
        #expect(lists.map(\.first) == [0, 50])
        #expect(lists.map(\.leaves.count) == [50, 50])
        #expect(lists.map(\.timestamp) == [0, 48_000])
        var fast = LeafCollector(call: testCall, rosterEpoch: .zero, sender: 0, track: 0)
        for _ in 0..<256 { #expect(fast.add(digest(1), timestamp: 0, at: Timestamp(1)) == nil) }
        #expect(fast.add(digest(1), timestamp: 0, at: Timestamp(1))?.leaves.count == 256)
    }

    @Test("LF-3: list and frame may come in either order")
    func eitherOrder() throws {
        var prover = prover()
        #expect(prover.receiveFrame(digest(1)) == false)
        #expect(prover.receive(try signed(list(first: 0, [digest(1), digest(2)]), by: key(1))) == [digest(1)])
        let proven = prover.receiveFrame(digest(2))
        #expect(proven)
        #expect(prover.provenCount == 2)
        #expect(prover.waitingCount == 0)
    }

    @Test("LF-4: lists of another key, track or sender, and lists that go back, prove nothing; a gap is counted")
    func strangers() throws {
        var prover = prover()
        _ = prover.receiveFrame(digest(1))
        #expect(prover.receive(try signed(list(first: 0, [digest(1)]), by: key(2))) == [])
        #expect(prover.receive(try signed(list(first: 0, [digest(1)], track: 2), by: key(1))) == [])
        #expect(prover.receive(try signed(list(first: 0, [digest(1)], sender: 4), by: key(1))) == [])
        #expect(prover.receive(try signed(list(first: 10, [digest(9)]), by: key(1))) == [])
        #expect(prover.missedCount == 10)
        #expect(prover.receive(try signed(list(first: 5, [digest(1)]), by: key(1))) == [])
        #expect(prover.waitingCount == 1)
    }

    @Test("LF-4: frames that wait too long are forgotten unproven")
    func bounds() {
        var prover = prover()
        for index in 0..<UInt64(10_000) {
            _ = prover.receiveFrame(Digest(raw: Bytes32(words: (index, 0, 0, 0))))
        }
        #expect(prover.waitingCount == FrameProver.waitingCountMax)
        #expect(prover.unprovenCount == 10_000 - UInt64(FrameProver.waitingCountMax))
    }

    @Test("A leaf list has one encoding")
    func encoding() {
        #expect(strictnessFaults(list(first: 1_000, [digest(1), digest(2)])) == [])
    }
}
