import Crypto
import Ledger
import Primitives
import Testing
import Wire

@Suite("Formats are strict")
struct FormatTests {
    /// One operation of each kind, with every field filled.
    static func operations() throws -> [Ledger.Operation] {
        let person = try TestNetwork.member(9, .person)
        let node = try TestNetwork.member(10, [.node, .validator], "n")
        let signature = node.key.signature(over: [1])
        let approvals = [CoSignature(key: PublicKey(raw: bytes32(1)), signature: signature)]
        let recording = RecordingID(raw: bytes32(2))
        let seat = CallSeat(key: PublicKey(raw: bytes32(3)), certificate: digest(4), roster: digest(5), minute: 300)
        let keys = MemberKeys(
            sign: PublicKey(raw: bytes32(6)), agreement: AgreementKey(raw: bytes32(7)),
            link: PublicKey(raw: bytes32(8)))
        let attest = NumberAttest(
            statement: NumberStatement(commitment: digest(1), expiry: Timestamp(70_000)), attestations: approvals)
        let track = SealedTrack(
            id: 200, kind: .screen, root: digest(1), first: GroupIndex(3),
            groups: [
                GroupInterval(start: Timestamp(500), milliseconds: 60_000),
                GroupInterval(start: Timestamp(60_500), milliseconds: 1),
            ])
        return [
            .memberAdmit(MemberAdmit(registration: person.registration, approvals: approvals)),
            .memberRotate(MemberRotate(keys: keys, proof: signature)),
            .memberSuspend(MemberSuspend(member: node.id, lifts: true, approvals: approvals)),
            .memberRemove(MemberRemove(member: node.id, approvals: approvals)),
            .numberAttest(attest), .numberRelease(attest),
            .validatorPropose(
                ValidatorPropose(
                    joins: [
                        ValidatorJoin(
                            member: node.id, key: node.key.publicKey, height: Height(9), record: digest(3),
                            signature: signature)
                    ], leaves: [person.id],
                    limits: try #require(LimitChanges(["delta": 50, "heartbeat": 5_000, "epochHeights": 70_000])))),
            .evidence(
                try #require(
                    Evidence(
                        key: node.key.publicKey, chain: ChainID(raw: bytes32(3)), epoch: ValidatorEpoch(2),
                        view: View(70_000), .init(kind: .finalize, hash: digest(1), signature: signature),
                        .init(kind: .nullify, hash: .zero, signature: signature)))),
            .validatorVote(ValidatorVote(proposal: TransactionID(raw: bytes32(9)))),
            .callCommit(CallCommit(interval: 70_000, root: digest(1), size: 16)),
            .callOpen(CallOpen(call: CallID(raw: bytes32(1)), seat: seat, owner: person.id)),
            .callAccept(CallAccept(call: CallID(raw: bytes32(1)), seat: seat)),
            .callEnd(CallEnd(call: CallID(raw: bytes32(1)), minute: 301)),
            .consentGive(
                ConsentGive(
                    recording: recording, tracks: .all, policy: [1, 2, 3], retentionDays: 365, roster: digest(1))),
            .consentWithdraw(ConsentWithdraw(recording: recording)),
            .recordingSeal(
                RecordingSeal(
                    recording: recording, manifest: CID(.dagCBOR, digest(1)), tracks: [track], wraps: digest(2),
                    owner: person.id, holders: [node.id])),
            .rightsPublish(
                RightsPublish(recording: recording, policy: [1], root: digest(1), epoch: RightsEpoch(1))),
            .rightsLimit(RightsLimit(recording: recording, policy: [1])),
            .rightsGrant(RightsGrant(recording: recording, viewer: person.id)),
            .rightsRevoke(RightsRevoke(recording: recording, viewer: person.id)),
            .rightsRevoke(RightsRevoke(recording: recording)),
            .rightsRotate(RightsRotate(recording: recording, epoch: RightsEpoch(2), root: digest(1))),
            .rightsLease(
                RightsLease(
                    recording: recording, group: GroupIndex(7), key: AgreementKey(raw: bytes32(1)),
                    notAfter: Timestamp(99_999))),
            .erase(.callKey(seat.key)), .erase(.recording(recording)),
        ]
    }

    @Test("No prefix and no changed byte of a transaction passes for another encoding of it", arguments: 0..<25)
    func transactions(index: Int) throws {
        let operation = try Self.operations()[index]
        let transaction = Transaction(
            operation, from: AuthorID(raw: bytes32(1)), after: index % 2 == 0 ? nil : TransactionID(raw: bytes32(2)),
            chain: ChainID(raw: bytes32(3)), nonce: [UInt8](repeating: 7, count: 16), until: Timestamp(1 << 40))
        try expectStrict(Transaction.self, transaction.encoded)
        #expect(try Transaction(decoding: transaction.encoded) == transaction)
        try expectCanonical(transaction.encoded)
    }

    @Test("The list holds every operation")
    func complete() throws {
        #expect(Set(try Self.operations().map(\.name)) == Set(Ledger.Operation.Name.allCases))
    }

    /// The generic reader insists on canonical key order, so it catches a writer that gets it wrong.
    private func expectCanonical(_ bytes: [UInt8]) throws {
        #expect(try IPLDNode(decoding: bytes).encoded == bytes)
    }

    @Test("Genesis, records, blocks and lists are strict")
    func documents() throws {
        let network = try TestNetwork(validatorCount: 1)
        try network.apply([])
        let record = network.tip.record
        try expectStrict(Record.self, record.encoded)
        try expectStrict(Record.self, network.genesisBlock.record.encoded)
        try expectStrict(LedgerBlock.self, LedgerBlock(record: record, transactions: [[1, 2], []]).encoded)
        try expectStrict(LedgerTip.self, network.tip.encoded)
        #expect(try LedgerTip(decoding: network.tip.encoded) == network.tip)
        try expectStrict(NetworkLimits.self, NetworkLimits().encoded)
        try expectStrict(SignedRegistration.self, network.persons[0].registration.encoded)
        try expectStrict(
            ValidatorList.self,
            ValidatorList(
                epoch: ValidatorEpoch(3),
                network.validators.map { ValidatorList.Entry(member: $0.id, key: $0.key.publicKey) }
            ).encoded)
        try expectCanonical(network.genesis.encoded)
        try expectCanonical(LedgerBlock(record: record, transactions: [[1, 2], []]).encoded)
        for (_, value) in network.state.values { try expectCanonical(value) }
    }

    @Test("State entries are strict")
    func entries() throws {
        let network = try TestNetwork(validatorCount: 1)
        var call = try TestCall(network)
        _ = try call.open()
        for (key, value) in network.state.values {
            switch key.prefix {
            case .member: try expectStrict(MemberEntry.self, value)
            case .call: try expectStrict(CallEntry.self, value)
            case .callKey: try expectStrict(CallKeyEntry.self, value)
            case .recording: try expectStrict(RecordingEntry.self, value)
            default: continue
            }
            if key.prefix == .member { break }
        }
        let span = ConsentEntry.Span(to: Timestamp(900), from: Timestamp(300), roster: digest(1), tracks: .audio)
        try expectStrict(
            ConsentEntry.self, ConsentEntry(spans: [span], policy: [1], retentionDays: 30).encoded)
        let track = SealEntry.Track(
            id: 1, kind: .audio, root: digest(1), count: 9, first: GroupIndex(0), accepted: [0xff, 0x80])
        try expectStrict(
            SealEntry.self,
            SealEntry(time: Timestamp(1), wraps: digest(1), tracks: [track], manifest: CID(.dagCBOR, digest(2)))
                .encoded)
        try expectStrict(
            LeaseEntry.self,
            LeaseEntry(
                key: AgreementKey(raw: bytes32(1)), epoch: RightsEpoch(1), history: .empty,
                previousKey: AgreementKey(raw: bytes32(2))
            ).encoded)
    }

    @Test("Every code has one result, and every result one code")
    func codes() {
        var results: Set<TransactionResult> = []
        for code in UInt16.min...UInt16.max {
            guard let result = TransactionResult(code: code) else { continue }
            #expect(result.code == code)
            #expect(results.insert(result).inserted)
        }
        let count =
            1 + TransactionFailure.allCases.count + PolicyRefusal.allCases.count + LeaseRefusal.allCases.count
        #expect(results.count == count)
    }

    @Test("LG-1, LG-2: an envelope too long, of another chain, or over a limit is refused unread")
    func parsing() throws {
        var limits = NetworkLimits()
        limits.policyBytes = 2
        let network = try TestNetwork(limits: limits)
        let signer = network.persons[0]
        let policy = Ledger.Operation.rightsLimit(RightsLimit(recording: .zero, policy: [1, 2, 3]))
        #expect(throws: TransactionFault.overLimit) { try network.make(policy, by: signer) }
        let good = try network.make(.rightsRevoke(RightsRevoke(recording: .zero)), by: signer).value
        func parse(
            _ bytes: [UInt8], chain: ChainID? = nil, limits: NetworkLimits = NetworkLimits()
        ) throws -> ParsedTransaction {
            try ParsedTransaction(bytes, chain: chain ?? network.rules.chain, limits: limits, with: &network.hash)
        }
        #expect(try parse(good.bytes) == good)
        #expect(throws: TransactionFault.otherChain) { try parse(good.bytes, chain: .zero) }
        var short = NetworkLimits()
        short.transactionBytes = UInt64(good.bytes.count - 1)
        #expect(throws: TransactionFault.tooLong) { try parse(good.bytes, limits: short) }
        #expect(throws: TransactionFault.self) { try parse(good.bytes + [0]) }
        #expect(good.id.raw != good.envelopeID.digest.raw)
        // The same body under another signature is another envelope of the same transaction.
        let other = SignedObject(
            key: good.envelope.key, signature: network.node.key.signature(over: []), body: good.envelope.body)
        let twin = try parse(other.encoded)
        #expect(twin.id == good.id)
        #expect(twin.envelopeID != good.envelopeID)
        #expect(SignatureVerifier().verified(twin, in: network.rules.chain) == nil)
        #expect(good.signatureChecks(in: .zero) == nil)
    }
}
