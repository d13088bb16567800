import Crypto
package import EventLoop
import Kademlia
package import Ledger
package import Links
package import Primitives
import Synchronization
import TLS
import Wire

/// One running node: the chain, its links, the DHT, and what other parts of the node hang on to them. It composes and
/// decides nothing.
package final class NodeRuntime: Sendable {
    package let member: MemberID
    package let keys: RuntimeKeys
    package let rules: RuleBook
    package let chain: ChainActor
    package let mesh: LinkMesh
    package let dht: DHTNode
    package let log: Log
    let settings: NodeSettings
    let watch: PeerWatch
    private let chainLoop: EpollLoop
    private let networkLoop: EpollLoop
    private let inbox: Inbox
    private let handlers: Mutex<[ServiceRequest.Kind: ServiceHandler]>
    private let directory: Directory

    /// Who links are kept with, and who stands in the DHT, as the ledger had it last.
    private final class Directory: Sendable {
        let peers = Mutex<[DHTPeer]>([])
    }

    /// Opens the store and puts everything together; nothing listens yet.
    package init(
        settings: NodeSettings, rules: RuleBook, member: MemberID, keys: RuntimeKeys, log: Log
    ) throws(NodeError) {
        self.settings = settings
        self.rules = rules
        self.member = member
        self.keys = keys
        self.log = log
        let inbox = Inbox()
        self.inbox = inbox
        let store: ChainStore
        do throws(SocketError) {
            chainLoop = try EpollLoop(name: "chain")
            networkLoop = try EpollLoop(name: "network")
        } catch {
            throw .socket(error)
        }
        do throws(ChainStoreError) {
            var storage = settings.storage
            storage.sweepsAside = true
            store = try ChainStore(path: settings.dataPath, rules: rules, settings: storage)
        } catch {
            throw .store(error)
        }
        let entry = try Self.entry(of: member, in: store)
        if let entry {
            let held = [keys.sign.publicKey, keys.other?.publicKey]
            guard held.contains(entry.keys.sign), entry.keys.agreement == keys.agreement.publicKey else {
                throw .unknownMember(member)
            }
            _ = keys.sign.speak(with: entry.keys.sign)
        }
        let relay = Relay()
        let isValidator = entry?.roles.contains(.validator) ?? false
        mesh = try Self.mesh(settings, rules, member, isValidator, keys, networkLoop, relay)
        let watch = PeerWatch(mesh: mesh, limits: settings.conduct, log: log)
        self.watch = watch
        do throws(ChainStoreError) {
            chain = try ChainActor(
                on: chainLoop, rules: rules, store: store, member: member, signer: keys.votes,
                nextSigner: keys.other, network: Self.network(mesh, watch), log: log)
        } catch {
            throw .store(error)
        }
        let directory = Directory()
        self.directory = directory
        var hash = SHA256()
        let own = DHTPeer(
            contact: Contact(member: member, beacon: Digest(raw: rules.chain.raw), with: &hash),
            agreement: keys.agreement.publicKey, signing: keys.sign.publicKey)
        let chain = chain
        dht = DHTNode(
            on: networkLoop, settings: settings.dhtSettings, chain: rules.chain, own: own, secret: keys.agreement,
            signer: keys.sign
        ) { record, writer, evidence, other in
            await NumberStanding.judge(record, writer, evidence, other, on: chain)
        }
        let dht = dht
        handlers = Mutex([
            .address: { _, body in
                if let record = try? SignedObject(decoding: body) { await dht.seed([record]) }
                return []
            }
        ])
        relay.node.withLock { $0 = WeakNode(self) }
    }

    /// Adds the answer to questions of one kind. Before `start`.
    package func serve(_ kind: ServiceRequest.Kind, _ handler: @escaping ServiceHandler) {
        handlers.withLock { $0[kind] = handler }
    }

    /// Listens, dials and begins to take part. The addresses it really listens on.
    @discardableResult
    package func start() async throws(NodeError) -> (link: SocketAddress?, dht: SocketAddress) {
        await chain.watchAnswers(within: settings.conduct.answerTime)
        await chain.listen { [weak self] block in self?.finalised(block) }
        await chain.setEvidenceHandler { [weak self] evidence in
            Task { await self?.submit(evidence) }  // Ends when it is recorded, or after a minute of trying.
        }
        try await refreshMembers()
        let link: SocketAddress?
        let udp: SocketAddress
        // Before the links: a new neighbour is told the address at once.
        do throws(SocketError) {
            udp = try await dht.start()
        } catch {
            throw .socket(error)
        }
        do throws(LinkError) {
            link = try await mesh.start(listeningOn: settings.link)
        } catch {
            throw .link(error)
        }
        await chain.start()
        return (link, udp)
    }

    /// Ends cleanly: links say goodbye, the store is closed.
    package func stop() async {
        await dht.stop()
        await mesh.stop()
        await chain.stop()
        networkLoop.stop()
        chainLoop.stop()
    }

    /// Asks another node, or this one.
    package func ask(
        _ kind: ServiceRequest.Kind, _ body: [UInt8], of node: MemberID, within time: Duration = .seconds(5)
    ) async throws(LinkError) -> [UInt8] {
        if node == member {
            guard let handler = handlers.withLock({ $0[kind] }), let answer = await handler(member, body) else {
                throw .refusedByPeer
            }
            return answer
        }
        return try await mesh.request(ServiceRequest(kind, body).encoded, to: node, within: time)
    }

    /// Messages of other nodes that were dropped because the chain could not take them in time.
    var inboxDroppedCount: UInt64 { inbox.droppedCount }

    // MARK: Members

    /// Reads from the ledger who there is, and tells links and DHT.
    private func refreshMembers() async throws(NodeError) {
        let members: [(MemberID, MemberEntry)]
        do throws(StateError) {
            members = try await chain.members(with: [.node])
        } catch {
            throw .state
        }
        var hash = SHA256()
        let active = members.filter { $0.1.standing == .active }
        let peers = active.map { id, entry in
            DHTPeer(
                contact: Contact(member: id, beacon: Digest(raw: rules.chain.raw), with: &hash),
                agreement: entry.keys.agreement, signing: entry.keys.sign)
        }
        directory.peers.withLock { $0 = peers }
        await dht.update(peers)
        let addresses = Dictionary(settings.peers.map { ($0.member, $0.link) }) { first, _ in first }
        let links = active.map { id, entry in
            LinkPeer(member: id, keys: [entry.keys.link ?? entry.keys.sign], address: addresses[id])
        }
        do throws(LinkError) {
            try await mesh.setPeers(links)
        } catch {
            throw .link(error)
        }
    }

    /// Runs on the chain's thread.
    private func finalised(_ block: FinalisedBlock) {
        let concernsMembers = block.executed.writes.keys.contains { $0.prefix == .member }
        guard concernsMembers else { return }
        if let bytes = block.executed.writes[StateKey(.member, member)] ?? nil,
            let entry = try? MemberEntry(decoding: bytes)
        {
            take(entry.keys.sign)
        }
        Task { [weak self] in  // Ends with the refresh; a later block starts the next.
            do {
                try await self?.refreshMembers()
            } catch {
                self?.log(.error, "members_not_refreshed")
            }
        }
    }

    // MARK: Links

    fileprivate func receive(_ event: LinkEvent) {
        switch event {
        case .connected(let peer, _, _):
            log(.info, "link_up", ["peer": .id(peer)])
            watch.connected(peer)
            Task { await introduce(to: peer) }  // Ends with its one message.
        case .disconnected(let peer, let end):
            log(.info, "link_down", ["peer": .id(peer), "why": .word(end.word)])
            watch.disconnected(peer)
        case .message(let peer, .consensus, let bytes), .message(let peer, .sync, let bytes):
            if watch.hears(peer) { put(.consensus(peer, bytes)) }
        case .message(_, .transactions, let bytes): put(.transactions(bytes))
        case .message(let peer, .service, let bytes): take(bytes, from: peer, answering: nil)
        case .request(let request): take(request.bytes, from: request.member, answering: request)
        case .drained: break
        case .attemptFailed(let peer, let end, let isInbound):
            log(
                .debug, "link_failed",
                [
                    "peer": peer.map { .id($0) } ?? .word("unknown"), "why": .word(end.word),
                    "direction": .word(isInbound ? "in" : "out"),
                ])
        }
    }

    private func put(_ item: Inbox.Item) {
        let (chain, inbox) = (chain, inbox)
        switch inbox.put(item) {
        case .none: break
        case .chain: chain.drain(inbox)
        case .checker: Task { await chain.admit(from: inbox) }  // Ends when nothing waits any more.
        }
    }

    private func take(_ bytes: [UInt8], from peer: MemberID, answering request: LinkRequest?) {
        guard let question = try? ServiceRequest(decoding: bytes),
            let handler = handlers.withLock({ $0[question.kind] })
        else {
            if let request { mesh.assumeIsolated { $0.refuse(request) } }
            return
        }
        Task {  // Ends with the answer; a link bounds how many questions may be open.
            let answer = await handler(peer, question.body)
            guard let request else { return }
            if let answer { _ = await mesh.respond(to: request, answer) } else { await mesh.refuse(request) }
        }
    }

    /// A new neighbour learns where this node's DHT listens.
    private func introduce(to peer: MemberID) async {
        guard let record = await dht.ownAddress else { return }
        _ = await mesh.send(ServiceRequest(.address, record.encoded).encoded, on: .service, to: peer)
    }

    // MARK: Construction

    /// What the ledger says of the node's own member. Nil while this store holds nothing but genesis: a member that was
    /// admitted later must follow the chain to find itself there.
    private static func entry(of member: MemberID, in store: ChainStore) throws(NodeError) -> MemberEntry? {
        do {
            guard let bytes = try store.value(for: StateKey(.member, member)) else {
                if try store.tip().record.height == .zero { return nil }
                throw NodeError.unknownMember(member)
            }
            return try MemberEntry(decoding: bytes)
        } catch let error as NodeError {
            throw error
        } catch {
            throw .state
        }
    }

    private static func mesh(
        _ settings: NodeSettings, _ rules: RuleBook, _ member: MemberID, _ isValidator: Bool, _ keys: RuntimeKeys,
        _ loop: EpollLoop, _ relay: Relay
    ) throws(NodeError) -> LinkMesh {
        let tls: TLSIdentity
        do {
            tls = try keys.link.withSeed { try TLSIdentity(seed: $0, protocolName: LinkMesh.protocolName) }
        } catch {
            throw .identity
        }
        let identity = LinkMesh.Identity(
            chain: rules.chain, member: member, role: isValidator ? .validator : .node,
            versions: rules.genesis.versions.map(\.version), tls: tls)
        do throws(LinkSettings.Faults) {
            return try LinkMesh(identity: identity, settings: settings.links, on: loop) { relay.receive($0) }
        } catch {
            throw .settings(error)
        }
    }

    private static func network(_ mesh: LinkMesh, _ watch: PeerWatch) -> ChainNetwork {
        let outbox = Outbox(mesh)
        return ChainNetwork(
            broadcast: { outbox.put(.broadcast($1, $0.channel)) },
            send: { outbox.put(.send($2, $1.channel, $0)) }, report: { watch.report($1, by: $0) })
    }
}

/// Hands the mesh's events to the node, which is made after the mesh.
private final class Relay: Sendable {
    let node = Mutex<WeakNode?>(nil)

    func receive(_ event: LinkEvent) { node.withLock { $0?.value }?.receive(event) }
}

private struct WeakNode: Sendable {
    weak let value: NodeRuntime?
    init(_ value: NodeRuntime) { self.value = value }
}

/// Messages on their way from the chain's thread to the links': in order, with one wake-up for many. The lanes of each
/// link bound what waits; this queue is emptied at once.
private final class Outbox: Sendable {
    enum Item: Sendable {
        case broadcast([UInt8], LinkChannel)
        case send([UInt8], LinkChannel, MemberID)
    }

    private let mesh: LinkMesh
    private let items = Mutex<[Item]>([])

    init(_ mesh: LinkMesh) { self.mesh = mesh }

    func put(_ item: Item) {
        let isFirst = items.withLock { items in
            items.append(item)
            return items.count == 1
        }
        if isFirst { mesh.loop.call { self.mesh.assumeIsolated { $0.flush(self) } } }
    }

    func takeAll() -> [Item] {
        items.withLock { items in
            let all = items
            items = []
            return all
        }
    }
}

extension ChainNetwork.Traffic {
    fileprivate var channel: LinkChannel {
        switch self {
        case .consensus: .consensus
        case .sync: .sync
        case .transactions: .transactions
        }
    }
}

extension LinkMesh {
    fileprivate func flush(_ outbox: Outbox) {
        for item in outbox.takeAll() {
            switch item {
            case .broadcast(let bytes, let channel): broadcast(bytes, on: channel)
            case .send(let bytes, let channel, let member): send(bytes, on: channel, to: member)
            }
        }
    }
}
