import Crypto
import Ledger
import Primitives
import Testing
import Wire

@Suite("Rights and leases")
struct RightsTests {
    private func recorded(policies: [[UInt8]] = [[1], [1]]) throws -> (TestNetwork, TestCall) {
        let network = try TestNetwork()
        var call = try TestCall(network)
        _ = try call.record(policies: policies)
        return (network, call)
    }

    private func rights(_ call: TestCall) throws -> RightsEntry {
        try #require(try call.network.entry(RightsEntry.self, StateKey(.rights, call.recording)))
    }

    @Test("LG-80: the rights holder publishes what is sealed, once, under a policy that can be judged")
    func publish() throws {
        let network = try TestNetwork()
        var call = try TestCall(network)
        #expect(try call.publish() == .failed(.recordingUnknown))
        _ = try call.open()
        #expect(try call.publish() == .failed(.notSealed))
        let (_, recorded) = try self.recorded()
        #expect(try recorded.publish(policy: [0]) == .refusedByPolicy(.unreadable))
        func publish(epoch: UInt64, by member: TestMember) throws -> TransactionResult {
            try recorded.network.apply(
                .rightsPublish(
                    RightsPublish(
                        recording: recorded.recording, policy: [1], root: digest(1), epoch: RightsEpoch(epoch))),
                by: member)
        }
        #expect(try publish(epoch: 2, by: recorded.owner) == .failed(.epochMismatch))
        #expect(try publish(epoch: 1, by: recorded.network.persons[1]) == .failed(.notOwner))
        #expect(try publish(epoch: 1, by: recorded.owner) == .succeeded)
        #expect(try publish(epoch: 1, by: recorded.owner) == .failed(.alreadyPublished))
    }

    @Test("Grants stand once; a limited policy takes the old one's place")
    func grantAndLimit() throws {
        let (network, call) = try recorded()
        let viewer = network.persons[1]
        let grant = Ledger.Operation.rightsGrant(RightsGrant(recording: call.recording, viewer: viewer.id))
        #expect(try network.apply(grant, by: call.owner) == .failed(.notPublished))
        _ = try call.publish(policy: [2])
        #expect(try call.lease(0, by: viewer) == .refusedByPolicy(.notGranted))
        #expect(try network.apply(grant, by: viewer) == .failed(.notOwner))
        #expect(try network.apply(grant, by: call.owner) == .succeeded)
        #expect(try network.apply(grant, by: call.owner) == .failed(.alreadyGranted))
        let nobody = Ledger.Operation.rightsGrant(RightsGrant(recording: call.recording, viewer: .zero))
        #expect(try network.apply(nobody, by: call.owner) == .failed(.memberUnknown))
        #expect(try call.lease(0, by: viewer) == .succeeded)
        let limit = Ledger.Operation.rightsLimit(RightsLimit(recording: call.recording, policy: [3]))
        #expect(try network.apply(limit, by: call.owner) == .succeeded)
        #expect(try network.apply(limit, by: call.owner) == .failed(.noChange))
        #expect(try call.lease(1, by: viewer) == .refusedByPolicy(.notPermitted))
    }

    @Test("LG-90, LG-93: groups open in order and in time; LG-95: shares go to the key of the open lease")
    func leases() throws {
        let (network, call) = try recorded()
        let viewer = network.persons[1]
        #expect(try call.lease(0, by: viewer) == .failed(.notPublished))
        _ = try call.publish()
        #expect(try call.lease(3, by: viewer) == .failed(.groupUnavailable))
        #expect(try call.lease(0, by: viewer, for: 1_000_000) == .leaseRefused(.livesTooLong))
        #expect(try call.lease(0, by: viewer) == .succeeded)
        #expect(try call.lease(1, by: viewer) == .leaseRefused(.tooSoon))
        try network.wait(50_000)
        #expect(try call.lease(1, by: viewer) == .succeeded)
        let release = Release(over: network.state, at: network.now)
        func key(_ group: UInt64, _ member: TestMember) throws -> AgreementKey? {
            try release.leaseKey(of: member.id, recording: call.recording, group: GroupIndex(group))
        }
        #expect(try key(0, viewer) == AgreementKey(raw: bytes32(30)))
        #expect(try key(1, viewer) == AgreementKey(raw: bytes32(31)))
        #expect(try key(2, viewer) == nil)
        #expect(try key(0, network.persons[2]) == nil)
        let later = Release(over: network.state, at: network.now.adding(milliseconds: 30_000))
        #expect(try later.leaseKey(of: viewer.id, recording: call.recording, group: GroupIndex(0)) == nil)
    }

    @Test("LG-84, LG-91, LG-95, LG-98: a revoked viewer gets no share, and no new lease without a new grant")
    func revokeOne() throws {
        let (network, call) = try recorded()
        let (viewer, other) = (network.persons[1], network.persons[2])
        _ = try call.publish()
        _ = try call.lease(0, by: viewer)
        _ = try call.lease(0, by: other)
        let revoke = Ledger.Operation.rightsRevoke(RightsRevoke(recording: call.recording, viewer: viewer.id))
        #expect(try network.apply(revoke, by: other) == .failed(.notOwner))
        #expect(try network.apply(revoke, by: call.owner) == .succeeded)
        #expect(try rights(call).epoch == RightsEpoch(2))
        let release = Release(over: network.state, at: network.now)
        #expect(try release.leaseKey(of: viewer.id, recording: call.recording, group: GroupIndex(0)) == nil)
        #expect(try release.leaseKey(of: other.id, recording: call.recording, group: GroupIndex(0)) != nil)
        #expect(try release.outerKey(for: viewer.id, recording: call.recording, epoch: RightsEpoch(2)) == nil)
        #expect(try release.outerKey(for: other.id, recording: call.recording, epoch: RightsEpoch(2)) != nil)
        #expect(try release.outerKey(for: other.id, recording: call.recording, epoch: RightsEpoch(1)) == nil)
        #expect(try call.lease(0, by: viewer) == .refusedByPolicy(.notGranted))
        #expect(try network.apply(revoke, by: call.owner) == .failed(.grantMissing))
        let grant = Ledger.Operation.rightsGrant(RightsGrant(recording: call.recording, viewer: viewer.id))
        #expect(try network.apply(grant, by: call.owner) == .succeeded)
        #expect(try call.lease(0, by: viewer) == .succeeded)
    }

    @Test("LG-84, LG-85: revoking all voids every grant and lease before")
    func revokeAll() throws {
        let (network, call) = try recorded()
        let viewer = network.persons[1]
        _ = try call.publish()
        let grant = Ledger.Operation.rightsGrant(RightsGrant(recording: call.recording, viewer: viewer.id))
        _ = try network.apply(grant, by: call.owner)
        _ = try call.lease(0, by: viewer)
        let revoke = Ledger.Operation.rightsRevoke(RightsRevoke(recording: call.recording))
        #expect(try network.apply(revoke, by: call.owner) == .succeeded)
        let release = Release(over: network.state, at: network.now)
        #expect(try release.leaseKey(of: viewer.id, recording: call.recording, group: GroupIndex(0)) == nil)
        #expect(try call.lease(0, by: viewer) == .refusedByPolicy(.notGranted))
        #expect(try call.lease(0, by: network.persons[2]) == .refusedByPolicy(.notGranted))
        #expect(try network.apply(grant, by: call.owner) == .succeeded)
        #expect(try call.lease(0, by: viewer) == .succeeded)
    }

    @Test("LG-83: a policy may let others revoke")
    func revokeByPolicy() throws {
        let (network, call) = try recorded()
        _ = try call.publish(policy: [4])
        let revoke = Ledger.Operation.rightsRevoke(RightsRevoke(recording: call.recording))
        #expect(try network.apply(revoke, by: network.persons[3]) == .succeeded)
    }

    @Test("LG-86, LG-97: a root is agreed by more than half of the holders, in the current rights epoch")
    func rotate() throws {
        let (network, call) = try recorded()
        _ = try call.publish()
        let members = (network.validators + [network.node]).filter { call.holders.contains($0.id) }
        func rotate(_ holder: TestMember, _ epoch: UInt64, _ root: UInt64) throws -> TransactionResult {
            try network.apply(
                .rightsRotate(
                    RightsRotate(recording: call.recording, epoch: RightsEpoch(epoch), root: digest(root))),
                by: holder)
        }
        #expect(try rotate(network.persons[1], 1, 50) == .failed(.notHolder))
        #expect(try rotate(members[0], 1, 50) == .failed(.alreadyRotated))
        _ = try network.apply(.rightsRevoke(RightsRevoke(recording: call.recording)), by: call.owner)
        #expect(try rotate(members[0], 1, 50) == .failed(.epochMismatch))
        #expect(try rotate(members[0], 2, 50) == .succeeded)
        #expect(try rotate(members[0], 2, 50) == .failed(.alreadyRotated))
        #expect(try rotate(members[1], 2, 51) == .succeeded)
        #expect(try rights(call).rooted == RightsEpoch(1))
        #expect(try rotate(members[2], 2, 50) == .succeeded)
        #expect(try rights(call).rooted == RightsEpoch(2))
        #expect(try rights(call).root == digest(50))
        #expect(try rotate(members[1], 2, 50) == .failed(.alreadyRotated))
        let release = Release(over: network.state, at: network.now)
        func mayOpen(_ epoch: UInt64, _ member: TestMember) throws -> Bool {
            try release.holderMayOpen(member.id, recording: call.recording, epoch: RightsEpoch(epoch))
        }
        #expect(try mayOpen(2, members[0]))
        #expect(try mayOpen(1, members[0]))
        #expect(try !mayOpen(0, members[0]))
        #expect(try !mayOpen(3, members[0]))
        #expect(try !mayOpen(2, network.persons[1]))
    }

    @Test("LG-97: holders make the first layer before the publication, and rotate over several revocations at once")
    func holdersBetweenRoots() throws {
        let (network, call) = try recorded()
        let holder = call.holders[0]
        func mayOpen() throws -> [UInt64] {
            let release = Release(over: network.state, at: network.now)
            return try (0..<8).filter {
                try release.holderMayOpen(holder, recording: call.recording, epoch: RightsEpoch($0))
            }
        }
        #expect(try mayOpen() == [1])
        _ = try call.publish()
        #expect(try mayOpen() == [1])
        for viewer in network.persons[1...3] {
            let revoke = Ledger.Operation.rightsRevoke(RightsRevoke(recording: call.recording, viewer: viewer.id))
            #expect(try network.apply(revoke, by: call.owner) == .succeeded)
        }
        #expect(try mayOpen() == [1, 2, 3, 4])
        for member in network.validators + [network.node] where call.holders.contains(member.id) {
            let rotate = RightsRotate(recording: call.recording, epoch: RightsEpoch(4), root: digest(50))
            _ = try network.apply(.rightsRotate(rotate), by: member)
        }
        #expect(try mayOpen() == [3, 4])
    }

    @Test("LG-71, LG-76, LG-92: no release of a sender without live consent; the group lives on with the others")
    func withdrawal() throws {
        let (network, call) = try recorded(policies: [[1], [2]])
        let viewer = network.persons[1]
        _ = try call.publish()
        #expect(try call.lease(0, by: viewer) == .refusedByPolicy(.notGranted))
        let withdraw = Ledger.Operation.consentWithdraw(ConsentWithdraw(recording: call.recording))
        func place(_ key: SigningKey, at time: Timestamp) throws -> Release.WrapPlace? {
            try Release(over: network.state, at: time).wrapPlace(
                recording: call.recording, sender: key.publicKey, track: 1, group: GroupIndex(1))
        }
        #expect(
            try place(call.callee, at: network.now) == Release.WrapPlace(root: digest(11), index: 1, size: 3))
        #expect(try place(call.callee, at: network.now.adding(milliseconds: 31 * 86_400_000)) == nil)
        #expect(try network.apply(withdraw, by: call.callee) == .succeeded)
        #expect(try place(call.callee, at: network.now) == nil)
        #expect(try place(call.caller, at: network.now) != nil)
        #expect(try call.lease(0, by: viewer) == .succeeded)
        #expect(try network.apply(withdraw, by: call.caller) == .succeeded)
        #expect(try call.lease(0, by: viewer) == .failed(.groupUnavailable))
    }

    @Test("LG-96: a wrap is the one under the seal's root, at its place, or nothing")
    func wrapProof() throws {
        var hash = SHA256()
        let wraps: [[UInt8]] = (0..<5).map { [UInt8](repeating: $0, count: 100) }
        let leaves = wraps.map { MerkleTree.leafHash($0, with: &hash) }
        let root = MerkleTree.root(of: leaves, with: &hash)
        let proof = try #require(MerkleTree.inclusionProof(of: 3, in: leaves[...], with: &hash))
        #expect(Release.WrapPlace(root: root, index: 3, size: 5).holds(wraps[3], proof: proof, with: &hash))
        #expect(!Release.WrapPlace(root: root, index: 3, size: 5).holds(wraps[2], proof: proof, with: &hash))
        #expect(!Release.WrapPlace(root: root, index: 2, size: 5).holds(wraps[3], proof: proof, with: &hash))
    }

    @Test("As many members hold leases as the limit says")
    func viewers() throws {
        var limits = NetworkLimits()
        limits.viewers = 1
        let network = try TestNetwork(limits: limits)
        var call = try TestCall(network)
        _ = try call.record()
        _ = try call.publish()
        #expect(try call.lease(0, by: network.persons[1]) == .succeeded)
        #expect(try call.lease(0, by: network.persons[2]) == .failed(.tooManyViewers))
        #expect(try call.lease(0, by: network.persons[1]) == .succeeded)
        try network.wait(61_000)
        #expect(try call.lease(0, by: network.persons[2]) == .succeeded)
    }
}
