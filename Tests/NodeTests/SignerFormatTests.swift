import Consensus
import Node
import Primitives
import Testing
import Wire

@Suite("What nodes and signers say to each other")
struct SignerFormatTests {
    private static let signature = Signature([UInt8](repeating: 7, count: 64))
    private static let digest = Digest(raw: Bytes32(words: (1, 2, 3, 4)))

    static let promises = [Ballot.Kind.notarize, .nullify].compactMap { kind in
        signature.map {
            SigningGuard.Promise(
                ballot: Ballot(kind: kind, epoch: ValidatorEpoch(3), view: View(300), hash: digest), signature: $0)
        }
    }

    static let questions: [SignerQuestion] = [
        .key, .sign([[1], [2, 3]]), .promises(ChainID(raw: digest.raw), promises), .promises(.zero, []),
    ]

    static let answers: [SignerAnswer] =
        [
            .key(PublicKey(raw: digest.raw)), .promises(promises),
            .sign([.failure(.behind(.init(epoch: ValidatorEpoch(1), view: View(70_000))))]),
            .sign(signature.map { [.success($0)] } ?? []),
        ]
        + [SigningRefusal.unreachable, .keyFailed, .memoryFailed, .notAllowed, .contradicts].map { .failed($0) }

    @Test("Questions are read strictly", arguments: questions)
    func readsQuestion(question: SignerQuestion) throws { try strict(question) }

    @Test("Answers are read strictly", arguments: answers)
    func readsAnswer(answer: SignerAnswer) throws { try strict(answer) }

    private func strict<Object: WireObject & Equatable>(_ object: Object) throws {
        let bytes = object.encoded
        #expect(try Object(decoding: bytes) == object)
        for count in 0..<bytes.count {
            #expect(throws: WireError.self) { try Object(decoding: Array(bytes.prefix(count))) }
        }
        for index in bytes.indices {
            for mask: UInt8 in [1, 0x80, 0xff] {
                var changed = bytes
                changed[index] ^= mask
                guard let other = try? Object(decoding: changed) else { continue }
                #expect(other.encoded == changed)
            }
        }
    }

    @Test("An empty question, one of too many preimages, and one too long are refused")
    func bounds() {
        #expect(throws: WireError.self) { try SignerQuestion(decoding: SignerQuestion.sign([]).encoded) }
        let many = SignerQuestion.sign(Array(repeating: [1], count: SignerQuestion.preimagesMax + 1))
        #expect(throws: WireError.self) { try SignerQuestion(decoding: many.encoded) }
        let long = SignerQuestion.sign([[UInt8](repeating: 0, count: SignerQuestion.preimageByteCountMax + 1)])
        #expect(throws: WireError.self) { try SignerQuestion(decoding: long.encoded) }
    }
}
