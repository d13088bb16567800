import Consensus
import Crypto
import Ledger
import Node
import Primitives
import Testing
import Wire

@Suite("Proof bundles")
struct BundleTests {
    private func golden() throws -> (bundle: ProofBundle, story: Story) {
        var (story, subject) = try Story.told(validators: 4)
        return (try ProofBundle(decoding: try story.proofBundle(subject)), story)
    }

    @Test("A bundle over three validator epochs holds, and says what it proves")
    func holds() throws {
        let (bundle, story) = try golden()
        let report = try BundleCheck.check(bundle, chain: story.chain)
        #expect(report.handovers == 2)
        #expect(report.record == story.tip.record)
        #expect(report.signers.count == 3)
        #expect(report.signers.of == story.chapters[8].set.count)
        #expect(report.statements.count == bundle.logs.count + bundle.facts.count)
        var absent = 0
        for case .fact(_, nil) in report.statements { absent += 1 }
        #expect(absent > 0)
        #expect(try BundleCheck.check(bundle, chain: nil).rules.chain == story.chain)
    }

    @Test("Of another chain than expected, a bundle proves nothing")
    func otherChain() throws {
        let (bundle, _) = try golden()
        #expect(throws: ProofFault.otherChain) { try BundleCheck.check(bundle, chain: .zero) }
    }

    /// The bundle with some parts exchanged.
    private func changed(
        _ bundle: ProofBundle, logs: [ProofBundle.LogFact]? = nil, facts: [ProofBundle.StateFact]? = nil,
        record: Record? = nil, handovers: [Handover]? = nil
    ) -> ProofBundle {
        ProofBundle(
            logs: logs ?? bundle.logs, facts: facts ?? bundle.facts, record: record ?? bundle.record,
            genesis: bundle.genesis, finality: bundle.finality, handovers: handovers ?? bundle.handovers)
    }

    @Test("Handovers that are missing, repeated, out of order or of another set lead nowhere")
    func handovers() throws {
        let (bundle, _) = try golden()
        let (first, second) = (bundle.handovers[0], bundle.handovers[1])
        let forged = Handover(list: second.list, record: first.record, finality: first.finality)
        let early = Handover(list: first.list, record: bundle.record, finality: bundle.finality)
        let cases: [(String, [Handover], ProofFault)] = [
            ("none", [], .unknownEpoch(ValidatorEpoch(2))), ("the last one missing", [first], .unknownEpoch(.init(2))),
            ("the first one missing", [second], .unknownEpoch(ValidatorEpoch(1))),
            ("out of order", [second, first], .unknownEpoch(ValidatorEpoch(1))),
            ("one twice", [first, first], .notSealing), ("another set", [forged, second], .otherList),
            ("not the last record", [first, second, early], .notSealing),
        ]
        for (name, handovers, fault) in cases {
            #expect(throws: fault, "\(name)") {
                try BundleCheck.check(changed(bundle, handovers: handovers), chain: nil)
            }
        }
    }

    @Test("A claim that its proof does not carry is refused by name")
    func claims() throws {
        let (bundle, story) = try golden()
        let (log, other) = (bundle.logs[0], bundle.logs[2])
        let fact = try #require(bundle.facts.first { $0.value != nil })
        let absent = try #require(bundle.facts.first { $0.value == nil })
        typealias LogFact = ProofBundle.LogFact
        typealias StateFact = ProofBundle.StateFact
        let leaf = LogLeaf(height: log.leaf.height, index: log.leaf.index, envelope: log.leaf.envelope, code: 1)
        let logs: [(String, LogFact, ProofFault)] = [
            ("another result", LogFact(envelope: nil, leaf: leaf, path: log.path, index: log.index), .notInLog),
            ("another place", LogFact(envelope: nil, leaf: log.leaf, path: log.path, index: log.index + 1), .notInLog),
            (
                "another envelope",
                LogFact(envelope: other.envelope, leaf: log.leaf, path: log.path, index: log.index), .otherEnvelope
            ),
        ]
        for (name, claim, fault) in logs {
            #expect(throws: fault, "\(name)") { try BundleCheck.check(changed(bundle, logs: [claim]), chain: nil) }
        }
        let facts: [(String, StateFact, ProofFault)] = [
            ("another value", StateFact(key: fact.key, proof: fact.proof, value: [1]), .otherValue),
            ("an absence", StateFact(key: fact.key, proof: fact.proof, value: nil), .otherValue),
            ("a presence", StateFact(key: absent.key, proof: absent.proof, value: [1]), .otherValue),
            ("the proof of another key", StateFact(key: fact.key, proof: absent.proof, value: nil), .badStateProof),
        ]
        for (name, claim, fault) in facts {
            #expect(throws: fault, "\(name)") { try BundleCheck.check(changed(bundle, facts: [claim]), chain: nil) }
        }
        let earlier = story.chapters[7].executed.record
        #expect(throws: ProofFault.notFinal) { try BundleCheck.check(changed(bundle, record: earlier), chain: nil) }
    }

    @Test("No byte of a bundle can be changed")
    func bytes() throws {
        let (bundle, story) = try golden()
        let bytes = bundle.encoded
        for index in stride(from: 5, to: bytes.count, by: 1 + bytes.count / 80) {
            var changed = bytes
            changed[index] ^= 0x10
            guard let other = try? ProofBundle(decoding: changed) else { continue }
            #expect(other.encoded == changed)
            #expect(throws: ProofFault.self, "byte \(index)") { try BundleCheck.check(other, chain: story.chain) }
        }
    }
}
