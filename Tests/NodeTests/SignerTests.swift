import Consensus
import Crypto
import EventLoop
import Foundation
import Ledger
import Node
import Primitives
import Testing
import Wire

@Suite("A key behind its guard", .timeLimit(.minutes(1)))
struct SignerTests {
    private let chain = ChainID(raw: Bytes32(words: (1 << 60, 2, 3, 4)))

    private func ballot(_ kind: Ballot.Kind, _ view: UInt64, _ hash: UInt64 = 1) -> Ballot {
        Ballot(
            kind: kind, epoch: .zero, view: View(view),
            hash: kind == .nullify ? .zero : Digest(raw: Bytes32(words: (hash, 0, 0, 0))))
    }

    private func preimage(_ ballot: Ballot) -> [UInt8] {
        ballot.kind.signingKind.preimage(chain: chain, body: ballot.body)
    }

    private func ask(_ signer: any VoteSigning, _ ballots: [Ballot]) -> [Result<Signature, SigningRefusal>] {
        signer.signatures(over: ballots.map(preimage))
    }

    private func place(_ view: UInt64) -> SigningGuard.Place { .init(epoch: .zero, view: View(view)) }

    @Test("What was signed is remembered across restarts: the same bytes again, nothing that contradicts them")
    func restart() throws {
        let scratch = try Scratch()
        let key = SigningKey.generate()
        let votes = [ballot(.notarize, 5), ballot(.finalize, 5), ballot(.notarize, 6, 2)]
        let first = ask(try LocalSigner(SoftwareKey(key), memory: scratch.path + "/state"), votes)
        for (vote, answer) in zip(votes, first) {
            #expect(answer == .success(key.signature(over: preimage(vote))))
        }
        let again = try LocalSigner(SoftwareKey(key), memory: scratch.path + "/state", chains: [chain])
        #expect(ask(again, votes) == first)
        let refused = ask(again, [ballot(.nullify, 5), ballot(.notarize, 6, 3), ballot(.finalize, 6, 3)])
        #expect(refused == [.failure(.behind(place(6))), .failure(.contradicts), .failure(.contradicts)])
        let pair = ask(again, [ballot(.nullify, 7), ballot(.finalize, 7)])
        #expect(pair == [.success(key.signature(over: preimage(ballot(.nullify, 7)))), .failure(.contradicts)])
    }

    @Test("Chains do not know of each other, and a memory belongs to one key")
    func chains() throws {
        let scratch = try Scratch()
        let key = SigningKey.generate()
        let signer = try LocalSigner(SoftwareKey(key), memory: scratch.path + "/state")
        _ = ask(signer, [ballot(.notarize, 9)])
        let other = ChainID(raw: Bytes32(words: (5 << 60, 2, 3, 4)))
        let vote = ballot(.notarize, 1)
        let bytes = vote.kind.signingKind.preimage(chain: other, body: vote.body)
        #expect(signer.signatures(over: [bytes]) == [.success(key.signature(over: bytes))])
        #expect(throws: SignerMemoryError.self) {
            _ = try LocalSigner(SoftwareKey(.generate()), memory: scratch.path + "/state", chains: [chain])
        }
    }

    @Test("A torn last slot is passed over, and filled; damage further back, or a cut file, is refused")
    func damage() throws {
        let scratch = try Scratch()
        let path = scratch.path + "/state"
        let file = URL(fileURLWithPath: "\(path)-\(chain.hex.prefix(12))")
        let key = SigningKey.generate()
        func open() throws -> LocalSigner { try LocalSigner(SoftwareKey(key), memory: path, chains: [chain]) }
        do {
            let signer = try open()
            for view in 1...40 { _ = ask(signer, [ballot(.notarize, UInt64(view))]) }
        }
        let whole = try Data(contentsOf: file)
        func flip(slot: Int) throws {
            var bytes = whole
            bytes[slot * 512 + 100] ^= 1
            try bytes.write(to: file)
        }
        try flip(slot: 41)
        #expect(ask(try open(), [ballot(.nullify, 39)]).first?.isSuccess == true)
        try flip(slot: 38)
        for _ in 0..<3 { #expect(ask(try open(), [ballot(.nullify, 39)]) == [.failure(.behind(place(40)))]) }
        for slot in [0, 10] {
            try flip(slot: slot)
            #expect(throws: SignerMemoryError.self) { _ = try open() }
        }
        try whole.dropLast().write(to: file)
        #expect(throws: SignerMemoryError.damaged(file.path)) { _ = try open() }
    }

    @Test("The slots go round without losing the watermark")
    func round() throws {
        let scratch = try Scratch()
        let key = SigningKey.generate()
        func open() throws -> LocalSigner { try LocalSigner(SoftwareKey(key), memory: scratch.path + "/state") }
        do {
            let signer = try open()
            for start in stride(from: 1, through: 591, by: 10) {
                _ = ask(signer, (start..<start + 10).map { ballot(.notarize, UInt64($0)) })
            }
        }
        #expect(ask(try open(), [ballot(.nullify, 599)]) == [.failure(.behind(place(600)))])
        #expect(ask(try open(), [ballot(.notarize, 600)]).first?.isSuccess == true)
        #expect(ask(try open(), [ballot(.nullify, 601)]).first?.isSuccess == true)
    }

    @Test("A signer whose memory was restored takes over what the node remembers, and the node what the signer does")
    func exchange() throws {
        let key = SigningKey.generate()
        let signer = LocalSigner(SoftwareKey(key))
        let known = [ballot(.notarize, 20), ballot(.finalize, 20)].map {
            SigningGuard.Promise(ballot: $0, signature: key.signature(over: preimage($0)))
        }
        #expect(try signer.promises(on: chain, knowing: known) == known)
        #expect(ask(signer, [ballot(.nullify, 20)]) == [.failure(.contradicts)])
        #expect(ask(signer, [ballot(.notarize, 19)]) == [.failure(.behind(place(20)))])
        #expect(try signer.promises(on: chain, knowing: []) == known)
    }

    @Test("A signer reads what it signs: known kinds, whole votes, no replacement of its key")
    func policy() throws {
        let documents = try Documents(validators: 1)
        let key = SigningKey.generate()
        let signer = LocalSigner(SoftwareKey(key), policy: .node)
        func refuses(_ bytes: [UInt8]) -> Bool { signer.signatures(over: [bytes]) == [.failure(.notAllowed)] }
        let body = ballot(.notarize, 1).body
        for kind in [SigningKind.notarize, .nullify, .finalize, .proposal] {
            #expect(refuses(kind.preimage(chain: chain, body: body + [0])))
            #expect(refuses(kind.preimage(chain: chain, body: Array(body.dropLast()))))
        }
        #expect(refuses(SigningKind.nullify.preimage(chain: chain, body: body)))
        #expect(refuses([]))
        #expect(refuses(Array("sotto/1/anything".utf8) + [0] + chain.bytes + body))
        for kind in [SigningKind.invite, .callKey, .consent, .keyRotation, .registration, .link] {
            #expect(refuses(kind.preimage(chain: chain, body: [1, 2, 3])))
        }
        let fresh = DeviceKeys(sign: .generate(), agreement: .generate())
        let keys = MemberKeys(sign: fresh.sign.publicKey, agreement: fresh.agreement.publicKey)
        func transaction(_ operation: Ledger.Operation) -> [UInt8] {
            let value = Transaction(
                operation, from: AuthorID(documents.nodes[0].member), chain: chain,
                nonce: SecureRandom.bytes(count: Transaction.nonceByteCount), until: SystemTime.utc)
            return SigningKind.transaction.preimage(chain: chain, body: value.encoded)
        }
        #expect(refuses(transaction(.memberRotate(MemberRotate(keys: keys, proof: key.signature(over: []))))))
        let harmless = transaction(.memberSuspend(MemberSuspend(member: .zero)))
        #expect(signer.signatures(over: [harmless]) == [.success(key.signature(over: harmless))])
        #expect(refuses(SigningKind.transaction.preimage(chain: chain, body: [0xa0])))
    }
}

extension Result {
    var isSuccess: Bool { if case .success = self { true } else { false } }
}
