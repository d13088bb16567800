import Consensus
import Crypto
import EventLoop
import Ledger
import Links
import Node
import Primitives
import Testing
import Wire

@Suite("Validators come, go and change keys while the network runs", .timeLimit(.minutes(5)), .serialized)
struct EpochNetworkTests {
    /// Four validators of genesis and a fifth that is admitted later, over loopback.
    private final class Network {
        let documents: Documents
        let scratch: Scratch
        let ports: [UInt16]
        let newcomer = NodeKeys(sign: .generate(), link: .generate(), agreement: .generate())
        let registration: SignedRegistration
        let newMember: MemberID
        var nodes: [NodeRuntime] = []

        init() throws {
            var limits = Testnet.limits(epochHeights: 5)
            limits.heartbeat = 1_000
            documents = try Documents(validators: 4, limits: limits)
            scratch = try Scratch()
            ports = try freePorts(5)
            registration = try newcomer.registration(
                roles: [.validator, .node], name: "fifth",
                salt: SecureRandom.bytes(count: Registration.saltByteCount), chain: documents.chain)
            var hash = SHA256()
            newMember = registration.memberID(with: &hash)
        }

        func start(_ index: Int, _ member: MemberID, _ keys: RuntimeKeys) async throws {
            let peers = documents.nodes.enumerated().filter { $0.offset != index }.map {
                NodeSettings.Peer(member: $0.element.member, link: .loopback(port: ports[$0.offset]))
            }
            let settings = NodeSettings(
                link: .loopback(port: ports[index]), dht: .loopback(port: 0),
                dataPath: scratch.path + "/ledger\(index)", peers: peers)
            let node = try NodeRuntime(
                settings: settings, rules: documents.rules, member: member, keys: keys, log: .silent)
            try await node.start()
            nodes.append(node)
        }

        /// - Parameter next: lies beside the others, and is found once the ledger names it.
        func keys(_ keys: NodeKeys, next: SigningKey? = nil) -> RuntimeKeys {
            RuntimeKeys(
                votes: LocalSigner(SoftwareKey(keys.sign)), link: keys.link, agreement: keys.agreement
            ) { key in next?.publicKey == key ? next.map { LocalSigner(SoftwareKey($0)) } : nil }
        }

        /// Puts a transaction on the ledger through the first node; its id.
        @discardableResult
        func post(_ envelope: [UInt8]) async throws -> TransactionID {
            let outcome = try await nodes[0].chain.execute(envelope, within: .seconds(60))
            #expect(outcome.result == .succeeded)
            return outcome.id
        }

        /// Proposes as the first validator; the next two vote for it.
        func decide(_ proposal: ValidatorPropose) async throws {
            let (first, rest) = (documents.nodes[0], documents.nodes[1...2])
            let id = try await post(documents.sign(.validatorPropose(proposal), by: first.member, key: first.keys.sign))
            for node in rest {
                let vote = Ledger.Operation.validatorVote(ValidatorVote(proposal: id))
                try await post(documents.sign(vote, by: node.member, key: node.keys.sign))
            }
        }

        /// Goes on until every node is past this epoch's end.
        func turn() async throws {
            let epoch = await nodes[0].chain.currentTip.record.epoch
            for node in nodes {
                try await eventually("the end of validator epoch \(epoch)", within: .seconds(120)) {
                    await node.chain.currentTip.record.epoch > epoch
                }
            }
        }
    }

    @Test("A fifth validator joins, one leaves, one changes its key, and the whole chain is verified")
    func change() async throws {
        let network = try Network()
        let documents = network.documents
        let rotated = SigningKey.generate()
        for (index, node) in documents.nodes.enumerated() {
            try await network.start(
                index, node.member, network.keys(node.keys, next: index == 1 ? rotated : nil))
        }
        try await network.post(
            documents.sign(
                .memberAdmit(MemberAdmit(registration: network.registration)), by: documents.registrar.member,
                key: documents.registrar.keys.sign))
        try await network.start(4, network.newMember, network.keys(network.newcomer))

        // S-14: the fifth joins and the fourth leaves with the end of the epoch, the second votes with its new key.
        try await network.decide(ValidatorPropose(joins: [try join(network)], leaves: [documents.nodes[3].member]))
        try await network.post(rotation(of: documents.nodes[1], to: rotated, documents))
        try await network.turn()
        try await network.turn()
        #expect(network.nodes[1].keys.sign.publicKey == rotated.publicKey)
        for (index, isValidator) in [true, true, true, false, true].enumerated() {
            #expect(await network.nodes[index].chain.status.isValidator == isValidator, "node \(index)")
        }
        // Without the first of the four that decide now, the others go on: the new ones really vote.
        let leaving = network.nodes.removeFirst()
        let height = await leaving.chain.currentTip.record.height
        await leaving.stop()
        for node in network.nodes {
            try await eventually("blocks without the first", within: .seconds(120)) {
                await node.chain.currentTip.record.height.rawValue > height.rawValue + 5
            }
        }
        for node in network.nodes { await node.stop() }
        for index in [2, 3, 4] {
            let store = try ChainStore(path: network.scratch.path + "/ledger\(index)", rules: documents.rules)
            var verifier = try ChainVerifier(store, rules: documents.rules)
            let report = try verifier.run()
            #expect(report.handovers >= 2)
            let handovers = try store.handovers(from: .zero, limit: 64, rules: documents.rules)
            var (trail, hash) = (try ValidatorTrail(documents.rules), SHA256())
            for handover in handovers { try trail.follow(handover, with: &hash) }
            #expect(trail.newest.seat(of: network.newMember) != nil)
            #expect(trail.newest.seat(of: documents.nodes[3].member) == nil)
            #expect(trail.newest.validators.contains { $0.key == rotated.publicKey })
            let snapshot = SnapshotDirectory(network.scratch.path + "/snapshot\(index)")
            _ = try SnapshotWriter.write(store, rules: documents.rules, into: snapshot)
            #expect(try SnapshotChecker.check(snapshot, rules: documents.rules).report.handovers == handovers.count)
            store.close()
        }
    }

    /// The newcomer's proof that it holds its key: genesis' record stands among those noted.
    private func join(_ network: Network) throws -> ValidatorJoin {
        var hash = SHA256()
        let record = try network.documents.rules.genesisBlock(with: &hash).tip.recordID.digest
        let body = ValidatorJoin.body(member: network.newMember, height: .zero, record: record)
        let key = network.newcomer.sign
        return ValidatorJoin(
            member: network.newMember, key: key.publicKey, height: .zero, record: record,
            signature: key.signature(.validatorJoin, chain: network.documents.chain, body: body))
    }

    private func rotation(of node: Testnet.Node, to key: SigningKey, _ documents: Documents) -> [UInt8] {
        let keys = MemberKeys(
            sign: key.publicKey, agreement: node.keys.agreement.publicKey, link: node.keys.link.publicKey)
        let nonce = SecureRandom.bytes(count: Transaction.nonceByteCount)
        let proof = key.signature(
            .keyRotation, chain: documents.chain,
            body: MemberRotate.proofBody(member: node.member, keys: keys, nonce: nonce))
        let transaction = Transaction(
            .memberRotate(MemberRotate(keys: keys, proof: proof)), from: AuthorID(node.member), chain: documents.chain,
            nonce: nonce, until: SystemTime.utc.adding(milliseconds: 60_000))
        return node.keys.sign.sign(.transaction, chain: documents.chain, body: transaction.encoded).encoded
    }
}
