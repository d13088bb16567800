import Crypto
import Ledger
import Primitives
import Testing
import Wire

@Suite("Recovery by the operators")
struct RecoveryTests {
    /// A network of four validators and four operators, one block in.
    private func network(epochHeights: UInt64 = 100) throws -> TestNetwork {
        var limits = NetworkLimits()
        limits.epochHeights = epochHeights
        let network = try TestNetwork(operatorCount: 4, limits: limits)
        try network.wait(1)
        return network
    }

    private func entries(_ members: [TestMember]) -> [ValidatorList.Entry] {
        members.map { ValidatorList.Entry(member: $0.id, key: $0.key.publicKey) }
    }

    private func statement(
        _ network: TestNetwork, _ entries: [ValidatorList.Entry], epoch: UInt64 = 1, chain: ChainID? = nil,
        height: Height? = nil, record: CID? = nil
    ) -> RecoveryStatement {
        RecoveryStatement(
            list: ValidatorList(epoch: ValidatorEpoch(epoch), entries), chain: chain ?? network.rules.chain,
            height: height ?? network.tip.record.height, record: record ?? network.tip.recordID)
    }

    private func signed(
        _ statement: RecoveryStatement, by operators: some Collection<SigningKey>
    ) -> RecoveryDocument {
        RecoveryDocument(
            statement,
            signatures: operators.map {
                CoSignature(
                    key: $0.publicKey,
                    signature: $0.signature(.recovery, chain: statement.chain, body: statement.encoded))
            })
    }

    private func fault(_ document: RecoveryDocument, _ network: TestNetwork) throws -> RecoveryFault? {
        try network.rules.fault(of: document, on: network.tip, over: network.state)
    }

    // MARK: Who says so

    @Test("LG-130: more than two thirds of the operators must have signed, nobody else, and each counts once")
    func signers() throws {
        let network = try network()
        let statement = statement(network, entries(Array(network.validators.prefix(2))))
        #expect(try fault(signed(statement, by: network.operators.prefix(3)), network) == nil)
        #expect(
            try fault(signed(statement, by: network.operators.prefix(2)), network)
                == .tooFewSignatures(have: 2, needed: 3))
        let twice = [network.operators[0], network.operators[0], network.operators[1]]
        #expect(try fault(signed(statement, by: twice), network) == .tooFewSignatures(have: 2, needed: 3))
        let stranger = try key(190)
        #expect(
            try fault(signed(statement, by: network.operators.prefix(3) + [stranger]), network)
                == .notOperator(stranger.publicKey))
        let validator = network.validators[0].key
        #expect(
            try fault(signed(statement, by: network.operators.prefix(3) + [validator]), network)
                == .notOperator(validator.publicKey))
    }

    @Test("LG-130: a network whose genesis names no operators has no recovery")
    func nobody() throws {
        let network = try TestNetwork()
        try network.wait(1)
        let statement = statement(network, entries(network.validators))
        #expect(try fault(signed(statement, by: [try key(161)]), network) == .noOperators)
    }

    @Test("LG-130: a signature holds for its own statement and chain only")
    func signatures() throws {
        let network = try network()
        let (verifier, chain) = (SignatureVerifier(), network.rules.chain)
        let statement = statement(network, entries(network.validators))
        let document = signed(statement, by: network.operators)
        #expect(verifier.verified(document, in: chain) != nil)
        let other = RecoveryDocument(
            self.statement(network, entries(Array(network.validators.prefix(3)))), signatures: document.signatures)
        #expect(verifier.verified(other, in: chain) == nil)
        #expect(verifier.verified(document, in: ChainID(raw: bytes32(9))) == nil)
        let foreign = signed(
            self.statement(network, entries(network.validators), chain: ChainID(raw: bytes32(9))),
            by: network.operators)
        #expect(try fault(foreign, network) == .otherChain)
    }

    // MARK: About what

    @Test("LG-131: it is about the newest record, and begins the next validator epoch")
    func place() throws {
        let network = try network()
        let old = (height: network.tip.record.height, record: network.tip.recordID)
        try network.wait(1)
        let all = entries(network.validators)
        func fault(_ statement: RecoveryStatement) throws -> RecoveryFault? {
            try self.fault(signed(statement, by: network.operators), network)
        }
        #expect(try fault(statement(network, all)) == nil)
        #expect(
            try fault(statement(network, all, height: old.height, record: old.record))
                == .otherHeight(network.tip.record.height))
        #expect(try fault(statement(network, all, record: old.record)) == .otherRecord)
        #expect(try fault(statement(network, all, epoch: 2)) == .otherEpoch(ValidatorEpoch(1)))
    }

    @Test("LG-132: the new validators are active members with the role, under their keys, none twice, and enough")
    func members() throws {
        var limits = NetworkLimits()
        limits.validatorsMin = 2
        let network = try TestNetwork(operatorCount: 4, limits: limits)
        try network.wait(1)
        let two = entries(Array(network.validators.prefix(2)))
        func fault(_ entries: [ValidatorList.Entry]) throws -> RecoveryFault? {
            try self.fault(signed(statement(network, entries), by: network.operators), network)
        }
        #expect(try fault(two) == nil)
        #expect(try fault([two[0]]) == .setSize(least: 2, most: limits.validators))
        let person = network.persons[0]
        #expect(try fault(two + entries([person])) == .notValidator(person.id))
        let nobody = MemberID(raw: bytes32(4))
        #expect(
            try fault(two + [ValidatorList.Entry(member: nobody, key: try key(99).publicKey)])
                == .unknownMember(nobody))
        let third = network.validators[2]
        #expect(
            try fault(two + [ValidatorList.Entry(member: third.id, key: try key(99).publicKey)])
                == .otherKey(third.id))
        #expect(try fault(two + [ValidatorList.Entry(member: third.id, key: two[0].key)]) == .repeatedKey)
    }

    // MARK: What comes of it

    @Test("LG-133: the first block begins a validator epoch with the set named, and the document stands in the state")
    func begins() throws {
        let network = try network()
        let new = Array(network.validators.prefix(2))
        let document = signed(statement(network, entries(new)), by: network.operators.prefix(3))
        let before = network.tip.record
        try network.apply([], recovery: Verified(unchecked: document))
        let record = network.tip.record
        #expect(record.epoch == ValidatorEpoch(1) && record.height == before.height.next)
        #expect(record.epochEnd.rawValue == before.height.rawValue + 100)
        let list = try #require(try network.entry(ValidatorList.self, StateKey(.validators)))
        #expect(list == document.statement.list)
        #expect(record.validatorSet == list.digest(with: &network.hash))
        #expect(
            try network.entry(ValidatorList.self, StateKey(.nextValidators))?.entries.map(\.member)
                == new.map(\.id).sorted())
        #expect(try network.entry(RecoveryDocument.self, StateKey(.recovery, number: 1)) == document)
        // LG-111: evidence about the epoch that ended is still taken.
        #expect(try network.entry(ValidatorList.self, StateKey(.pastValidators, number: 0))?.entries.count == 4)
        let block = try #require(network.blocks.last).block
        #expect(try LedgerBlock(decoding: block.encoded).recovery == document)
        // The rest of the epoch is as any other.
        try network.wait(1)
        #expect(network.tip.record.epoch == ValidatorEpoch(1))
        #expect(network.blocks.last?.block.recovery == nil)
    }

    @Test("LG-133: a limit that was voted waits for the end of the validator epoch that a recovery began")
    func limits() throws {
        let network = try network(epochHeights: 6)
        let voters = network.validators
        let change = ValidatorPropose(joins: [], leaves: [], limits: try #require(LimitChanges(["delta": 50])))
        let propose = try network.make(.validatorPropose(change), by: voters[0])
        let votes = try voters[1...2].map {
            try network.make(.validatorVote(ValidatorVote(proposal: propose.value.id)), by: $0)
        }
        #expect(try network.apply([propose] + votes).allSatisfy { $0 == .succeeded })
        let document = signed(statement(network, entries(Array(voters.prefix(3)))), by: network.operators)
        try network.apply([], recovery: Verified(unchecked: document))
        func delta() throws -> UInt64? { try network.entry(LimitsEntry.self, StateKey(.limits))?.now.delta }
        #expect(try delta() == NetworkLimits().delta)
        while network.tip.record.epoch == ValidatorEpoch(1) { try network.wait(1) }
        #expect(try delta() == 50)
        #expect(try network.entry(ValidatorList.self, StateKey(.validators))?.entries.count == 3)
    }

    @Test("LG-133: where the set of the next validator epoch never began, the named one takes its place")
    func atTheEnd() throws {
        let network = try network(epochHeights: 3)
        while !network.tip.record.endsEpoch { try network.wait(1) }
        let new = Array(network.validators.suffix(3))
        let document = signed(statement(network, entries(new)), by: network.operators)
        try network.apply([], recovery: Verified(unchecked: document))
        #expect(network.tip.record.epoch == ValidatorEpoch(1))
        #expect(
            try network.entry(ValidatorList.self, StateKey(.validators))?.entries.map(\.member)
                == new.map(\.id).sorted())
    }

    @Test("A block with a document that may begin nothing is invalid, and so is one that leaves it out")
    func invalid() throws {
        let network = try network()
        let weak = signed(statement(network, entries(network.validators)), by: network.operators.prefix(1))
        let time = network.now.adding(milliseconds: 1)
        #expect(throws: BlockFault.recovery(.tooFewSignatures(have: 1, needed: 3))) {
            try network.rules.execute(
                [], recovery: Verified(unchecked: weak), at: time, on: network.tip, over: network.state,
                with: &network.hash)
        }
        let good = signed(statement(network, entries(network.validators)), by: network.operators)
        let block = try network.rules.execute(
            [], recovery: Verified(unchecked: good), at: time, on: network.tip, over: network.state,
            with: &network.hash)
        #expect(throws: BlockFault.otherRecord) {
            try network.rules.process(
                block.record, [], on: network.tip, over: network.state, with: &network.hash)
        }
        // Another document, as good: the record tells which one it was.
        let fewer = signed(good.statement, by: network.operators.prefix(3))
        #expect(throws: BlockFault.otherRecord) {
            try network.rules.process(
                block.record, [], recovery: Verified(unchecked: fewer), on: network.tip, over: network.state,
                with: &network.hash)
        }
    }

    // MARK: Bytes

    @Test("Signatures stand in ascending order, each key once, and a statement names a block and somebody")
    func strict() throws {
        let network = try network()
        let document = signed(statement(network, entries(network.validators)), by: network.operators)
        #expect(try RecoveryDocument(decoding: document.encoded) == document)
        func bytes(_ signatures: [CoSignature], _ statement: RecoveryStatement) -> [UInt8] {
            var writer = CBORWriter()
            writer.mapHeader(count: 3)
            writer.key("v")
            writer.unsigned(1)
            writer.key("sigs")
            writer.array(signatures) { $1.encode(into: &$0) }
            writer.key("statement")
            statement.encode(into: &writer)
            return writer.bytes
        }
        let good = document.signatures
        #expect(try RecoveryDocument(decoding: bytes(good, document.statement)) == document)
        for bad in [good.reversed(), [good[0], good[0]]] {
            #expect(throws: WireError.self) { try RecoveryDocument(decoding: bytes(bad, document.statement)) }
        }
        for statement in [
            statement(network, []), statement(network, entries(network.validators), epoch: 0),
            statement(network, entries(network.validators), height: .zero),
        ] {
            #expect(throws: WireError.self) { try RecoveryDocument(decoding: bytes(good, statement)) }
        }
    }
}
