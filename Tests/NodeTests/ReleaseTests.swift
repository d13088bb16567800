import Crypto
import Ledger
import Node
import Primitives
import Recording
import Rights
import Testing
import Wire

@Suite("What validators release")
struct ReleaseTests {
    /// A published recording, and a viewer that holds a lease of group 0 to this key.
    private func leased(_ count: Int = 4) async throws -> (world: ReleaseWorld, stock: Stock, key: AgreementSecret) {
        let world = try ReleaseWorld(validators: count)
        let stock = Stock()
        try await world.publish(into: stock)
        #expect(try world.grant(world.viewer) == .succeeded)
        let key = AgreementSecret.generate()
        #expect(try world.lease(0, by: world.viewer, to: key) == .succeeded)
        return (world, stock, key)
    }

    private func reasons(_ body: () async throws -> CollectedShares) async throws -> Set<ReleaseRefusal> {
        do {
            _ = try await body()
            return []
        } catch let error as SharesMissing {
            #expect(error.faulty.isEmpty)
            return Set(error.refusals.map(\.reason))
        }
    }

    /// The answer of one validator to a request made by hand.
    private func answer(
        _ world: ReleaseWorld, _ request: some KeyRequest, as kind: SigningKind, by key: SigningKey
    ) async throws -> ReleaseRefusal? {
        let object = key.sign(kind, chain: world.chain, body: request.encoded)
        do throws(ReleaseRefusal) {
            switch kind {
            case .shareRequest: _ = try await world.desks[0].desk.shares(for: object.encoded, over: world.ledger)
            default: _ = try await world.desks[0].desk.outerKey(for: object.encoded, over: world.ledger)
            }
            return nil
        } catch {
            return error
        }
    }

    private func request(
        _ world: ReleaseWorld, _ wraps: [WrapShareRequest.ProvenWrap]? = nil, group: UInt64 = 0,
        time: Timestamp? = nil, member: MemberID? = nil
    ) throws -> WrapShareRequest {
        let proven = try wraps ?? world.wraps(group).map { .init(wrap: $0.signed.leaf, proof: $0.proof) }
        return try #require(
            WrapShareRequest(
                time: time ?? world.ledger.now, group: GroupIndex(group), wraps: proven,
                member: member ?? world.viewer.member, recording: world.recording))
    }

    @Test("A quorum opens what was leased, and fewer open nothing", arguments: [1, 4])
    func quorum(_ count: Int) async throws {
        let (world, _, key) = try await leased(count)
        let wraps = try world.wraps(0)
        #expect(wraps.count == 4)
        let need = world.circle.wraps.threshold
        for present in 1...count {
            var asker = world.asker
            asker.tamper = { index, _, _, answer in index <= present ? answer : nil }
            let gatherer = world.gatherer(world.viewer, asking: asker)
            do throws(SharesMissing) {
                let shares = try await gatherer.groupKeys(
                    of: world.recording, group: .zero, wraps: wraps, to: key)
                #expect(present >= need)
                #expect(shares.elements.count == wraps.count)
            } catch {
                #expect(present < need)
                #expect(error.have == present)
                #expect(error.need == need)
            }
        }
    }

    @Test("No release without a lease on the ledger, of this group, by this viewer, that has not run out")
    func lease() async throws {
        let world = try ReleaseWorld()
        let stock = Stock()
        try await world.publish(into: stock)
        _ = try world.grant(world.viewer)
        let sign = world.viewer.keys.sign
        #expect(try await answer(world, request(world), as: .shareRequest, by: sign) == .noLease)
        let key = AgreementSecret.generate()
        _ = try world.lease(0, by: world.viewer, to: key)
        #expect(try await answer(world, request(world), as: .shareRequest, by: sign) == nil)
        #expect(try await answer(world, request(world, group: 1), as: .shareRequest, by: sign) == .noLease)
        let foreign = try request(world, member: world.other.member)
        #expect(try await answer(world, foreign, as: .shareRequest, by: world.other.keys.sign) == .noLease)
        try world.ledger.wait(90_001)
        #expect(try await answer(world, request(world), as: .shareRequest, by: sign) == .noLease)
    }

    @Test("A request counts when its member's current key signed it, as what it is, just now")
    func requests() async throws {
        let (world, _, _) = try await leased()
        let sign = world.viewer.keys.sign
        #expect(try await answer(world, request(world), as: .shareRequest, by: world.other.keys.sign) == .badSignature)
        let stranger = try request(world, member: .zero)
        #expect(try await answer(world, stranger, as: .shareRequest, by: sign) == .unknownMember)
        for offset in [-60_001, 60_001] as [Int64] {
            let time = Timestamp(UInt64(Int64(world.ledger.now.rawValue) + offset))
            #expect(try await answer(world, request(world, time: time), as: .shareRequest, by: sign) == .stale)
        }
        let body = try request(world).encoded
        let asOuter = sign.sign(.outerRequest, chain: world.chain, body: body)
        await #expect(throws: ReleaseRefusal.badSignature) {
            try await world.desks[0].desk.shares(for: asOuter.encoded, over: world.ledger)
        }
        let elsewhere = sign.sign(.shareRequest, chain: .zero, body: body)
        await #expect(throws: ReleaseRefusal.badSignature) {
            try await world.desks[0].desk.shares(for: elsewhere.encoded, over: world.ledger)
        }
        await #expect(throws: ReleaseRefusal.malformed) {
            try await world.desks[0].desk.shares(for: Array(asOuter.encoded.dropLast()), over: world.ledger)
        }
    }

    @Test("What is evaluated is the sealed wrap: another U, another place or another sender's wrap brings nothing")
    func sealedWrapOnly() async throws {
        let (world, _, _) = try await leased()
        let sign = world.viewer.keys.sign
        let (first, proof) = try #require(try world.wraps(0).first.map { ($0.signed, $0.proof) })
        let sender = try #require(world.senders.first { $0.key.publicKey == first.object.key })
        func refused(_ wrap: SignedGroupWrap, _ proof: [Digest]) async throws -> ReleaseRefusal? {
            try await answer(
                world, request(world, [.init(wrap: wrap.leaf, proof: proof)]), as: .shareRequest, by: sign)
        }
        #expect(try await refused(first, proof) == nil)
        // The sender itself signs a wrap after the seal: valid in all, but not what was sealed.
        let late = try WrapSeal(chain: world.chain, publicKey: world.circle.wraps.publicKey)
            .wrap(SecretKey(), of: first.wrap.subject)
        let signed = try SignedGroupWrap(sender.key.sign(.wrap, chain: world.chain, body: late.encoded))
        #expect(try await refused(signed, proof) == .unprovenWrap)
        // U of another wrap under the sealed one's name.
        let other = try world.wraps(1)[0].signed.wrap
        let moved = GroupKeyWrap(
            subject: first.wrap.subject, point: other.point, sealedKey: other.sealedKey, proof: other.proof)
        let forged = try SignedGroupWrap(sender.key.sign(.wrap, chain: world.chain, body: moved.encoded))
        #expect(try await refused(forged, proof) == .unprovenWrap)
        // A sealed wrap of a group that is not leased, and one with the proof of another place.
        let unleased = try world.wraps(1)[0]
        #expect(try await refused(unleased.signed, unleased.proof) == .badWrap)
        #expect(try await refused(first, try world.wraps(0)[1].proof) == .unprovenWrap)
        #expect(try await refused(first, Array(proof.dropLast())) == .unprovenWrap)
        #expect(try await refused(first, proof + proof) == .unprovenWrap)
    }

    @Test("A sealed wrap whose point is the identity or whose proof is false is refused", arguments: [true, false])
    func badPoints(isIdentity: Bool) async throws {
        let world = try ReleaseWorld()
        let good = try world.wraps(0)[0].signed
        let bad = GroupKeyWrap(
            subject: good.wrap.subject, point: isIdentity ? .zero : try world.wraps(1)[0].signed.wrap.point,
            sealedKey: good.wrap.sealedKey, proof: good.wrap.proof)
        #expect(throws: RistrettoError.self) {
            try world.shares[0].wraps.share.evaluate([bad], chain: world.chain)
        }
    }

    @Test("After the revoking block nothing is released, of no lease and no key", arguments: [true, false])
    func revoked(all: Bool) async throws {
        let (world, _, key) = try await leased()
        let gatherer = world.gatherer(world.viewer)
        let wraps = try world.wraps(0)
        _ = try await gatherer.groupKeys(of: world.recording, group: .zero, wraps: wraps, to: key)
        #expect(try world.revoke(all ? nil : world.viewer) == .succeeded)
        let inner = try await reasons {
            try await gatherer.groupKeys(of: world.recording, group: .zero, wraps: wraps, to: key)
        }
        #expect(inner == [.noLease])
        for epoch in 1...2 as ClosedRange<UInt64> {
            let outer = try await reasons {
                try await gatherer.outerKey(of: world.recording, epoch: RightsEpoch(epoch), as: .viewer, to: key)
            }
            #expect(outer == [.noLease])
        }
        #expect(try world.lease(1, by: world.viewer, to: key) == .refusedByPolicy(.notGranted))
    }

    @Test("What is open when others are revoked is the lease and its prefetch, and no more")
    func bounds() async throws {
        let (world, _, _) = try await leased()
        #expect(try world.lease(1, by: world.viewer, to: .generate()) == .leaseRefused(.tooSoon))
        try world.ledger.wait(50_000)
        let next = AgreementSecret.generate()
        #expect(try world.lease(1, by: world.viewer, to: next) == .succeeded)
        #expect(try world.lease(2, by: world.viewer, to: next) == .leaseRefused(.tooSoon))
        var open: [UInt64] = []
        for group in 0..<ReleaseWorld.groupCount {
            if try await answer(
                world, request(world, group: group), as: .shareRequest, by: world.viewer.keys.sign) == nil
            {
                open.append(group)
            }
        }
        #expect(open == [0, 1])
    }

    @Test("Nothing of a sender whose consent was withdrawn is released; the others go on")
    func consent() async throws {
        let (world, _, key) = try await leased()
        let leaver = world.senders[0]
        let withdraw = Ledger.Operation.consentWithdraw(ConsentWithdraw(recording: world.recording))
        try world.ledger.apply([(withdraw, AuthorID(leaver.key.publicKey), leaver.key)])
        let gatherer = world.gatherer(world.viewer)
        let refused = try await reasons {
            try await gatherer.groupKeys(
                of: world.recording, group: .zero, wraps: world.wraps(0, senders: [leaver]), to: key)
        }
        #expect(refused == [.notReleasable])
        let rest = try await gatherer.groupKeys(
            of: world.recording, group: .zero, wraps: world.wraps(0, senders: [world.senders[1]]), to: key)
        #expect(rest.elements.count == 2)
    }

    @Test("Holders get the current outer key and the one before, viewers the current one, and nobody any other")
    func outerKeys() async throws {
        let (world, _, key) = try await leased()
        func epochs(_ person: ReleaseWorld.Person, _ role: OuterKeyRequest.Role) async throws -> [UInt64] {
            var open: [UInt64] = []
            for epoch in 0...4 as ClosedRange<UInt64> {
                let request = OuterKeyRequest(
                    as: role, key: key.publicKey, time: world.ledger.now, epoch: RightsEpoch(epoch),
                    member: person.member, recording: world.recording)
                if try await answer(world, request, as: .outerRequest, by: person.keys.sign) == nil {
                    open.append(epoch)
                }
            }
            return open
        }
        #expect(try await epochs(world.holder(0), .holder) == [1])
        #expect(try await epochs(world.viewer, .viewer) == [1])
        #expect(try world.revoke(world.other) == .succeeded)
        #expect(try await epochs(world.holder(0), .holder) == [1, 2])
        #expect(try await epochs(world.viewer, .viewer) == [2])
        for place in 0..<3 {
            let rotate = RightsRotate(recording: world.recording, epoch: RightsEpoch(2), root: .zero)
            #expect(try world.ledger.apply(.rightsRotate(rotate), by: world.holder(place)) == .succeeded)
        }
        #expect(try world.revoke(world.owner) == .succeeded)
        #expect(try await epochs(world.holder(0), .holder) == [2, 3])
        #expect(try await epochs(world.viewer, .viewer) == [3])
        #expect(try await epochs(world.viewer, .holder) == [])
        #expect(try await epochs(world.other, .viewer) == [])
        #expect(try await epochs(world.holder(0), .viewer) == [])
    }

    @Test("An outer key is sealed to the key in the lease and to no other")
    func leaseKeyOnly() async throws {
        let (world, _, _) = try await leased()
        let request = OuterKeyRequest(
            as: .viewer, key: AgreementSecret.generate().publicKey, time: world.ledger.now, epoch: RightsEpoch(1),
            member: world.viewer.member, recording: world.recording)
        #expect(
            try await answer(world, request, as: .outerRequest, by: world.viewer.keys.sign) == .otherKey)
    }

    @Test("A bad share is refused and its validator named, and the others suffice", arguments: 1...4)
    func badShare(of liar: Int) async throws {
        let (world, _, key) = try await leased()
        var asker = world.asker
        let receiver = key.publicKey
        asker.tamper = { [world] index, kind, request, answer in
            guard index == liar, kind == .shares,
                let signed = try? SignedKeyRequest<WrapShareRequest>(request)
            else { return answer }
            let wraps = signed.request.wraps.compactMap { try? SignedGroupWrap(leaf: $0.wrap).wrap }
            guard let honest = try? world.shares[index - 1].wraps.share.evaluate(wraps, chain: world.chain) else {
                return answer
            }
            let lie = PartialEvaluation(
                purpose: honest.purpose, sharingEpoch: honest.sharingEpoch, index: honest.index,
                elements: honest.elements.reversed(), proof: honest.proof)
            return try? ReleaseAnswer.seal(
                lie, answering: request, to: receiver, from: world.validators[index - 1].keys.agreement,
                chain: world.chain
            ).encoded
        }
        let shares = try await world.gatherer(world.viewer, asking: asker).groupKeys(
            of: world.recording, group: .zero, wraps: world.wraps(0), to: key)
        #expect(shares.faulty == [world.validators[liar - 1].member])
        let honest = try await world.gatherer(world.viewer).groupKeys(
            of: world.recording, group: .zero, wraps: world.wraps(0), to: key)
        #expect(shares.elements == honest.elements)
        #expect(honest.faulty == [])
    }

    @Test("A home node that forges, swaps or repeats answers frames nobody")
    func forgery() async throws {
        let (world, _, key) = try await leased()
        let first = world.validators[0].member
        var swapped = world.asker
        swapped.tamper = { index, _, _, answer in
            // The first validator's answer is exchanged for bytes that anybody can make.
            index == 1 ? ReleaseAnswer.sealed(Array(repeating: 1, count: 200)).encoded : answer
        }
        let shares = try await world.gatherer(world.viewer, asking: swapped).groupKeys(
            of: world.recording, group: .zero, wraps: world.wraps(0), to: key)
        #expect(!shares.faulty.contains(first))
        #expect(shares.faulty == [])
    }

    @Test("An answer opens for its receiver, from its validator, to its request")
    func answers() async throws {
        let (world, _, key) = try await leased()
        let request = world.viewer.keys.sign.sign(
            .shareRequest, chain: world.chain, body: try request(world).encoded)
        let answer = try await world.desks[0].desk.shares(for: request.encoded, over: world.ledger)
        guard case .sealed(let sealed) = answer else { return #expect(Bool(false)) }
        func open(
            _ request: SignedObject, _ key: AgreementSecret, _ validator: Int, _ chain: ChainID
        ) throws -> PartialEvaluation {
            try ReleaseAnswer.open(
                sealed, answering: request, with: key, from: world.validators[validator].keys.agreement.publicKey,
                chain: chain)
        }
        #expect(try open(request, key, 0, world.chain).index == 1)
        let other = world.viewer.keys.sign.sign(.shareRequest, chain: world.chain, body: [1])
        #expect(throws: CryptoError.authenticationFailed) { try open(other, key, 0, world.chain) }
        #expect(throws: CryptoError.authenticationFailed) { try open(request, .generate(), 0, world.chain) }
        #expect(throws: CryptoError.authenticationFailed) { try open(request, key, 1, world.chain) }
        #expect(throws: CryptoError.authenticationFailed) { try open(request, key, 0, .zero) }
    }

    @Test("Answers are decoded strictly")
    func strictness() throws {
        for answer in ReleaseRefusal.allCases.map(ReleaseAnswer.refused) + [.sealed([1, 2, 3])] {
            let bytes = answer.encoded
            #expect(try ReleaseAnswer(decoding: bytes) == answer)
            for count in bytes.indices {
                #expect(throws: WireError.self) { try ReleaseAnswer(decoding: Array(bytes[..<count])) }
            }
            for index in bytes.indices {
                var flipped = bytes
                flipped[index] ^= 1
                guard let other = try? ReleaseAnswer(decoding: flipped) else { continue }
                #expect(other != answer)
                #expect(other.encoded == flipped)
            }
        }
    }
}
