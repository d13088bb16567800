import Crypto
import Primitives
import Testing

/// A dealing with all its shares at hand.
struct Dealing: ~Copyable {
    let dealer: ThresholdDealer
    var keys: ThresholdPublicKeys { dealer.publicKeys }

    init(_ purpose: ThresholdPurpose, members: Int, epoch: UInt64 = 1) throws {
        dealer = try ThresholdDealer(purpose, sharingEpoch: SharingEpoch(epoch), memberCount: members)
    }

    init(_ key: borrowing RistrettoSecret, _ purpose: ThresholdPurpose, members: Int, epoch: UInt64 = 1) throws {
        dealer = try ThresholdDealer(key, purpose, sharingEpoch: SharingEpoch(epoch), memberCount: members)
    }
}

extension PartialEvaluation {
    /// The same with some fields changed.
    func altered(
        purpose: ThresholdPurpose? = nil, epoch: SharingEpoch? = nil, index: Int? = nil,
        elements: [GroupElement]? = nil, proof: GroupProof? = nil
    ) -> PartialEvaluation {
        PartialEvaluation(
            purpose: purpose ?? self.purpose, sharingEpoch: epoch ?? sharingEpoch, index: index ?? self.index,
            elements: elements ?? self.elements, proof: proof ?? self.proof)
    }
}

@Suite struct ThresholdTests {
    @Test(
        "the threshold is floor(2n/3) + 1, and 1 for a single member",
        arguments: [(1, 1), (2, 2), (3, 3), (4, 3), (7, 5)])
    func thresholds(members: Int, threshold: Int) throws {
        let dealing = try Dealing(.phone, members: members)
        #expect(dealing.keys.threshold == threshold)
        #expect(dealing.keys.memberCount == members)
        let isConsistent = dealing.keys.isConsistent
        #expect(isConsistent)
    }

    @Test(
        "nobody deals to no member or to more than the limit",
        arguments: [-1, 0, ThresholdPublicKeys.memberCountMax + 1])
    func memberCounts(members: Int) {
        #expect(throws: RistrettoError.badMemberCount) { _ = try Dealing(.phone, members: members) }
    }

    @Test("any t members give the output of the whole key", arguments: [1, 2, 4, 5])
    func combination(members: Int) throws {
        let key = RistrettoSecret()
        let dealing = try Dealing(key, .phone, members: members)
        let keys = dealing.keys
        #expect(keys.publicKey == key.publicElement())
        let function = VOPRF(.verifiable)
        let (numbers, threshold) = ([Array("+4915112345678".utf8), Array("+15550100".utf8)], keys.threshold)
        let first = try function.blind(try #require(PhoneNumber("0049 151 12345678")))
        let second = try function.blind(numbers[1])
        let blinded = [first.element, second.element]
        let expected = try function.evaluate(blinded, with: key)
        for start in 1...members {
            var combiner = try ThresholdCombiner(keys, inputs: blinded)
            for step in 0..<threshold {
                #expect(!combiner.isComplete)
                let index = (start - 1 + step) % members + 1
                let share = try dealing.dealer.share(of: index)
                try combiner.add(try share.evaluateBlinded(blinded))
            }
            let combined = try combiner.combined()
            #expect(combined == expected)
            #expect(
                try function.finalize(first, evaluated: combined[0]) == function.evaluateDirectly(numbers[0], with: key)
            )
            #expect(
                try function.finalize(second, evaluated: combined[1])
                    == function.evaluateDirectly(numbers[1], with: key))
        }
    }

    @Test("fewer than t shares of one sharing epoch open nothing: t − 1 of it and any of another do not combine")
    func tooFew() throws {
        let key = RistrettoSecret()
        let old = try Dealing(key, .phone, members: 4, epoch: 1)
        let new = try Dealing(key, .phone, members: 4, epoch: 2)
        #expect(old.keys.publicKey == new.keys.publicKey && old.keys.shares != new.keys.shares)
        let blinded = [try VOPRF(.verifiable).blind([1]).element]
        var combiner = try ThresholdCombiner(new.keys, inputs: blinded)
        for index in 1...2 { try combiner.add(try new.dealer.share(of: index).evaluateBlinded(blinded)) }
        #expect(throws: RistrettoError.tooFewShares(have: 2, need: 3)) { try combiner.combined() }
        let stale = try old.dealer.share(of: 3).evaluateBlinded(blinded)
        #expect(throws: RistrettoError.wrongSharingEpoch) { try combiner.add(stale) }
        #expect(throws: RistrettoError.badShare(index: 3)) { try combiner.add(stale.altered(epoch: SharingEpoch(2))) }
        let again = try new.dealer.share(of: 2).evaluateBlinded(blinded)
        #expect(throws: RistrettoError.duplicateShare(index: 2)) { try combiner.add(again) }
        #expect(!combiner.isComplete && combiner.members == [1, 2])
    }

    @Test("a bad share is rejected, its validator named, and the others still suffice")
    func badShare() throws {
        let dealing = try Dealing(.phone, members: 4)
        let keys = dealing.keys
        let blinded = [try VOPRF(.verifiable).blind([1]).element, try VOPRF(.verifiable).blind([2]).element]
        let honest = try dealing.dealer.share(of: 2).evaluateBlinded(blinded)
        let third = try dealing.dealer.share(of: 3).evaluateBlinded(blinded)
        let random = RistrettoSecret().publicElement()
        let bad = [
            honest.altered(elements: [honest.elements[0], random]),
            honest.altered(elements: [.zero, honest.elements[1]]),
            honest.altered(elements: honest.elements.reversed()),
            honest.altered(elements: [honest.elements[0]]),
            honest.altered(elements: third.elements),
            honest.altered(proof: third.proof),
            third.altered(index: 2),
        ]
        var combiner = try ThresholdCombiner(keys, inputs: blinded)
        for evaluation in bad {
            #expect(throws: RistrettoError.badShare(index: 2)) { try combiner.add(evaluation) }
        }
        for bytes in flips(of: honest.proof.bytes) {
            let evaluation = honest.altered(proof: GroupProof(bytes))
            #expect(throws: RistrettoError.badShare(index: 2)) { try combiner.add(evaluation) }
        }
        #expect(throws: RistrettoError.unknownMember(index: 5)) { try combiner.add(honest.altered(index: 5)) }
        #expect(throws: RistrettoError.unknownMember(index: 0)) { try combiner.add(honest.altered(index: 0)) }
        #expect(throws: RistrettoError.wrongPurpose) { try combiner.add(honest.altered(purpose: .outer)) }
        #expect(combiner.members.isEmpty)
        for index in [1, 3, 4] { try combiner.add(try dealing.dealer.share(of: index).evaluateBlinded(blinded)) }
        #expect(try combiner.combined().count == 2)
        #expect(throws: RistrettoError.badShare(index: 2)) { try combiner.add(bad[0]) }
    }

    @Test("a share serves its own purpose only")
    func purposes() throws {
        let outer = try Dealing(.outer, members: 1).dealer.share(of: 1)
        let phone = try Dealing(.phone, members: 1).dealer.share(of: 1)
        let element = RistrettoSecret().publicElement()
        let key = ThresholdOuterKey(chain: .zero, recording: .zero, rightsEpoch: .zero)
        #expect(throws: RistrettoError.wrongPurpose) { try outer.evaluateBlinded([element]) }
        #expect(throws: RistrettoError.wrongPurpose) { try phone.evaluate(key) }
        #expect(throws: RistrettoError.wrongPurpose) { try phone.evaluate([], chain: .zero) }
    }

    @Test("a validator refuses to evaluate the identity, a bad encoding, nothing, or too much")
    func badInputs() throws {
        let share = try Dealing(.phone, members: 1).dealer.share(of: 1)
        let element = RistrettoSecret().publicElement()
        let invalid = try #require(GroupElement(hex: RistrettoVectors.invalid[0]))
        #expect(throws: RistrettoError.invalidElement) { try share.evaluateBlinded([element, .zero]) }
        #expect(throws: RistrettoError.invalidElement) { try share.evaluateBlinded([invalid]) }
        #expect(throws: RistrettoError.badElementCount) { try share.evaluateBlinded([]) }
        let many = [GroupElement](repeating: element, count: PartialEvaluation.elementCountMax + 1)
        #expect(throws: RistrettoError.badElementCount) { try share.evaluateBlinded(many) }
        let keys = try Dealing(.phone, members: 1).keys
        #expect(throws: RistrettoError.badElementCount) { _ = try ThresholdCombiner(keys, inputs: []) }
    }

    @Test("a member takes its own share and no other's")
    func shareIsChecked() throws {
        let dealing = try Dealing(.wraps, members: 4)
        let keys = dealing.keys
        let second = try dealing.dealer.share(of: 2)
        let bytes = second.withBytes { bytes in (0..<32).map { bytes[$0] } }
        let copy = try ThresholdShare(copying: bytes.span, index: 2, of: keys)
        #expect(copy.publicShare == keys.shares[1] && copy.purpose == .wraps)
        #expect(throws: RistrettoError.badShare(index: 3)) {
            _ = try ThresholdShare(copying: bytes.span, index: 3, of: keys)
        }
        #expect(throws: RistrettoError.unknownMember(index: 5)) {
            _ = try ThresholdShare(copying: bytes.span, index: 5, of: keys)
        }
        #expect(throws: RistrettoError.unknownMember(index: 0)) { _ = try dealing.dealer.share(of: 0) }
    }

    @Test("public shares that do not lie on one polynomial with the key are not consistent")
    func consistency() throws {
        let keys = try Dealing(.outer, members: 7).keys
        let stranger = RistrettoSecret().publicElement()
        func altered(key: GroupElement? = nil, share: Int? = nil, to element: GroupElement) throws
            -> ThresholdPublicKeys
        {
            var shares = keys.shares
            if let share { shares[share] = element }
            return try #require(
                ThresholdPublicKeys(
                    purpose: .outer, sharingEpoch: keys.sharingEpoch, publicKey: key ?? keys.publicKey, shares: shares))
        }
        #expect(keys.isConsistent)
        #expect(try !altered(key: stranger, to: stranger).isConsistent)
        for index in 0..<7 {
            #expect(try !altered(share: index, to: stranger).isConsistent)
            #expect(try !altered(share: index, to: .zero).isConsistent)
        }
    }

    @Test("O_e is one key for one chain, recording and rights epoch, whoever evaluates, and another for any other")
    func outerKey() throws {
        let secret = RistrettoSecret()
        let dealing = try Dealing(secret, .outer, members: 4)
        let keys = dealing.keys
        let (chain, recording) = (
            ChainID(raw: Bytes32(words: (1, 0, 0, 0))), RecordingID(raw: Bytes32(words: (2, 0, 0, 0)))
        )
        func fingerprint(_ name: ThresholdOuterKey, members: [Int]) throws -> [UInt8] {
            var combiner = try ThresholdCombiner(keys, inputs: [try name.point()])
            for index in members { try combiner.add(try dealing.dealer.share(of: index).evaluate(name)) }
            let combined = try combiner.combined()
            #expect(combined == [try secret.multiply(name.point())])
            return name.key(from: combined[0]).withBytes { bytes in (0..<32).map { bytes[$0] } }
        }
        let name = ThresholdOuterKey(chain: chain, recording: recording, rightsEpoch: RightsEpoch(3))
        let key = try fingerprint(name, members: [1, 2, 3])
        #expect(try fingerprint(name, members: [2, 3, 4]) == key)
        let others = [
            ThresholdOuterKey(chain: chain, recording: recording, rightsEpoch: RightsEpoch(4)),
            ThresholdOuterKey(chain: .zero, recording: recording, rightsEpoch: RightsEpoch(3)),
            ThresholdOuterKey(chain: chain, recording: .zero, rightsEpoch: RightsEpoch(3)),
        ]
        for other in others { #expect(try fingerprint(other, members: [1, 2, 3]) != key) }
    }

    @Test("an evaluation of one outer key is no evaluation of another: a validator computes the point itself")
    func outerPoint() throws {
        let dealing = try Dealing(.outer, members: 1)
        let asked = ThresholdOuterKey(chain: .zero, recording: .zero, rightsEpoch: RightsEpoch(1))
        let other = ThresholdOuterKey(chain: .zero, recording: .zero, rightsEpoch: RightsEpoch(2))
        var combiner = try ThresholdCombiner(dealing.keys, inputs: [try asked.point()])
        let evaluation = try dealing.dealer.share(of: 1).evaluate(other)
        #expect(throws: RistrettoError.badShare(index: 1)) { try combiner.add(evaluation) }
    }
}
