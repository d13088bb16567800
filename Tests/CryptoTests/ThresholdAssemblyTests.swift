import Crypto
import Primitives
import Testing

@Suite struct ThresholdAssemblyTests {
    private let chain = ChainID.zero

    /// The result of `members` evaluating `element`, each with the share that `share` gives it.
    private func result(
        _ keys: ThresholdPublicKeys, _ element: GroupElement, members: [Int],
        share: (Int) throws -> PartialEvaluation
    ) throws -> GroupElement {
        var combiner = try ThresholdCombiner(keys, inputs: [element])
        for member in members { try combiner.add(try share(member)) }
        return try combiner.combined()[0]
    }

    @Test("dealings by all members add up to a key that nobody dealt, and any t of them use it")
    func newKey() throws {
        let dealers = try (1...4).map { _ in try DealerBox(.phone, members: 4, epoch: 1) }
        let dealings = dealers.enumerated().map {
            ThresholdAssembly.Dealing(dealer: $0.offset + 1, keys: $0.element.keys)
        }
        let assembly = try ThresholdAssembly(newKey: dealings)
        let keys = assembly.publicKeys
        #expect(keys.isConsistent)
        #expect(dealers.allSatisfy { $0.keys.publicKey != keys.publicKey })
        let element = RistrettoSecret().publicElement()
        func evaluate(_ member: Int) throws -> PartialEvaluation {
            var sum = try ThresholdShareAssembly(assembly, index: member)
            for (place, dealer) in dealers.enumerated().reversed() { try dealer.give(member, to: &sum, as: place + 1) }
            return try sum.finish().evaluateBlinded([element])
        }
        let first = try result(keys, element, members: [1, 2, 3], share: evaluate)
        let second = try result(keys, element, members: [2, 3, 4], share: evaluate)
        #expect(first == second)
    }

    @Test("resharing keeps the key, for other members and another threshold; old and new shares do not combine")
    func resharing() throws {
        let old = try DealerBox(.phone, members: 4, epoch: 1)
        let dealers = try [1, 2, 4].map { try old.dealAnew($0, epoch: 2, members: 7) }
        let dealings = zip([1, 2, 4], dealers).map { ThresholdAssembly.Dealing(dealer: $0, keys: $1.keys) }
        let assembly = try ThresholdAssembly(resharing: old.keys, dealings.reversed())
        let keys = assembly.publicKeys
        #expect(keys.publicKey == old.keys.publicKey && keys.memberCount == 7 && keys.threshold == 5)
        #expect(keys.isConsistent)
        let element = RistrettoSecret().publicElement()
        func evaluate(_ member: Int) throws -> PartialEvaluation {
            var sum = try ThresholdShareAssembly(assembly, index: member)
            for (index, dealer) in zip([1, 2, 4], dealers) { try dealer.give(member, to: &sum, as: index) }
            return try sum.finish().evaluateBlinded([element])
        }
        let before = try result(old.keys, element, members: [1, 2, 3]) { try old.evaluate($0, element) }
        let after = try result(keys, element, members: [7, 5, 3, 2, 1], share: evaluate)
        #expect(before == after)
        var mixed = try ThresholdCombiner(keys, inputs: [element])
        let stale = try old.evaluate(1, element)
        #expect(throws: RistrettoError.wrongSharingEpoch) { try mixed.add(stale) }
        #expect(throws: RistrettoError.badShare(index: 1)) { try mixed.add(stale.altered(epoch: SharingEpoch(2))) }
    }

    @Test("a dealing that does not fit is refused and its dealer named")
    func badDealings() throws {
        let old = try DealerBox(.outer, members: 4, epoch: 1)
        let good = try (1...3).map {
            ThresholdAssembly.Dealing(dealer: $0, keys: try old.dealAnew($0, epoch: 2, members: 4).keys)
        }
        _ = try ThresholdAssembly(resharing: old.keys, good)
        func refuses(_ third: ThresholdPublicKeys, _ error: RistrettoError = .badDealing(dealer: 3)) {
            #expect(throws: error) {
                try ThresholdAssembly(resharing: old.keys, good[..<2] + [.init(dealer: 3, keys: third)])
            }
        }
        refuses(try DealerBox(.outer, members: 4, epoch: 2).keys)
        refuses(try old.dealAnew(4, epoch: 2, members: 4).keys)
        refuses(try old.dealAnew(3, epoch: 3, members: 4).keys)
        refuses(try old.dealAnew(3, epoch: 2, members: 5).keys)
        let honest = good[2].keys
        var shares = honest.shares
        shares[0] = RistrettoSecret().publicElement()
        refuses(
            try #require(
                ThresholdPublicKeys(
                    purpose: .outer, sharingEpoch: SharingEpoch(2), publicKey: honest.publicKey, shares: shares)))
        #expect(throws: RistrettoError.duplicateShare(index: 1)) {
            try ThresholdAssembly(resharing: old.keys, [good[0], good[1], good[0]])
        }
        #expect(throws: RistrettoError.tooFewShares(have: 2, need: 3)) {
            try ThresholdAssembly(resharing: old.keys, Array(good[..<2]))
        }
        #expect(throws: RistrettoError.tooFewShares(have: 2, need: 3)) {
            try ThresholdAssembly(newKey: Array(good[..<2]))
        }
        #expect(throws: RistrettoError.wrongSharingEpoch) { _ = try old.dealAnew(1, epoch: 1, members: 4) }
    }

    @Test("a member adds up every used dealing once, and only what was dealt to it")
    func shareAssembly() throws {
        let dealers = try (1...3).map { _ in try DealerBox(.wraps, members: 3, epoch: 1) }
        let dealings = dealers.enumerated().map {
            ThresholdAssembly.Dealing(dealer: $0.offset + 1, keys: $0.element.keys)
        }
        let assembly = try ThresholdAssembly(newKey: dealings)
        var sum = try ThresholdShareAssembly(assembly, index: 2)
        try dealers[0].give(2, to: &sum, as: 1)
        #expect(throws: RistrettoError.duplicateShare(index: 1)) { try dealers[0].give(2, to: &sum, as: 1) }
        #expect(throws: RistrettoError.badShare(index: 2)) { try dealers[1].give(3, to: &sum, as: 2) }
        #expect(throws: RistrettoError.badShare(index: 2)) { try dealers[2].give(2, to: &sum, as: 2) }
        try dealers[1].give(2, to: &sum, as: 2)
        #expect(throws: RistrettoError.tooFewShares(have: 2, need: 3)) {
            var short = try ThresholdShareAssembly(assembly, index: 2)
            try dealers[0].give(2, to: &short, as: 1)
            try dealers[1].give(2, to: &short, as: 2)
            _ = try short.finish()
        }
        try dealers[2].give(2, to: &sum, as: 3)
        #expect(try sum.finish().publicShare == assembly.publicKeys.shares[1])
        #expect(throws: RistrettoError.unknownMember(index: 4)) {
            _ = try ThresholdShareAssembly(assembly, index: 4)
        }
    }

    @Test("a sealed share opens for its member, chain, purpose, epoch and index only; a wrong share is found out")
    func sealedShares() throws {
        let dealing = try Dealing(.phone, members: 4)
        let keys = dealing.keys
        let member = AgreementSecret.generate()
        let share = try dealing.dealer.share(of: 2)
        let sealed = try share.sealed(to: member.publicKey, chain: chain)
        let opened = try ThresholdShare(opening: sealed, with: member, chain: chain, of: keys)
        #expect(opened.index == 2 && opened.publicShare == keys.shares[1])
        func refuses(_ error: RistrettoError, _ share: SealedShare, chain: ChainID = .zero, other: Bool = false) {
            #expect(throws: error) {
                let secret = other ? AgreementSecret.generate() : member
                _ = try ThresholdShare(opening: share, with: secret, chain: chain, of: keys)
            }
        }
        refuses(.badSeal, sealed, other: true)
        refuses(.badSeal, sealed, chain: ChainID(raw: Bytes32(words: (1, 0, 0, 0))))
        func altered(purpose: ThresholdPurpose = .phone, epoch: UInt64 = 1, index: Int = 2) -> SealedShare {
            SealedShare(purpose: purpose, sharingEpoch: SharingEpoch(epoch), index: index, sealed: sealed.sealed)
        }
        refuses(.badSeal, altered(index: 3))
        refuses(.wrongPurpose, altered(purpose: .outer))
        refuses(.wrongSharingEpoch, altered(epoch: 2))
        for bytes in flips(of: sealed.sealed) {
            let flipped = SealedShare(purpose: .phone, sharingEpoch: SharingEpoch(1), index: 2, sealed: bytes)
            refuses(.badSeal, flipped)
        }
        let stranger = try Dealing(.phone, members: 4).dealer.share(of: 2)
        refuses(.badShare(index: 2), try stranger.sealed(to: member.publicKey, chain: chain))
    }
}

/// A dealer that a test can keep in an array.
final class DealerBox {
    private let dealer: ThresholdDealer
    var keys: ThresholdPublicKeys { dealer.publicKeys }

    init(_ dealer: consuming ThresholdDealer) { self.dealer = dealer }

    convenience init(_ purpose: ThresholdPurpose, members: Int, epoch: UInt64) throws {
        self.init(try ThresholdDealer(purpose, sharingEpoch: SharingEpoch(epoch), memberCount: members))
    }

    func give(_ member: Int, to sum: inout ThresholdShareAssembly, as index: Int) throws {
        try sum.add(try dealer.share(of: member), from: index)
    }

    func dealAnew(_ member: Int, epoch: UInt64, members: Int) throws -> DealerBox {
        DealerBox(try dealer.share(of: member).dealAnew(sharingEpoch: SharingEpoch(epoch), memberCount: members))
    }

    func evaluate(_ member: Int, _ element: GroupElement) throws -> PartialEvaluation {
        try dealer.share(of: member).evaluateBlinded([element])
    }
}
