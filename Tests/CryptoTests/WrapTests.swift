import Crypto
import Primitives
import Testing

extension GroupKeyWrap {
    /// The same with some fields changed.
    func altered(
        subject: Subject? = nil, point: GroupElement? = nil, sealedKey: Bytes32? = nil, proof: GroupProof? = nil
    ) -> GroupKeyWrap {
        GroupKeyWrap(
            subject: subject ?? self.subject, point: point ?? self.point, sealedKey: sealedKey ?? self.sealedKey,
            proof: proof ?? self.proof)
    }
}

@Suite struct WrapTests {
    private let chain = ChainID(raw: Bytes32(words: (1, 1, 1, 1)))

    private func subject(
        recording: UInt64 = 2, sender: UInt64 = 3, track: UInt8 = 1, group: UInt64 = 0, consent: UInt64 = 4,
        roster: UInt64 = 5
    ) -> GroupKeyWrap.Subject {
        func value(_ word: UInt64) -> Bytes32 { Bytes32(words: (0, 0, 0, word)) }
        return GroupKeyWrap.Subject(
            recording: RecordingID(raw: value(recording)), sender: PublicKey(raw: value(sender)), track: track,
            group: GroupIndex(group), consent: TransactionID(raw: value(consent)), roster: Digest(raw: value(roster)))
    }

    @Test("any t validators open a wrap, several wraps under one proof; fewer do not")
    func roundTrip() throws {
        let dealing = try Dealing(.wraps, members: 4)
        let seal = WrapSeal(chain: chain, publicKey: dealing.keys.publicKey)
        let audio = SecretKey()
        let video = SecretKey()
        let wraps = [try seal.wrap(audio, of: subject(track: 0)), try seal.wrap(video, of: subject(track: 1))]
        for members in [[1, 2, 3], [4, 2, 1], [2, 3, 4]] {
            var combiner = try ThresholdCombiner(dealing.keys, inputs: wraps.map(\.point))
            for index in members {
                #expect(throws: RistrettoError.self) { try combiner.combined() }
                try combiner.add(try dealing.dealer.share(of: index).evaluate(wraps, chain: chain))
            }
            let combined = try combiner.combined()
            let opened = try seal.unwrap(wraps[0], combined: combined[0])
            let other = try seal.unwrap(wraps[1], combined: combined[1])
            let (isAudio, isVideo) = (opened.isEqual(to: audio), other.isEqual(to: video))
            #expect(isAudio && isVideo)
            let crossed = try seal.unwrap(wraps[0], combined: combined[1])
            let isCrossed = crossed.isEqual(to: audio)
            #expect(!isCrossed)
        }
    }

    @Test("one key wrapped twice shows no likeness")
    func freshness() throws {
        let seal = WrapSeal(chain: chain, publicKey: RistrettoSecret().publicElement())
        let key = SecretKey()
        let (first, second) = (try seal.wrap(key, of: subject()), try seal.wrap(key, of: subject()))
        #expect(first.point != second.point && first.sealedKey != second.sealedKey)
    }

    @Test(
        "a validator refuses the identity and every invalid point",
        arguments: [String(repeating: "00", count: 32)] + RistrettoVectors.invalid)
    func invalidPoints(text: String) throws {
        let dealing = try Dealing(.wraps, members: 1)
        let seal = WrapSeal(chain: chain, publicKey: dealing.keys.publicKey)
        let wrap = try seal.wrap(SecretKey(), of: subject()).altered(point: GroupElement(hex: text))
        let share = try dealing.dealer.share(of: 1)
        #expect(throws: RistrettoError.invalidElement) { try share.evaluate([wrap], chain: chain) }
        #expect(throws: RistrettoError.invalidElement) { _ = try seal.unwrap(wrap, combined: wrap.point) }
    }

    @Test("a validator refuses a wrap moved to another chain, key, recording, sender, track, group, consent or roster")
    func binding() throws {
        let dealing = try Dealing(.wraps, members: 1)
        let seal = WrapSeal(chain: chain, publicKey: dealing.keys.publicKey)
        let share = try dealing.dealer.share(of: 1)
        let wrap = try seal.wrap(SecretKey(), of: subject())
        _ = try share.evaluate([wrap], chain: chain)
        let subjects = [
            subject(recording: 9), subject(sender: 9), subject(track: 9), subject(group: 9), subject(consent: 9),
            subject(roster: 9),
        ]
        for other in subjects {
            #expect(throws: RistrettoError.badWrap) {
                try share.evaluate([wrap.altered(subject: other)], chain: chain)
            }
        }
        #expect(throws: RistrettoError.badWrap) { try share.evaluate([wrap], chain: .zero) }
        let other = try Dealing(.wraps, members: 1).dealer.share(of: 1)
        #expect(throws: RistrettoError.badWrap) { try other.evaluate([wrap], chain: chain) }
    }

    @Test("a validator refuses a point derived from somebody else's wrap, and any changed byte of seal or proof")
    func malleability() throws {
        let dealing = try Dealing(.wraps, members: 1)
        let seal = WrapSeal(chain: chain, publicKey: dealing.keys.publicKey)
        let share = try dealing.dealer.share(of: 1)
        let wrap = try seal.wrap(SecretKey(), of: subject())
        let doubled = wrap.altered(point: try wrap.point.multiplied(by: RistrettoScalar(2)))
        let mine = try seal.wrap(SecretKey(), of: subject(sender: 8))
        let stolen = mine.altered(point: wrap.point)
        for bad in [doubled, stolen] {
            #expect(throws: RistrettoError.badWrap) { try share.evaluate([wrap, bad], chain: chain) }
        }
        for bytes in flips(of: wrap.sealedKey.bytes) {
            let changed = wrap.altered(sealedKey: Bytes32(bytes))
            #expect(throws: RistrettoError.badWrap) { try seal.verify(changed) }
        }
        for bytes in flips(of: wrap.proof.bytes) {
            let changed = wrap.altered(proof: GroupProof(bytes))
            #expect(throws: RistrettoError.badWrap) { try seal.verify(changed) }
        }
    }

    @Test("no wrap to a key that is no element; no request without wraps or with too many")
    func limits() throws {
        #expect(throws: RistrettoError.invalidElement) {
            _ = try WrapSeal(chain: chain, publicKey: .zero).wrap(SecretKey(), of: subject())
        }
        let dealing = try Dealing(.wraps, members: 1)
        let seal = WrapSeal(chain: chain, publicKey: dealing.keys.publicKey)
        let share = try dealing.dealer.share(of: 1)
        let wrap = try seal.wrap(SecretKey(), of: subject())
        #expect(throws: RistrettoError.badElementCount) { try share.evaluate([], chain: chain) }
        let many = [GroupKeyWrap](repeating: wrap, count: PartialEvaluation.elementCountMax + 1)
        #expect(throws: RistrettoError.badElementCount) { try share.evaluate(many, chain: chain) }
    }
}
