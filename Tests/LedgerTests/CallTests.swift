import Crypto
import Ledger
import Primitives
import Testing
import Wire

@Suite("Calls, consent, seals")
struct CallTests {
    @Test("LG-60: a home node commits once to an interval that has ended, and not long ago")
    func commits() throws {
        let network = try TestNetwork()
        let current = network.now.rawValue / 600_000
        func commit(_ interval: UInt64, size: UInt64 = 64) throws -> TransactionResult {
            try network.apply(
                .callCommit(CallCommit(interval: interval, root: digest(1), size: size)), by: network.node)
        }
        for size: UInt64 in [0, 1, 15, 17, 32] {
            #expect(try commit(current - 1, size: size) == .failed(.sizeNotAllowed))
        }
        #expect(try commit(current) == .failed(.intervalNotOpen))
        #expect(try commit(current - 4) == .failed(.intervalNotOpen))
        #expect(try commit(current - 1) == .succeeded)
        #expect(try commit(current - 1) == .failed(.intervalNotOpen))
    }

    @Test("LG-64: a size class holds the calls, or is the largest; an opening leads to its root and to no other")
    func openings() throws {
        var hash = SHA256()
        let limits = NetworkLimits()
        for (calls, size) in [(0, 16), (16, 16), (17, 64), (65, 256), (1 << 20, 1 << 16)] {
            #expect(CallCommit.size(for: calls, limits) == UInt64(size))
        }
        let keys = try [key(1).publicKey, key(2).publicKey]
        let call = CallID(raw: bytes32(1))
        let leaf = CallLeaf(
            call: call, salt: digest(2), seats: keys.map { .init(key: $0, certificate: digest(3)) }, start: 30, end: 31,
            policy: digest(4), roster: CallSeat.rosterHash(call: call, keys: keys, with: &hash))
        let leaves = ([leaf.hash(with: &hash)] + (0..<15).map { digest(100 + $0) }).sorted()
        let index = try #require(leaves.firstIndex(of: leaf.hash(with: &hash)))
        let path = try #require(MerkleTree.inclusionProof(of: index, in: leaves[...], with: &hash))
        let opening = CallOpening(
            home: MemberID(raw: bytes32(5)), leaf: leaf, path: path, size: 16, index: UInt64(index), interval: 9)
        let root = MerkleTree.root(of: leaves, with: &hash)
        #expect(opening.holds(under: CommitEntry(root: root, size: 16), with: &hash))
        #expect(!opening.holds(under: CommitEntry(root: digest(1), size: 16), with: &hash))
        #expect(!opening.holds(under: CommitEntry(root: root, size: 64), with: &hash))
        try expectStrict(CallOpening.self, opening.encoded)
    }

    @Test("LG-61, LG-62: a seat has a fresh key, a plausible minute and the hash of exactly the keys")
    func seats() throws {
        let network = try TestNetwork()
        var call = try TestCall(network)
        let wrong = CallOpen(call: call.call, seat: call.seat(call.caller, roster: digest(1)), owner: call.owner.id)
        #expect(try network.apply(.callOpen(wrong), by: network.node) == .failed(.rosterMismatch))
        let early = CallSeat(
            key: call.caller.publicKey, certificate: digest(5), roster: call.roster([call.caller]),
            minute: call.minute - 11)
        let opening = CallOpen(call: call.call, seat: early, owner: call.owner.id)
        #expect(try network.apply(.callOpen(opening), by: network.node) == .failed(.minuteOutOfRange))
        let ownerless = CallOpen(
            call: call.call, seat: call.seat(call.caller, roster: call.roster([call.caller])), owner: .zero)
        #expect(try network.apply(.callOpen(ownerless), by: network.node) == .failed(.memberUnknown))
        #expect(try network.apply(.callOpen(ownerless), by: network.persons[0]) == .failed(.roleMissing))
        #expect(try call.accept() == .failed(.callUnknown))
        #expect(try call.open() == .succeeded)
        #expect(try call.open() == .failed(.callExists))
        #expect(try call.accept() == .succeeded)
        #expect(try call.accept() == .failed(.callKeyInUse))
    }

    @Test("LG-63: only a home node in the call ends it, and then nobody joins or consents")
    func end() throws {
        let network = try TestNetwork()
        var call = try TestCall(network)
        _ = try call.open()
        let end = Ledger.Operation.callEnd(CallEnd(call: call.call, minute: call.minute))
        #expect(try network.apply(end, by: network.validators[0]) == .failed(.notInCall))
        #expect(try network.apply(end, by: network.node) == .succeeded)
        #expect(try network.apply(end, by: network.node) == .failed(.callEnded))
        #expect(try call.accept() == .failed(.callEnded))
        #expect(try network.apply(call.consent(), by: call.caller) == .failed(.callEnded))
    }

    @Test("A roster is full at its limit")
    func fullRoster() throws {
        var limits = NetworkLimits()
        limits.roster = 1
        let network = try TestNetwork(limits: limits)
        var call = try TestCall(network)
        _ = try call.open()
        #expect(try call.accept() == .failed(.rosterFull))
    }

    @Test("LG-12, LG-70, LG-71: consent is by the per-call key, to the roster that stands, and can be withdrawn")
    func consent() throws {
        let network = try TestNetwork()
        var call = try TestCall(network)
        _ = try call.open()
        #expect(try network.apply(call.consent(), by: call.caller) == .failed(.rosterMismatch))
        #expect(try network.apply(call.consent(), by: call.callee) == .failed(.callKeyUnknown))
        _ = try call.accept()
        let foreign = network.transaction(call.consent(), from: AuthorID(call.caller.publicKey))
        #expect(try network.apply([network.sign(foreign, call.callee)]) == [.failed(.wrongKey)])
        let withdraw = Ledger.Operation.consentWithdraw(ConsentWithdraw(recording: call.recording))
        #expect(try network.apply(withdraw, by: call.caller) == .failed(.consentMissing))
        #expect(try network.apply(call.consent(policy: [0]), by: call.caller) == .refusedByPolicy(.unreadable))
        #expect(try network.apply(call.consent(), by: call.caller) == .succeeded)
        #expect(try network.apply(call.consent(), by: call.caller) == .failed(.consentExists))
        #expect(try network.apply(withdraw, by: call.caller) == .succeeded)
        #expect(try network.apply(withdraw, by: call.caller) == .failed(.consentMissing))
        let other = Ledger.Operation.consentWithdraw(ConsentWithdraw(recording: .zero))
        #expect(try network.apply(other, by: call.caller) == .failed(.recordingUnknown))
        for _ in 0..<32 {
            _ = try network.apply([
                network.make(call.consent([.audio]), by: call.caller),
                network.make(call.consent([.video]), by: call.caller),
            ])
        }
        #expect(try network.apply(call.consent(), by: call.caller) == .failed(.tooManyConsents))
    }

    @Test("LG-72, LG-75: exactly the groups that everyone's consent covered are accepted, once")
    func coverage() throws {
        let network = try TestNetwork()
        var call = try TestCall(network)
        _ = try call.open()
        _ = try call.accept()
        let before = network.now
        #expect(try network.apply(call.consent([.audio]), by: call.caller) == .succeeded)
        #expect(try network.apply(call.consent(), by: call.callee, after: 10_000) == .succeeded)
        let start = network.now
        let withdraw = Ledger.Operation.consentWithdraw(ConsentWithdraw(recording: call.recording))
        #expect(try network.apply(withdraw, by: call.callee, after: 150_000) == .succeeded)
        func group(_ offset: UInt64, from time: Timestamp = start) -> GroupInterval {
            GroupInterval(start: time.adding(milliseconds: offset), milliseconds: 60_000)
        }
        let early = GroupInterval(start: before, milliseconds: 5_000)
        let straddling = GroupInterval(start: start.adding(milliseconds: 120_000), milliseconds: 60_000)
        let future = GroupInterval(start: network.now.adding(milliseconds: 60_000), milliseconds: 60_000)
        let operation = call.sealing([early, group(0), group(60_000), straddling, future])
        #expect(
            try network.apply(.recordingSeal(call.sealing([early, straddling])), by: call.caller)
                == .failed(.notCovered))
        #expect(
            try network.apply(.recordingSeal(call.sealing([group(0)], kind: .video)), by: call.caller)
                == .failed(.notCovered))
        #expect(try network.apply(.recordingSeal(operation), by: call.caller) == .succeeded)
        let seal = try #require(
            try network.entry(SealEntry.self, StateKey(.seal, call.recording, call.caller.publicKey)))
        #expect(seal.tracks[0].accepted == [0b0110_0000])
        #expect(seal.wrapPlace(track: 1, group: GroupIndex(1)).map { [$0.index, $0.size] } == [1, 5])
        #expect(seal.wrapPlace(track: 1, group: GroupIndex(3)) == nil)
        #expect(try network.apply(.recordingSeal(operation), by: call.caller) == .failed(.alreadySealed))
    }

    @Test("LG-63, LG-75: a late joiner ends everyone's consent until all agree again")
    func lateJoiner() throws {
        let network = try TestNetwork()
        var call = try TestCall(network)
        _ = try call.open()
        let alone = ConsentGive(
            recording: call.recording, tracks: .audio, policy: [1], retentionDays: 1,
            roster: call.roster([call.caller]))
        #expect(try network.apply(.consentGive(alone), by: call.caller) == .succeeded)
        let start = network.now
        try network.wait(70_000)
        #expect(try call.accept() == .succeeded)
        let joined = network.now
        try network.wait(70_000)
        let groups = [
            GroupInterval(start: start, milliseconds: 60_000), GroupInterval(start: joined, milliseconds: 60_000),
        ]
        #expect(try network.apply(.recordingSeal(call.sealing(groups)), by: call.caller) == .succeeded)
        let seal = try #require(
            try network.entry(SealEntry.self, StateKey(.seal, call.recording, call.caller.publicKey)))
        #expect(seal.tracks[0].accepted == [0b1000_0000])
    }

    @Test("LG-73, LG-74: the owner is the call's, the holders are active nodes and the same in every seal")
    func sealParties() throws {
        let network = try TestNetwork()
        var call = try TestCall(network)
        _ = try call.open()
        _ = try call.accept()
        _ = try network.apply([
            network.make(call.consent(), by: call.caller), network.make(call.consent(), by: call.callee),
        ])
        let groups = [GroupInterval(start: network.now, milliseconds: 1_000)]
        try network.wait(10_000)
        func seal(_ seal: RecordingSeal, by key: SigningKey) throws -> TransactionResult {
            try network.apply(.recordingSeal(seal), by: key)
        }
        #expect(
            try seal(call.sealing(groups, owner: network.persons[1].id), by: call.caller) == .failed(.ownerMismatch))
        #expect(try seal(call.sealing(groups, holders: []), by: call.caller) == .failed(.holdersMismatch))
        #expect(
            try seal(call.sealing(groups, holders: [network.persons[1].id]), by: call.caller)
                == .failed(.holdersMismatch))
        #expect(try seal(call.sealing(groups), by: call.caller) == .succeeded)
        #expect(
            try seal(call.sealing(groups, holders: [network.node.id]), by: call.callee) == .failed(.holdersMismatch))
        #expect(try seal(call.sealing(groups), by: call.callee) == .succeeded)
    }
}
