import Crypto
import Ledger
import Primitives
import Testing
import Wire

@Suite("Members and numbers")
struct MemberTests {
    private func newcomer(_ network: TestNetwork, _ roles: Roles = .person, seed: UInt8 = 50) throws -> TestMember {
        try TestNetwork.member(seed, roles, chain: network.rules.chain)
    }

    @Test("LG-40, LG-41: one of one registrar admits, once, and the member can act")
    func admit() throws {
        let network = try TestNetwork()
        let member = try newcomer(network, .node)
        let admit = Ledger.Operation.memberAdmit(MemberAdmit(registration: member.registration))
        #expect(try network.apply(admit, by: network.registrars[0]) == .succeeded)
        let commit = CallCommit(interval: network.now.rawValue / 600_000 - 1, root: digest(1), size: 16)
        #expect(try network.apply(.callCommit(commit), by: member) == .succeeded)
        #expect(try network.apply(admit, by: network.registrars[0]) == .failed(.memberExists))
    }

    @Test("LG-11, LG-14: strangers, wrong keys and members without the role change nothing")
    func senders() throws {
        let network = try TestNetwork()
        let stranger = try newcomer(network)
        let admit = Ledger.Operation.memberAdmit(MemberAdmit(registration: stranger.registration))
        #expect(try network.apply(admit, by: stranger) == .failed(.unknownSender))
        #expect(try network.apply(admit, by: network.persons[0]) == .failed(.roleMissing))
        let forged = network.transaction(admit, from: AuthorID(network.registrars[0].id))
        #expect(try network.apply([network.sign(forged, network.persons[0].key)]) == [.failed(.wrongKey)])
    }

    @Test("LG-3, LG-40: two of three need a second registrar's approval of this very transaction")
    func approvals() throws {
        let network = try TestNetwork(registrarsNeeded: 2)
        let member = try newcomer(network)
        let bare = network.transaction(
            .memberAdmit(MemberAdmit(registration: member.registration)), from: AuthorID(network.registrars[0].id))
        func approved(by approver: TestMember, of body: [UInt8]) -> Transaction {
            let signature = approver.key.signature(.approval, chain: network.rules.chain, body: body)
            let approval = CoSignature(key: approver.key.publicKey, signature: signature)
            return Transaction(
                .memberAdmit(MemberAdmit(registration: member.registration, approvals: [approval])), from: bare.from,
                chain: bare.chain, nonce: bare.nonce, until: bare.until)
        }
        let body = try #require(bare.approvalBody)
        let lead = network.registrars[0].key
        #expect(try network.apply([network.sign(bare, lead)]) == [.failed(.approvalsMissing)])
        let byPerson = approved(by: network.persons[0], of: body)
        #expect(try network.apply([network.sign(byPerson, lead)]) == [.failed(.approvalsMissing)])
        let bySelf = approved(by: network.registrars[0], of: body)
        #expect(try network.apply([network.sign(bySelf, lead)]) == [.failed(.approvalsMissing)])
        #expect(throws: TransactionFault.badSignature) {
            try network.sign(approved(by: network.registrars[1], of: body + [0]), lead)
        }
        let good = approved(by: network.registrars[1], of: body)
        #expect(try network.apply([network.sign(good, lead)]) == [.succeeded])
    }

    @Test("LG-42: keys rotate with proof of possession, and never change hands")
    func rotation() throws {
        let network = try TestNetwork()
        let person = network.persons[0]
        let fresh = try key(60)
        func rotate(to new: SigningKey) throws -> Verified<ParsedTransaction> {
            let keys = MemberKeys(sign: new.publicKey, agreement: AgreementKey(raw: bytes32(1)))
            let draft = network.transaction(.callEnd(CallEnd(call: .zero, minute: 0)), from: AuthorID(person.id))
            let proof = new.signature(
                .keyRotation, chain: network.rules.chain,
                body: MemberRotate.proofBody(member: person.id, keys: keys, nonce: draft.nonce))
            let transaction = Transaction(
                .memberRotate(MemberRotate(keys: keys, proof: proof)), from: draft.from, chain: draft.chain,
                nonce: draft.nonce, until: draft.until)
            return try network.sign(transaction, person.key)
        }
        #expect(try network.apply([rotate(to: network.persons[1].key)]) == [.failed(.keyInUse)])
        #expect(try network.apply([rotate(to: fresh)]) == [.succeeded])
        #expect(try network.apply([rotate(to: fresh)]) == [.failed(.wrongKey)])
    }

    @Test("LG-43: a validator's rotated key votes from the next validator epoch on")
    func validatorRotation() throws {
        var limits = NetworkLimits()
        limits.epochHeights = 3
        let network = try TestNetwork(limits: limits)
        let validator = network.validators[0]
        let fresh = try key(61)
        let keys = MemberKeys(sign: fresh.publicKey, agreement: AgreementKey(raw: bytes32(1)))
        let draft = network.transaction(.callEnd(CallEnd(call: .zero, minute: 0)), from: AuthorID(validator.id))
        let body = MemberRotate.proofBody(member: validator.id, keys: keys, nonce: draft.nonce)
        let proof = fresh.signature(.keyRotation, chain: network.rules.chain, body: body)
        let rotate = Transaction(
            .memberRotate(MemberRotate(keys: keys, proof: proof)), from: draft.from, chain: draft.chain,
            nonce: draft.nonce, until: draft.until)
        #expect(try network.apply([network.sign(rotate, validator.key)]) == [.succeeded])
        func votingKey() throws -> PublicKey? {
            try network.entry(ValidatorList.self, StateKey(.validators))?.entry(of: validator.id)?.key
        }
        #expect(network.tip.record.epoch == .zero)
        #expect(try votingKey() == validator.key.publicKey)
        while network.tip.record.epoch == .zero { try network.wait(1) }
        #expect(try votingKey() == fresh.publicKey)
    }

    @Test("LG-41: suspension stops a member until it is lifted; removal for good")
    func standing() throws {
        let network = try TestNetwork()
        let (registrar, node) = (network.registrars[0], network.node)
        func suspend(_ lifts: Bool) throws -> TransactionResult {
            try network.apply(.memberSuspend(MemberSuspend(member: node.id, lifts: lifts)), by: registrar)
        }
        let commit = Ledger.Operation.callCommit(
            CallCommit(interval: network.now.rawValue / 600_000 - 1, root: digest(1), size: 16))
        #expect(try suspend(true) == .failed(.noChange))
        #expect(try suspend(false) == .succeeded)
        #expect(try network.apply(commit, by: node) == .failed(.senderNotActive))
        #expect(try suspend(false) == .failed(.noChange))
        #expect(try suspend(true) == .succeeded)
        #expect(try network.apply(commit, by: node) == .succeeded)
        let remove = Ledger.Operation.memberRemove(MemberRemove(member: node.id))
        #expect(try network.apply(remove, by: network.persons[0]) == .failed(.roleMissing))
        #expect(try network.apply(remove, by: node) == .succeeded)
        #expect(try network.apply(remove, by: registrar) == .failed(.memberUnknown))
        #expect(try suspend(true) == .failed(.memberUnknown))
    }

    @Test("LG-44, LG-45: who is needed stays")
    func needed() throws {
        let network = try TestNetwork(registrarsNeeded: 1)
        let remove = Ledger.Operation.memberRemove(MemberRemove(member: network.validators[0].id))
        #expect(try network.apply(remove, by: network.registrars[0]) == .failed(.memberNeeded))
        for registrar in network.registrars.dropFirst() {
            let leave = Ledger.Operation.memberRemove(MemberRemove(member: registrar.id))
            #expect(try network.apply(leave, by: registrar) == .succeeded)
        }
        let last = Ledger.Operation.memberRemove(MemberRemove(member: network.registrars[0].id))
        #expect(try network.apply(last, by: network.registrars[0]) == .failed(.memberNeeded))
    }

    private func attestation(
        _ network: TestNetwork, _ statement: NumberStatement, by signers: [TestMember]
    ) -> NumberAttest {
        let signatures = signers.map { signer in
            CoSignature(
                key: signer.key.publicKey,
                signature: signer.key.signature(
                    .numberAttestation, chain: network.rules.chain, body: statement.encoded))
        }
        return NumberAttest(statement: statement, attestations: signatures.sorted { $0.key < $1.key })
    }

    @Test("LG-50 to LG-52: a number is attested by enough validators, and released once")
    func numbers() throws {
        let network = try TestNetwork()
        let (validator, three) = (network.validators[0], Array(network.validators.prefix(3)))
        func attest(_ expiry: Timestamp, _ signers: [TestMember], by sender: TestMember) throws -> TransactionResult {
            let statement = NumberStatement(commitment: digest(3), expiry: expiry)
            return try network.apply(.numberAttest(attestation(network, statement, by: signers)), by: sender)
        }
        func release(_ expiry: Timestamp) throws -> TransactionResult {
            let statement = NumberStatement(commitment: digest(3), expiry: expiry, isRelease: true)
            return try network.apply(.numberRelease(attestation(network, statement, by: three)), by: validator)
        }
        let later = network.now.adding(milliseconds: 1_000_000)
        #expect(try release(later) == .failed(.commitmentUnknown))
        #expect(try attest(later, Array(three.prefix(2)), by: validator) == .failed(.attestationsMissing))
        #expect(try attest(later, three.dropLast() + [network.node], by: validator) == .failed(.attestationsMissing))
        #expect(try attest(later, three, by: network.node) == .failed(.roleMissing))
        #expect(try attest(network.now, three, by: validator) == .failed(.expiryOutOfRange))
        let far = network.now.adding(milliseconds: network.genesis.limits.attestationLife + 60_000)
        #expect(try attest(far, three, by: validator) == .failed(.expiryOutOfRange))
        #expect(try attest(later, three, by: validator) == .succeeded)
        #expect(try attest(later, three, by: validator) == .failed(.expiryOutOfRange))
        #expect(try release(later.next) == .failed(.expiryOutOfRange))
        #expect(try release(later) == .succeeded)
        #expect(try release(later) == .failed(.commitmentUnknown))
        #expect(try attest(later, three, by: validator) == .failed(.expiryOutOfRange))
        #expect(try attest(later.next, three, by: validator) == .succeeded)
    }
}
