import ContentStore
import Crypto
import Ledger
import Node
import Primitives
import Recording
import Rights
import Signalling
import Synchronization
import Wire

/// A ledger in memory that makes a block for each transaction, by the real rules.
final class LocalLedger: LedgerReading, Sendable {
    struct State {
        var state = MemoryState()
        var tip: LedgerTip
    }

    let rules: RuleBook
    private let state: Mutex<State>

    init(_ rules: RuleBook) throws {
        self.rules = rules
        var hash = SHA256()
        let block = try rules.genesisBlock(with: &hash)
        var first = State(tip: block.tip)
        first.state.commit(block)
        state = Mutex(first)
    }

    var now: Timestamp { state.withLock { $0.tip.record.time } }

    func read<Value: Sendable>(
        _ body: @Sendable (any StateView, LedgerTip) throws(StateError) -> Value
    ) throws(StateError) -> Value {
        let copy = state.withLock { $0 }
        return try body(copy.state, copy.tip)
    }

    func entry<Entry: WireObject>(_ type: Entry.Type, _ key: StateKey) -> Entry? {
        state.withLock { $0.state.value(for: key) }.flatMap { try? Entry(decoding: $0) }
    }

    /// One block with these transactions, `milliseconds` after the one before.
    @discardableResult
    func apply(
        _ operations: [(operation: Ledger.Operation, from: AuthorID, key: SigningKey)],
        after milliseconds: UInt64 = 1_000
    ) throws -> [(result: TransactionResult, id: TransactionID)] {
        let time = now.adding(milliseconds: milliseconds)
        var hash = SHA256()
        var verified: [Verified<ParsedTransaction>] = []
        for item in operations {
            let body = Transaction(
                item.operation, from: item.from, chain: rules.chain, nonce: SecureRandom.bytes(count: 16),
                until: time.adding(milliseconds: 60_000)
            ).encoded
            let envelope = item.key.sign(.transaction, chain: rules.chain, body: body)
            let parsed = try ParsedTransaction(
                envelope.encoded, chain: rules.chain, limits: rules.genesis.limits, with: &hash)
            guard let checked = SignatureVerifier().verified(parsed, in: rules.chain) else {
                throw TransactionFault.badSignature
            }
            verified.append(checked)
        }
        return try state.withLock { state in
            let block = try rules.execute(verified, at: time, on: state.tip, over: state.state, with: &hash)
            state.state.commit(block)
            state.tip = block.tip
            return zip(block.results, verified).map { ($0, $1.value.id) }
        }
    }

    @discardableResult
    func apply(
        _ operation: Ledger.Operation, by person: ReleaseWorld.Person, after milliseconds: UInt64 = 1_000
    ) throws -> TransactionResult {
        try apply([(operation, AuthorID(person.member), person.keys.sign)], after: milliseconds)[0].result
    }

    func wait(_ milliseconds: UInt64) throws { try apply([], after: milliseconds) }
}

/// Reaches desks without a network. `tamper` may exchange an answer, or swallow it.
struct DeskAsker: ShareAsking {
    let desks: [(member: MemberID, desk: ReleaseDesk)]
    let ledger: LocalLedger
    var tamper: @Sendable (Int, ReleaseKind, SignedObject, [UInt8]) -> [UInt8]? = { _, _, _, answer in answer }

    func ask(_ kind: ReleaseKind, _ request: SignedObject) async -> [ValidatorAnswer] {
        var answers: [ValidatorAnswer] = []
        for (place, entry) in desks.enumerated() {
            let answer: ReleaseAnswer
            do throws(ReleaseRefusal) {
                answer =
                    switch kind {
                    case .shares: try await entry.desk.shares(for: request.encoded, over: ledger)
                    case .outer: try await entry.desk.outerKey(for: request.encoded, over: ledger)
                    }
            } catch {
                answer = .refused(error)
            }
            if let bytes = tamper(place + 1, kind, request, answer.encoded) {
                answers.append(ValidatorAnswer(validator: entry.member, bytes: bytes))
            }
        }
        return answers
    }
}

/// A network with a recorded, sealed and wrapped call of two: real keys, real shares, real ciphertext.
final class ReleaseWorld: Sendable {
    struct Person: Sendable {
        let member: MemberID
        let keys: NodeKeys
    }

    /// What one sender recorded.
    struct Sender: Sendable {
        let key: SigningKey
        let member: Person
        let opening: CertificateOpening
        let leaves: [[UInt8]]
    }

    static let groupCount: UInt64 = 3
    static let framesPerGroup: UInt64 = 4

    let ledger: LocalLedger
    let chain: ChainID
    /// Ascending by member, which is the order of their shares.
    let validators: [Testnet.Node]
    let shares: [(outer: ThresholdKeyBox, wraps: ThresholdKeyBox)]
    let desks: [(member: MemberID, desk: ReleaseDesk)]
    let owner: Person
    let viewer: Person
    let other: Person
    let call = CallID(raw: Bytes32(words: (7, 7, 7, 7)))
    let recording: RecordingID
    /// Ascending by per-call key.
    let senders: [Sender]
    let inner: [CID: [UInt8]]
    let layout: ShardLayout
    /// Every frame as it was before it was encrypted.
    let plain: Set<[UInt8]>
    let circle: ReleaseCircle

    /// A share for tests that play a validator of their own.
    final class ThresholdKeyBox: Sendable {
        let share: ThresholdShare
        init(_ share: consuming ThresholdShare) { self.share = share }
    }

    init(validators count: Int = 4, ordinal: UInt8 = 0) throws {
        let testnet = try Testnet(
            name: "release", validators: count, time: Timestamp(1_800_000_000_000),
            source: .published(seed: "release"))
        var hash = SHA256()
        let rules = RuleBook(genesis: testnet.genesis, judge: PolicyJudge(), with: &hash)
        let ledger = try LocalLedger(rules)
        self.ledger = ledger
        chain = rules.chain
        validators = testnet.nodes.sorted { $0.member < $1.member }
        var desks: [(member: MemberID, desk: ReleaseDesk)] = []
        var shares: [(outer: ThresholdKeyBox, wraps: ThresholdKeyBox)] = []
        for node in validators {
            desks.append(
                (
                    node.member,
                    ReleaseDesk(
                        chain: rules.chain,
                        shares: NodeShares(
                            outer: try testnet.outer.share(of: node.shareIndex),
                            wraps: try testnet.wraps.share(of: node.shareIndex)), sealer: node.keys.agreement)
                ))
            shares.append(
                (
                    ThresholdKeyBox(try testnet.outer.share(of: node.shareIndex)),
                    ThresholdKeyBox(try testnet.wraps.share(of: node.shareIndex))
                ))
        }
        self.desks = desks
        self.shares = shares
        circle = try ledger.read { view, _ throws(StateError) in
            try ReleaseCircle(chain: rules.chain, genesis: rules.genesis, in: view)
        }
        let registrar = testnet.registrar
        func admit() throws -> Person {
            let keys = NodeKeys(sign: .generate(), link: .generate(), agreement: .generate())
            let body = Registration(
                keys: MemberKeys(sign: keys.sign.publicKey, agreement: keys.agreement.publicKey), roles: .person,
                salt: SecureRandom.bytes(count: Registration.saltByteCount)
            ).encoded
            let registration = try SignedRegistration(keys.sign.sign(.registration, chain: rules.chain, body: body))
            let result = try ledger.apply(
                .memberAdmit(MemberAdmit(registration: registration)),
                by: Person(member: registrar.member, keys: registrar.keys))
            guard result == .succeeded else { throw WorldError.refused(result) }
            return Person(member: registration.memberID(with: &hash), keys: keys)
        }
        owner = try admit()
        viewer = try admit()
        other = try admit()
        let recorded = try RecordedCall(
            ledger, call: call, home: validators[0], holders: validators.map(\.member), owner: owner.member,
            participants: [viewer, other], circle: circle)
        recording = recorded.recording
        senders = recorded.senders
        inner = recorded.inner
        layout = recorded.layout
        plain = recorded.plain
    }

    enum WorldError: Error { case refused(TransactionResult) }

    // MARK: Requests

    var asker: DeskAsker { DeskAsker(desks: desks, ledger: ledger) }

    func gatherer(_ person: Person, asking asker: DeskAsker? = nil) -> ShareGatherer {
        ShareGatherer(
            circle: circle, asker: asker ?? self.asker, member: person.member, signer: person.keys.sign,
            clock: { [ledger] in ledger.now })
    }

    func holder(_ place: Int) -> Person { Person(member: validators[place].member, keys: validators[place].keys) }

    /// O of an epoch, as a holder gets it.
    func outerElement(_ epoch: RightsEpoch, holder place: Int = 0) async throws(SharesMissing) -> GroupElement {
        try await gatherer(holder(place)).outerKey(of: recording, epoch: epoch, as: .holder, to: .generate())
            .elements[0]
    }

    func layer(_ element: GroupElement, _ epoch: RightsEpoch) throws -> OuterLayer {
        let name = ThresholdOuterKey(chain: chain, recording: recording, rightsEpoch: epoch)
        return try OuterLayer(name.key(from: element), of: recording)
    }

    /// The first outer layer, as every holder makes it.
    func firstLayer() async throws -> (manifest: OuterManifest, blocks: [CID: [UInt8]]) {
        let epoch = RuleBook.firstRightsEpoch
        let layer = try layer(try await outerElement(epoch), epoch)
        var rotation = OuterRotation(wrapping: layout, of: recording, epoch: epoch)
        var blocks: [CID: [UInt8]] = [:]
        var hash = SHA256()
        for step in rotation.remaining {
            guard let source = inner[step.source.cid] else { throw RecordingError.notFound }
            let made = try layer.carryOut(step, on: source, removing: nil, with: &hash)
            try rotation.completed(step.index, made.link)
            blocks[made.link.cid] = made.content
        }
        return (try rotation.manifest(), blocks)
    }

    /// Publishes under a policy, grantees may play without one, and puts the first layer into `stock`.
    func publish(into stock: Stock, policy: Policy? = nil) async throws {
        let (manifest, blocks) = try await firstLayer()
        var hash = SHA256()
        let rule = try PolicyRule(.play, to: .grantee)
        let result = try ledger.apply(
            .rightsPublish(
                RightsPublish(
                    recording: recording, policy: try (policy ?? Policy(permit: [rule])).encoded,
                    root: manifest.root(with: &hash), epoch: manifest.epoch)), by: owner)
        guard result == .succeeded else { throw WorldError.refused(result) }
        stock.add(manifest, blocks)
        for sender in senders { stock.add(sender) }
    }

    func grant(_ person: Person) throws -> TransactionResult {
        try ledger.apply(.rightsGrant(RightsGrant(recording: recording, viewer: person.member)), by: owner)
    }

    func revoke(_ person: Person?) throws -> TransactionResult {
        try ledger.apply(.rightsRevoke(RightsRevoke(recording: recording, viewer: person?.member)), by: owner)
    }

    func lease(_ group: UInt64, by person: Person, to key: AgreementSecret) throws -> TransactionResult {
        try ledger.apply(
            .rightsLease(
                RightsLease(
                    recording: recording, group: GroupIndex(group), key: key.publicKey,
                    notAfter: ledger.now.adding(milliseconds: 90_000))), by: person)
    }

    /// The wraps of a group of all senders, with their proofs.
    func wraps(_ group: UInt64, senders chosen: [Sender]? = nil) throws -> [(signed: SignedGroupWrap, proof: [Digest])]
    {
        var found: [(signed: SignedGroupWrap, proof: [Digest])] = []
        var hash = SHA256()
        for sender in chosen ?? senders {
            var hashes: [Digest] = []
            for leaf in sender.leaves { hashes.append(MerkleTree.leafHash(leaf, with: &hash)) }
            for (index, leaf) in sender.leaves.enumerated() {
                let signed = try SignedGroupWrap(leaf: leaf)
                guard signed.wrap.subject.group.rawValue == group else { continue }
                let proof = MerkleTree.inclusionProof(of: index, in: hashes[...], with: &hash)
                found.append((signed, proof ?? []))
            }
        }
        return found
    }

    func player(_ person: Person, _ stock: Stock, asking asker: DeskAsker? = nil) -> Player {
        let ledger = ledger
        return Player(
            home: LocalPlaybackHome(ledger: ledger, person: person, asker: asker ?? self.asker), source: stock,
            limits: .standard
        ) { duration in
            let (seconds, rest) = duration.components
            try? ledger.wait(UInt64(seconds) * 1_000 + UInt64(rest / 1_000_000_000_000_000))
        }
    }
}

/// A viewer's view of the ledger in memory.
struct LocalPlaybackHome: PlaybackHome {
    let ledger: LocalLedger
    let person: ReleaseWorld.Person
    let asker: DeskAsker

    var chain: ChainID { ledger.rules.chain }
    var genesis: Genesis { ledger.rules.genesis }
    var member: MemberID { person.member }
    var signer: any Signing { person.keys.sign }
    var now: Timestamp { ledger.now }

    func fact<Entry: WireObject>(_ type: Entry.Type, _ key: StateKey) async throws(PlaybackError) -> Entry? {
        ledger.entry(type, key)
    }

    func lease(_ lease: RightsLease) async throws(PlaybackError) -> TransactionResult {
        do { return try ledger.apply(.rightsLease(lease), by: person) } catch { throw .home }
    }

    func ask(_ kind: ReleaseKind, _ request: SignedObject) async -> [ValidatorAnswer] {
        await asker.ask(kind, request)
    }
}

/// What holders have, as one shelf that anybody may take from.
final class Stock: RecordingSource, Sendable {
    private struct Content {
        var pages: [RightsEpoch: [OuterManifestPage]] = [:]
        var blocks: [CID: [UInt8]] = [:]
        var leaves: [PublicKey: [[UInt8]]] = [:]
        var openings: [PublicKey: CertificateOpening] = [:]
    }

    private let content = Mutex(Content())

    func add(_ manifest: OuterManifest, _ blocks: [CID: [UInt8]]) {
        content.withLock {
            $0.pages[manifest.epoch] = OuterManifestPage.pages(of: manifest)
            $0.blocks.merge(blocks) { first, _ in first }
        }
    }

    func add(_ sender: ReleaseWorld.Sender) {
        content.withLock {
            $0.leaves[sender.key.publicKey] = sender.leaves
            $0.openings[sender.key.publicKey] = sender.opening
        }
    }

    func forgetOpening(of sender: PublicKey) { content.withLock { $0.openings[sender] = nil } }

    func replace(_ cid: CID, with bytes: [UInt8]) { content.withLock { $0.blocks[cid] = bytes } }

    func outerPages(
        of recording: RecordingID, epoch: RightsEpoch
    ) async throws(PlaybackError) -> [OuterManifestPage] {
        guard let pages = content.withLock({ $0.pages[epoch] }) else { throw .blockMissing }
        return pages
    }

    func block(_ cid: CID, of recording: RecordingID) async throws(PlaybackError) -> [UInt8] {
        guard let block = content.withLock({ $0.blocks[cid] }) else { throw .blockMissing }
        return block
    }

    func wraps(of recording: RecordingID, sender: PublicKey) async throws(PlaybackError) -> [[UInt8]] {
        guard let leaves = content.withLock({ $0.leaves[sender] }) else { throw .blockMissing }
        return leaves
    }

    func opening(of sender: PublicKey, in recording: RecordingID) async -> CertificateOpening? {
        content.withLock { $0.openings[sender] }
    }
}
