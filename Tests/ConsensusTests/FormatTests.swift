import Consensus
import Crypto
import Primitives
import Testing
import Wire

/// The two tests that every decoder passes.
func expectStrict<Object: WireObject>(_ type: Object.Type, _ bytes: [UInt8]) throws {
    #expect(try Object(decoding: bytes).encoded == bytes)
    for length in 0..<bytes.count {
        #expect(throws: WireError.self, "prefix of \(length) bytes") { try Object(decoding: Array(bytes[..<length])) }
    }
    for index in bytes.indices {
        for flip: UInt8 in [0x01, 0x80, 0xff] {
            var changed = bytes
            changed[index] ^= flip
            guard let other = try? Object(decoding: changed) else { continue }
            #expect(other.encoded == changed, "byte \(index) changed by \(flip)")
        }
    }
}

@Suite("Consensus messages")
struct FormatTests {
    private let keys = (0..<4).compactMap { try? SigningKey(seed: [UInt8](repeating: UInt8($0 + 1), count: 32)) }

    private var set: ValidatorSet {
        let list = keys.enumerated().map { index, key in
            Validator(id: MemberID(raw: Bytes32(words: (UInt64(index), 0, 0, 0))), key: key.publicKey)
        }
        guard let set = ValidatorSet(epoch: .zero, validators: list) else { preconditionFailure("four keys") }
        return set
    }

    private var context: VotingContext { VotingContext(chain: chain, sets: [set]) }

    private func signed(_ ballot: Ballot, by seat: Int) -> Signature {
        keys[seat].signature(over: ballot.kind.signingKind.preimage(chain: chain, body: ballot.body))
    }

    private func certificate(_ ballot: Ballot, by seats: [Int], signatures: [Signature]? = nil) -> Certificate? {
        var signers = SeatSet()
        for seat in seats { _ = signers.insert(Seat(seat)) }
        return Certificate(
            ballot: ballot, signers: signers, signatures: signatures ?? seats.map { signed(ballot, by: $0) })
    }

    @Test("A vote's signed body is epoch, view and hash, 48 bytes, zero for a nullify")
    func body() {
        let digest = Digest(raw: Bytes32(words: (1, 2, 3, 4)))
        let ballot = Ballot(kind: .notarize, epoch: ValidatorEpoch(258), view: View(3), hash: digest)
        #expect(ballot.body == [0, 0, 0, 0, 0, 0, 1, 2] + [0, 0, 0, 0, 0, 0, 0, 3] + digest.bytes)
        #expect(
            Ballot(kind: .nullify, epoch: .zero, view: View(3), hash: digest).body.suffix(32).allSatisfy { $0 == 0 })
    }

    @Test("Every message is strict", arguments: 0..<9)
    func strict(_ index: Int) throws {
        let first = block(1)
        let third = block(3, on: first)
        let ballot = ballot(.finalize, 3, third.hash)
        let final = try #require(certificate(ballot, by: [0, 2, 3]))
        let objects: [[UInt8]] = [
            Message.vote(vote(.nullify, 7, by: 3)).encoded, Message.certificate(final).encoded,
            Message.proposal(third.proposal).encoded, Message.request(.block(third.hash)).encoded,
            Message.request(.certificates(after: View(300), epoch: ValidatorEpoch(2))).encoded,
            Message.request(.finalised(after: Height(9))).encoded,
            Message.response(CatchUpResponse(certificates: [final], proposals: [first.proposal])).encoded,
        ]
        switch index {
        case 7:
            try expectStrict(
                FinalityProof.self,
                FinalityProof.simplex(SimplexProof(finalization: final, headers: [third.header, first.header])).encoded)
        case 8: try expectStrict(ValidatorSet.self, set.encoded)
        default: try expectStrict(Message.self, objects[index])
        }
    }

    @Test("A certificate of a quorum of genuine signatures is verified")
    func genuine() throws {
        let value = try #require(certificate(ballot(.notarize, 3, block(3).hash), by: [0, 1, 3]))
        #expect(SignatureVerifier().verified(value, in: context) != nil)
    }

    @Test("A certificate is refused with a signer too few, an unknown one, a wrong signature or another epoch")
    func refused() throws {
        let ballot = ballot(.notarize, 3, block(3).hash)
        let few = try #require(certificate(ballot, by: [0, 1]))
        #expect(few.signatureChecks(in: context) == nil)
        let one = signed(ballot, by: 0)
        let unknown = try #require(certificate(ballot, by: [0, 1, 4], signatures: [one, one, one]))
        #expect(unknown.signatureChecks(in: context) == nil)
        let repeated = try #require(certificate(ballot, by: [0, 1, 2], signatures: [one, one, one]))
        #expect(SignatureVerifier().verified(repeated, in: context) == nil)
        let other = Ballot(kind: .notarize, epoch: ValidatorEpoch(1), view: View(3), hash: block(3).hash)
        let foreign = try #require(certificate(other, by: [0, 1, 2]))
        #expect(foreign.signatureChecks(in: context) == nil)
        #expect(certificate(ballot, by: [0, 1, 2], signatures: [one, one]) == nil)
    }

    @Test("A vote is verified under its signer's key only, and for its chain only")
    func votes() {
        let ballot = ballot(.nullify, 3)
        let good = Vote(ballot: ballot, signer: Seat(2), signature: signed(ballot, by: 2))
        #expect(SignatureVerifier().verified(good, in: context) != nil)
        let stolen = Vote(ballot: ballot, signer: Seat(1), signature: good.signature)
        #expect(SignatureVerifier().verified(stolen, in: context) == nil)
        let elsewhere = VotingContext(chain: ChainID(raw: .zero), sets: [set])
        #expect(SignatureVerifier().verified(good, in: elsewhere) == nil)
        #expect(Vote(ballot: ballot, signer: Seat(9), signature: good.signature).signatureChecks(in: context) == nil)
    }

    @Test("A body that the header does not name makes no block")
    func foreignBody() {
        let proposal = block(1).proposal
        var hasher = SHA256()
        let swapped = Proposal(header: proposal.header, signature: proposal.signature, body: [9])
        #expect(Block(swapped, with: &hasher) == nil)
    }

    @Test("A finality proof leads from the finalised block to the record, and a broken link proves nothing")
    func finality() throws {
        let (first, second) = (block(1), block(2, on: block(1)))
        let final = try #require(certificate(ballot(.finalize, 2, second.hash), by: [0, 1, 2]))
        var hasher = SHA256()
        let proof = SimplexProof(finalization: final, headers: [second.header, first.header])
        #expect(proof.record(with: &hasher) == first.header.record)
        #expect(SignatureVerifier().verified(FinalityProof.simplex(proof), in: context) != nil)
        let broken = SimplexProof(finalization: final, headers: [second.header, block(1, tag: 2).header])
        #expect(broken.record(with: &hasher) == nil)
        #expect(SimplexProof(finalization: final, headers: [first.header]).record(with: &hasher) == nil)
    }

    @Test("Seats are counted once, in order, and have one bitmap")
    func seats() throws {
        var set = SeatSet()
        for seat in [200, 3, 3, 0, 64] { _ = set.insert(Seat(seat)) }
        #expect(set.count == 4)
        #expect(set.seats.map(\.index) == [0, 3, 64, 200])
        #expect(SeatSet(bitmap: set.bitmap) == set)
        #expect(SeatSet(bitmap: [1, 0]) == nil)
        #expect(SeatSet(bitmap: [UInt8](repeating: 1, count: 33)) == nil)
        #expect(set.insert(Seat(256)) == false)
    }

    @Test(
        "A set is sorted, has each member once, and q = floor(2n/3) + 1",
        arguments: [(1, 1), (2, 2), (3, 3), (4, 3), (5, 4), (6, 5), (7, 5)])
    func quorum(count: Int, expected: Int) {
        #expect(validators(count).quorum == expected)
        let twice = validators(1).validators + validators(count).validators
        #expect(ValidatorSet(epoch: .zero, validators: twice) == nil)
        #expect(ValidatorSet(epoch: .zero, validators: validators(count).validators.reversed()) == validators(count))
    }

    @Test("Evidence is what the rules say, in both orders")
    func conflicts() {
        let (one, two) = (block(1).hash, block(1, tag: 2).hash)
        let cases: [(Ballot, Ballot, Bool)] = [
            (ballot(.notarize, 1, one), ballot(.notarize, 1, two), true),
            (ballot(.finalize, 1, one), ballot(.finalize, 1, two), true),
            (ballot(.finalize, 1, one), ballot(.nullify, 1), true),
            (ballot(.finalize, 1, one), ballot(.notarize, 1, two), true),
            (ballot(.finalize, 1, one), ballot(.notarize, 1, one), false),
            (ballot(.notarize, 1, one), ballot(.nullify, 1), false),
            (ballot(.notarize, 1, one), ballot(.notarize, 2, two), false),
        ]
        for (left, right, expected) in cases {
            #expect(left.conflicts(with: right) == expected)
            #expect(right.conflicts(with: left) == expected)
        }
    }
}
