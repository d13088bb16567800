import Consensus
import Crypto
import EventLoop
import Ledger
import Node
import Primitives
import Testing
import Wire

@Suite("The light client")
struct LightClientTests {
    private func documents() throws -> Documents {
        var limits = Testnet.limits
        limits.epochHeights = SignedChain.epochHeights
        return try Documents(validators: 4, limits: limits)
    }

    private func chain(_ height: UInt64) throws -> SignedChain {
        var chain = try SignedChain(try documents())
        try chain.grow(to: height)
        return chain
    }

    @Test("From genesis it goes from validator epoch to validator epoch, and on to the newest record")
    func walk() throws {
        let chain = try chain(22)
        var client = try LightClient(chain.rules)
        #expect(client.head == nil)
        #expect(throws: ProofFault.unknownEpoch(ValidatorEpoch(5))) { try client.check(chain.head) }
        for handover in chain.handovers { try client.follow(handover) }
        #expect(client.head?.record.height == Height(20))
        try client.advance(to: chain.head, growth: try chain.growth(from: 20, to: 22))
        #expect(client.head == chain.head)
        // What is older, or the same, changes nothing.
        try client.advance(to: chain.proven[20], growth: [])
        #expect(client.head == chain.head)
    }

    @Test("A handover out of turn, unsigned, not the epoch's last or of another list is not followed")
    func badHandovers() throws {
        let chain = try chain(9)
        let (first, second) = (chain.handovers[0], chain.handovers[1])
        var client = try LightClient(chain.rules)
        func refuses(_ fault: ProofFault, _ handover: Handover) {
            #expect(throws: fault) { try client.follow(handover) }
        }
        refuses(.unknownEpoch(ValidatorEpoch(1)), second)
        let early = chain.proven[2]
        refuses(.notSealing, Handover(list: first.list, record: early.record, finality: early.finality))
        refuses(.otherList, Handover(list: second.list, record: first.record, finality: first.finality))
        let weak = try chain.underSigned(4)
        refuses(.notFinal, Handover(list: first.list, record: weak.record, finality: weak.finality))
        refuses(.notFinal, Handover(list: first.list, record: first.record, finality: early.finality))
        try client.follow(first)
        refuses(.notSealing, first)
        #expect(client.head?.record.height == Height(4))
    }

    @Test("A log that does not begin with the log before is not taken")
    func growth() throws {
        let chain = try chain(3)
        var client = try LightClient(chain.rules)
        try client.advance(to: chain.proven[0], growth: [])
        #expect(throws: ProofFault.logNotExtended) { try client.advance(to: chain.head, growth: []) }
        #expect(client.head == chain.proven[0])
        try client.advance(to: chain.head, growth: try chain.growth(from: 1, to: 3))
        #expect(client.head == chain.head)
    }

    @Test("From a checkpoint it goes on, unless that is older than the trust period, or not what it says")
    func checkpoint() throws {
        let chain = try chain(10)
        var client = try LightClient(chain.rules)
        #expect(client.checkpoint == nil)
        for handover in chain.handovers { try client.follow(handover) }
        try client.advance(to: chain.head, growth: try chain.growth(from: 8, to: 10))
        let checkpoint = try #require(client.checkpoint)
        #expect(try LightCheckpoint(decoding: checkpoint.encoded) == checkpoint)
        let now = SystemTime.utc
        let other = try LightClient(chain.rules, from: checkpoint, at: now)
        #expect(other.head == chain.head)
        #expect(other.isFresh(at: now))
        let late = now.adding(milliseconds: chain.rules.genesis.limits.trustPeriod + 1_000)
        #expect(!other.isFresh(at: late))
        #expect(throws: ProofFault.tooOld) { try LightClient(chain.rules, from: checkpoint, at: late) }
        let list = chain.handovers[0].list
        let mixed = LightCheckpoint(list: list, proven: chain.head)
        #expect(throws: ProofFault.otherList) { try LightClient(chain.rules, from: mixed, at: now) }
        let weak = LightCheckpoint(list: checkpoint.list, proven: try chain.underSigned(10))
        #expect(throws: ProofFault.notFinal) { try LightClient(chain.rules, from: weak, at: now) }
        let stranger = try documents().rules
        #expect(throws: ProofFault.otherChain) { try LightClient(stranger, from: checkpoint, at: now) }
    }

    @Test("Two final records of one height stop it, and name who signed both", arguments: [UInt64(0), 1, 3])
    func fork(skipping: UInt64) throws {
        var first = try chain(5)
        var second = first
        try first.grow(to: 6, mark: 1)
        // The other ledger gives up on some views, so that its block has another one.
        try second.grow(to: 6, mark: 2, skipping: skipping)
        var client = try LightClient(first.rules)
        try client.follow(first.handovers[0])
        #expect(try client.compare(first.proven[4], with: second.proven[4]) == .agrees)
        guard case .contradicts(let alarm) = try client.compare(first.head, with: second.head) else {
            Issue.record("two final records agree")
            return
        }
        #expect(alarm.evidence.count == 3)
        for evidence in alarm.evidence {
            #expect(SignatureVerifier().verified(evidence, in: first.rules.chain) != nil)
            #expect(
                first.context.validators(of: evidence.epoch)?.validators.contains { $0.key == evidence.key } == true)
        }
        #expect(try ForkAlarm(decoding: alarm.encoded) == alarm)
        client.stop(for: alarm)
        #expect(throws: ProofFault.forked) { try client.advance(to: first.head, growth: []) }
        #expect(throws: ProofFault.forked) { try client.follow(first.handovers[0]) }
    }

    @Test("A record without a quorum contradicts nobody")
    func weakFork() throws {
        var first = try chain(2)
        var second = first
        try first.grow(to: 3, mark: 1)
        try second.grow(to: 3, mark: 2)
        let client = try LightClient(first.rules)
        #expect(throws: ProofFault.notFinal) { try client.compare(first.head, with: try second.underSigned(3)) }
        #expect(throws: ProofFault.wrongHeight) { try client.compare(first.head, with: first.proven[0]) }
    }

    @Test("Checkpoints, handovers and alarms have one form")
    func forms() throws {
        let chain = try chain(5)
        var client = try LightClient(chain.rules)
        try client.follow(chain.handovers[0])
        let examples: [([UInt8], ([UInt8]) throws -> [UInt8])] = [
            (chain.handovers[0].encoded, { try Handover(decoding: $0).encoded }),
            (try #require(client.checkpoint).encoded, { try LightCheckpoint(decoding: $0).encoded }),
            (chain.head.encoded, { try ProvenRecord(decoding: $0).encoded }),
        ]
        for (bytes, again) in examples {
            #expect(try again(bytes) == bytes)
            for length in stride(from: 0, to: bytes.count, by: 7) {
                #expect(throws: WireError.self) { try again(Array(bytes[..<length])) }
            }
            for index in stride(from: 0, to: bytes.count, by: 3) {
                var changed = bytes
                changed[index] ^= 0x81
                if let other = try? again(changed) { #expect(other == changed) }
            }
        }
    }
}
