import Crypto
import Ledger
import Primitives
import Testing
import Wire

@Suite("Erasure")
struct ErasureTests {
    /// A recorded, sealed and published call.
    private func recorded() throws -> TestCall {
        var call = try TestCall(try TestNetwork())
        _ = try call.record()
        #expect(try call.publish() == .succeeded)
        return call
    }

    private func erasedNames(_ network: TestNetwork) throws -> [String] {
        var names: [String] = []
        for block in network.blocks {
            for (transaction, result) in zip(block.transactions, block.results) where result == .succeeded {
                let isErased = try ErasedSubject.isErased(
                    transaction.transaction, at: block.record.height, in: network.state)
                if isErased { names.append(transaction.transaction.operation.name.rawValue) }
            }
        }
        return names
    }

    @Test("LG-120, LG-122: a participant erases its own part, and nobody else's")
    func participant() throws {
        let call = try recorded()
        let network = call.network
        let callee = call.callee.publicKey
        #expect(try network.apply(.erase(.callKey(callee)), by: call.caller) == .failed(.notOwner))
        #expect(try erasedNames(network) == [])
        #expect(try network.apply(.erase(.callKey(callee)), by: call.callee) == .succeeded)
        #expect(network.blocks.last?.erasures == [.callKey(callee)])
        #expect(try network.apply(.erase(.callKey(callee)), by: call.callee) == .failed(.erased))
        #expect(try erasedNames(network) == ["call.accept", "consent.give", "recording.seal"])
        let consent = try #require(
            try network.entry(ConsentEntry.self, StateKey(.consent, call.recording, callee)))
        #expect(!consent.isLive)
        #expect(consent.policy == [])
        #expect(try network.entry(SealEntry.self, StateKey(.seal, call.recording, callee)) == nil)
        let entry = try #require(try network.entry(CallEntry.self, StateKey(.call, call.call)))
        #expect(entry.seats.map(\.certificate) == [digest(5), .zero])
        // The other's part stands, and is leased.
        #expect(try call.lease(0, by: network.persons[1]) == .succeeded)
        let release = Release(over: network.state, at: network.now)
        let caller = call.caller.publicKey
        #expect(
            try release.wrapPlace(recording: call.recording, sender: caller, track: 1, group: GroupIndex(0)) != nil)
        #expect(
            try release.wrapPlace(recording: call.recording, sender: callee, track: 1, group: GroupIndex(0)) == nil)
    }

    @Test("LG-121, LG-123: a rights holder erases a recording; nothing is released, granted or added any more")
    func recording() throws {
        let call = try recorded()
        let network = call.network
        let erase = Ledger.Operation.erase(.recording(call.recording))
        #expect(try network.apply(.erase(.recording(.zero)), by: call.owner) == .failed(.recordingUnknown))
        #expect(try network.apply(erase, by: network.persons[1]) == .failed(.notOwner))
        #expect(try network.apply(erase, by: call.owner) == .succeeded)
        #expect(try network.apply(erase, by: call.owner) == .failed(.erased))
        #expect(try erasedNames(network) == ["recording.seal", "recording.seal", "rights.publish"])
        #expect(try call.lease(0, by: network.persons[1]) == .failed(.erased))
        #expect(try call.publish() == .failed(.erased))
        let grant = RightsGrant(recording: call.recording, viewer: network.persons[1].id)
        #expect(try network.apply(.rightsGrant(grant), by: call.owner) == .failed(.erased))
        let release = Release(over: network.state, at: network.now)
        for holder in call.holders {
            #expect(
                !(try release.holderMayOpen(holder, recording: call.recording, epoch: RuleBook.firstRightsEpoch)))
        }
        #expect(try network.entry(RightsEntry.self, StateKey(.rights, call.recording)) == nil)
    }

    @Test("LG-122, LG-123: an erased part takes no consent and no seal; what came later than an erasure stays")
    func additions() throws {
        let network = try TestNetwork()
        var call = try TestCall(network)
        _ = try call.open()
        _ = try call.accept()
        #expect(try network.apply(.erase(.callKey(call.caller.publicKey)), by: call.caller) == .succeeded)
        #expect(try network.apply(call.consent(), by: call.caller) == .failed(.erased))
        let groups = [GroupInterval(start: network.now, milliseconds: 1)]
        try network.wait(1_000)
        #expect(try network.apply(.recordingSeal(call.sealing(groups)), by: call.caller) == .failed(.erased))
        let stranger = try key(209)
        #expect(
            try network.apply(.erase(.callKey(stranger.publicKey)), by: stranger) == .failed(.callKeyUnknown))
        let give = Ledger.Operation.consentGive(
            ConsentGive(
                recording: call.recording, tracks: .audio, policy: [1], retentionDays: 1, roster: digest(1)))
        let later = try network.make(give, by: call.caller).value.transaction
        #expect(try ErasedSubject.isErased(later, at: network.tip.record.height, in: network.state) == false)
        #expect(try ErasedSubject.isErased(later, at: Height(1), in: network.state))
    }

    @Test("Marks of different kinds never meet, and read back")
    func marks() throws {
        let raw = bytes32(7)
        let subjects: [ErasedSubject] = [
            .callKey(PublicKey(raw: raw)), .recording(RecordingID(raw: raw)), .number(Digest(raw: raw)),
        ]
        #expect(Set(subjects.map(\.stateKey)).count == 3)
        for subject in subjects { #expect(ErasedSubject(subject.stateKey) == subject) }
        #expect(ErasedSubject(StateKey(.erased, raw, bytes32(9))) == nil)
        #expect(ErasedSubject(StateKey(.member, raw)) == nil)
        try expectStrict(ErasedEntry.self, ErasedEntry(height: Height(70_000)).encoded)
    }
}
