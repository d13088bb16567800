import Crypto
import Ledger
import Primitives
import Rights
import Wire

extension Golden {
    // MARK: Genesis and members

    static func registration(_ name: String, _ roles: Roles, link: Bool = false) -> Registration {
        Registration(
            keys: MemberKeys(
                sign: Sample.publicKey(name), agreement: Sample.id("agreement of \(name)"),
                link: link ? Sample.publicKey("link of \(name)") : nil),
            roles: roles, name: roles == .person ? "" : name, salt: Sample.bytes("salt of \(name)", count: 16))
    }

    /// A registration signed by its key.
    static func member(_ name: String, _ roles: Roles, chain: ChainID, link: Bool = false) -> SignedRegistration {
        let object = Sample.signed(registration(name, roles, link: link), .registration, by: name, chain: chain)
        guard let signed = try? SignedRegistration(object) else { preconditionFailure("its own key signed it") }
        return signed
    }

    static var genesis: [Golden] {
        let story = Story(validators: 4)
        return [
            Golden("genesis", story.genesis),
            Golden("network-limits", NetworkLimits()),
            Golden("registration", registration("home", [.node], link: true)),
            Golden("registration+person", registration("alice", .person)),
            Golden("signed-registration", member("home", [.node], chain: Sample.chain, link: true)),
        ]
    }

    // MARK: Operations

    static var policy: [UInt8] {
        let rule = try? PolicyRule(.play, to: .grantee, when: [.count(3)])
        let policy = try? Policy(permit: rule.map { [$0] } ?? [])
        return policy?.encoded ?? []
    }

    private static var coSignatures: [CoSignature] {
        ["registrar one", "registrar two"].map {
            CoSignature(key: Sample.publicKey($0), signature: Sample.signature($0))
        }
        .sorted { $0.key < $1.key }
    }

    private static var seat: CallSeat {
        CallSeat(
            key: Sample.publicKey("call key"), certificate: Sample.digest("certificate"),
            roster: Sample.digest("roster"),
            minute: Sample.start / 60_000)
    }

    private static var seal: RecordingSeal {
        let groups = (0..<3).map { GroupInterval(start: Sample.time($0 * 60_000), milliseconds: $0 == 2 ? 1 : 60_000) }
        let tracks = [
            SealedTrack(id: 0, kind: .audio, root: Sample.digest("audio"), first: GroupIndex(0), groups: groups),
            SealedTrack(id: 255, kind: .screen, root: Sample.digest("screen"), first: GroupIndex(1), groups: []),
        ]
        return RecordingSeal(
            recording: Sample.id("recording"), manifest: Sample.cid("manifest"), tracks: tracks,
            wraps: Sample.digest("wraps"), owner: Sample.id("owner"),
            holders: ["one", "two"].map { Sample.id($0) as MemberID }.sorted())
    }

    /// A member's word that it holds its key and knows a record.
    static func join(_ name: String, as member: MemberID, height: Height, record: Digest, chain: ChainID)
        -> ValidatorJoin
    {
        let key = Sample.key(name)
        let body = ValidatorJoin.body(member: member, height: height, record: record)
        return ValidatorJoin(
            member: member, key: key.publicKey, height: height, record: record,
            signature: key.signature(.validatorJoin, chain: chain, body: body))
    }

    private static var proposal: ValidatorPropose {
        let joins = ["dave", "erin"].map {
            join(
                $0, as: Sample.id($0), height: Height(900), record: Sample.digest("record 900"), chain: Sample.chain)
        }
        return ValidatorPropose(joins: joins, leaves: [Sample.id("frank")], limits: limitChanges)
    }

    /// A call among dummies.
    private static var opening: CallOpening {
        var hash = SHA256()
        let call: CallID = Sample.id("call")
        let seats = ["call key", "another call key"].map {
            CallLeaf.Seat(key: Sample.publicKey($0), certificate: Sample.digest("certificate of \($0)"))
        }
        let roster = CallSeat.rosterHash(call: call, keys: seats.map(\.key), with: &hash)
        let leaf = CallLeaf(
            call: call, salt: Sample.digest("salt"), seats: seats, start: Sample.start / 60_000,
            end: Sample.start / 60_000 + 3, policy: Sample.digest("policy"), roster: roster)
        let leaves = ([leaf.hash(with: &hash)] + (1..<16).map { Sample.digest("dummy \($0)") }).sorted()
        let index = leaves.firstIndex(of: leaf.hash(with: &hash)) ?? 0
        let path = MerkleTree.inclusionProof(of: index, in: leaves[...], with: &hash) ?? []
        return CallOpening(
            home: Sample.id("home"), leaf: leaf, path: path, size: 16, index: UInt64(index), interval: 3_000_000)
    }

    static var limitChanges: LimitChanges { LimitChanges(["delta": 50, "epochHeights": 8]) ?? .none }

    /// Two notarize votes in the first view of validator epoch 0.
    static func evidence(by name: String, chain: ChainID) -> Evidence {
        let key = Sample.key(name)
        let signed = ["one block", "another block"].map { text in
            let ballot = Ballot(kind: .notarize, epoch: .zero, view: View(1), hash: Sample.digest(text))
            return Evidence.SignedBallot(
                ballot, signature: key.signature(.notarize, chain: chain, body: ballot.body))
        }
        guard
            let evidence = Evidence(
                key: key.publicKey, chain: chain, epoch: .zero, view: View(1), signed[0], signed[1])
        else { preconditionFailure("two blocks in one view exclude each other") }
        return evidence
    }

    /// One operation of each name, and some in a second form.
    static var allOperations: [(String, Ledger.Operation)] {
        let recording: RecordingID = Sample.id("recording")
        let statement = NumberStatement(commitment: Sample.digest("number"), expiry: Sample.time(86_400_000))
        let release = NumberStatement(commitment: Sample.digest("number"), expiry: Sample.time(), isRelease: true)
        let carol = member("carol", .person, chain: Sample.chain)
        let keys = registration("home", [.node], link: true).keys
        return [
            ("member.admit", .memberAdmit(MemberAdmit(registration: carol, approvals: coSignatures))),
            ("member.rotate", .memberRotate(MemberRotate(keys: keys, proof: Sample.signature("home")))),
            ("member.suspend", .memberSuspend(MemberSuspend(member: Sample.id("bob"), lifts: true))),
            ("member.remove", .memberRemove(MemberRemove(member: Sample.id("bob"), approvals: coSignatures))),
            ("number.attest", .numberAttest(NumberAttest(statement: statement, attestations: coSignatures))),
            ("number.release", .numberRelease(NumberAttest(statement: release, attestations: coSignatures))),
            ("validator.propose", .validatorPropose(proposal)),
            ("validator.vote", .validatorVote(ValidatorVote(proposal: Sample.id("proposal")))),
            ("evidence", .evidence(evidence(by: "validator 0", chain: Sample.chain))),
            ("call.commit", .callCommit(CallCommit(interval: 3_000_000, root: Sample.digest("calls"), size: 64))),
            ("call.open", .callOpen(CallOpen(call: Sample.id("call"), seat: seat, owner: Sample.id("owner")))),
            ("call.accept", .callAccept(CallAccept(call: Sample.id("call"), seat: seat))),
            ("call.end", .callEnd(CallEnd(call: Sample.id("call"), minute: Sample.start / 60_000))),
            (
                "consent.give",
                .consentGive(
                    ConsentGive(
                        recording: recording, tracks: [.audio, .video], policy: policy, retentionDays: 365,
                        roster: Sample.digest("roster")))
            ),
            ("consent.withdraw", .consentWithdraw(ConsentWithdraw(recording: recording))),
            ("recording.seal", .recordingSeal(seal)),
            (
                "rights.publish",
                .rightsPublish(
                    RightsPublish(
                        recording: recording, policy: policy, root: Sample.digest("outer"), epoch: RightsEpoch(1)))
            ),
            ("rights.limit", .rightsLimit(RightsLimit(recording: recording, policy: policy))),
            ("rights.grant", .rightsGrant(RightsGrant(recording: recording, viewer: Sample.id("bob")))),
            ("rights.revoke", .rightsRevoke(RightsRevoke(recording: recording, viewer: Sample.id("bob")))),
            ("rights.revoke-all", .rightsRevoke(RightsRevoke(recording: recording))),
            (
                "rights.rotate",
                .rightsRotate(RightsRotate(recording: recording, epoch: RightsEpoch(2), root: Sample.digest("outer 2")))
            ),
            (
                "rights.lease",
                .rightsLease(
                    RightsLease(
                        recording: recording, group: GroupIndex(7), key: Sample.id("reply key"),
                        notAfter: Sample.time(100_000)))
            ),
            ("erase", .erase(.recording(recording))), ("erase-key", .erase(.callKey(seat.key))),
        ]
    }

    static func transaction(_ operation: Ledger.Operation, after: TransactionID? = nil) -> Transaction {
        Transaction(
            operation, from: Sample.id("member"), after: after, chain: Sample.chain,
            nonce: Sample.bytes("nonce", count: 16), until: Sample.time(60_000))
    }

    static var operations: [Golden] {
        allOperations.map { name, operation in
            Golden(
                "envelope+\(name)", Sample.signed(transaction(operation), .transaction, by: "member"),
                of: Transaction.self)
        } + [Golden("transaction+after", transaction(allOperations[11].1, after: Sample.id("opening")))]
    }

    // MARK: Records

    static func record(height: UInt64, time: Timestamp = Sample.time(), chain: ChainID = Sample.chain) -> Record {
        Record(
            time: time, chain: chain, epoch: .zero, height: Height(height),
            parent: height == 0 ? nil : Sample.cid("record \(height - 1)"), transactionRoot: Sample.digest("txs"),
            logRoot: Sample.digest("log"), logSize: height * 3, epochEnd: Height(height + 100),
            stateRoot: Sample.digest("state"),
            resultsRoot: Sample.digest("results"), validatorSet: Sample.digest("set"),
            nextValidatorSet: Sample.digest("next set"))
    }

    static var tip: LedgerTip {
        let record = record(height: 2)
        let peaks = ["four", "two"].map { Sample.digest($0) }
        guard let log = MerkleFrontier(size: record.logSize, peaks: peaks) else {
            preconditionFailure("six leaves have two peaks")
        }
        return LedgerTip(
            record: record, recordID: Sample.cid("record 2"), log: log,
            state: TreeChild(version: Height(2), hash: record.stateRoot, isLeaf: false))
    }

    /// Two envelopes on their way between nodes.
    private static var message: [UInt8] {
        var writer = CBORWriter()
        writer.mapHeader(count: 2)
        writer.key("v")
        writer.unsigned(1)
        writer.key("txs")
        writer.array(Array(allOperations.prefix(2))) { writer, operation in
            writer.byteString(Sample.signed(transaction(operation.1), .transaction, by: "member").encoded)
        }
        return writer.bytes
    }

    /// What a member's new key signs.
    private static var rotationBody: [UInt8] {
        MemberRotate.proofBody(
            member: Sample.id("home"), keys: registration("home", .node).keys, nonce: Sample.bytes("nonce", count: 16))
    }

    static var ledger: [Golden] {
        let entries = (0..<4).map {
            ValidatorList.Entry(member: Sample.id("validator \($0)"), key: Sample.publicKey("validator \($0)"))
        }
        let leaf = TreeLeaf(key: Sample.digest("hashed key"), value: Sample.digest("hash of a value"))
        return [
            Golden("record+zero", record(height: 0)), Golden("record", record(height: 1 << 40)),
            Golden(
                "ledger-block",
                LedgerBlock(
                    record: record(height: 5),
                    transactions: allOperations.prefix(2).map {
                        Sample.signed(transaction($0.1), .transaction, by: "member").encoded
                    })),
            Golden("validator-list", ValidatorList(epoch: ValidatorEpoch(3), entries)),
            Golden("recovery-statement", recovery(entries).statement),
            Golden("recovery-document", recovery(entries)),
            Golden("recovery-document+draft", RecoveryDocument(recovery(entries).statement)),
            Golden(
                "ledger-block+recovery",
                LedgerBlock(record: record(height: 6), transactions: [], recovery: recovery(entries))),
            Golden("state-proof", StateProof(end: .leaf(leaf), siblings: [Sample.digest("left"), .zero, leaf.value])),
            Golden("state-proof+empty", StateProof(end: .empty, siblings: [])),
            Golden("ledger-tip", tip), Golden("transaction-message", message, as: IPLDNode.self),
            Golden("key-rotation", rotationBody, as: IPLDNode.self),
            Golden(
                "join-statement",
                ValidatorJoin.body(member: Sample.id("dave"), height: Height(9), record: Sample.digest("record 9")),
                as: IPLDNode.self), Golden("call-leaf", opening.leaf), Golden("call-opening", opening),
            Golden("evidence", evidence(by: "validator 0", chain: Sample.chain)),
        ]
    }

    /// What three operators sign when the last two of these are lost.
    static func recovery(_ entries: [ValidatorList.Entry]) -> RecoveryDocument {
        let statement = RecoveryStatement(
            list: ValidatorList(epoch: ValidatorEpoch(4), Array(entries.prefix(2))), chain: Sample.chain,
            height: Height(5), record: Sample.cid("record 5"))
        let signatures = (0..<3).map { number in
            let key = Sample.key("operator \(number)")
            return CoSignature(
                key: key.publicKey,
                signature: key.signature(.recovery, chain: Sample.chain, body: statement.encoded))
        }
        return RecoveryDocument(statement, signatures: signatures)
    }
}
