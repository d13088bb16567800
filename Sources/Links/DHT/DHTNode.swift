package import Crypto
package import EventLoop
package import Kademlia
package import Primitives
package import Wire

/// One node of the DHT: a UDP socket, Noise sessions with the nodes that the ledger names, and the cores of
/// `Kademlia`. An actor on its loop's thread.
package actor DHTNode {
    package nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.asUnownedSerialExecutor() }

    struct PendingRequest {
        let contact: Contact
        let sentAt: Duration
        let timer: TimerID
        let completion: (Response?) -> Void
    }

    struct Published {
        let make: @Sendable (UInt64, Timestamp) -> SignedObject
        let evidence: [UInt8]
        var sequence: UInt64
        var renewAt: Timestamp
    }

    /// A put under way; its continuation is resumed once, with `done` or `failed`.
    struct PutRun {
        var operation: PutOperation
        let request: Request
        let continuation: CheckedContinuation<PutOperation.Action, Never>
    }

    /// A get under way; its continuation is resumed once, with its result.
    struct GetRun {
        var operation: GetOperation
        let location: DHTKey
        let kind: StoredRecord.Kind
        let continuation: CheckedContinuation<GetOperation.Action, Never>
    }

    /// One question to several nodes.
    struct Survey {
        var open: Int
        var answers: [Response] = []
        let continuation: CheckedContinuation<[Response], Never>
    }

    let loop: EpollLoop
    let settings: DHTSettings
    let chain: ChainID
    let own: DHTPeer
    let signer: any Signing
    let authority: WriteAuthority
    let verifier = SignatureVerifier()
    var socket: UDPSocket?
    var sessions: DHTSessions
    var table: RoutingTable
    var book: AddressBook
    var store: RecordStore
    var directory: [MemberID: DHTPeer] = [:]
    var requests: [UInt32: PendingRequest] = [:]
    var nextNumber: UInt32 = 1
    var waiting: [MemberID: [(Request, (Response?) -> Void)]] = [:]
    var puts: [UInt64: PutRun] = [:]
    var gets: [UInt64: GetRun] = [:]
    var surveys: [UInt64: Survey] = [:]
    var operationCount: UInt64 = 0
    var served: [MemberID: (second: Int64, count: Int)] = [:]
    var published: [DHTKey: Published] = [:]
    var provided: Set<CID> = []
    var addressSequence: UInt64
    var addressRenewAt = Timestamp.zero
    var provideRenewAt = Timestamp.zero
    private var openings: (second: Int64, count: Int) = (0, 0)
    var isStopped = false
    var gossipIndex = 0

    /// - Parameters:
    ///   - own: this node as the ledger names it.
    ///   - secret: of `own.agreement`.
    ///   - authority: asked before a record is stored.
    package init(
        on loop: EpollLoop, settings: DHTSettings, chain: ChainID, own: DHTPeer, secret: AgreementSecret,
        signer: any Signing, authority: @escaping WriteAuthority
    ) {
        self.loop = loop
        self.settings = settings
        self.chain = chain
        self.own = own
        self.signer = signer
        self.authority = authority
        sessions = DHTSessions(
            chain: chain, member: own.contact.member, secret: secret, unprovenMax: settings.unprovenSessionsMax)
        table = RoutingTable(limits: settings.limits)
        book = AddressBook(limits: settings.limits)
        store = RecordStore(limits: settings.limits)
        // A clock that was set back would make older sequences; the record's expiry bounds how long that can hurt.
        addressSequence = SystemTime.utc.rawValue
    }

    /// Binds the socket and begins gossip and upkeep. The address it listens on.
    package func start() throws(SocketError) -> SocketAddress {
        let socket = try UDPSocket(on: loop, address: settings.listen) { [weak self] address, bytes in
            guard let self else { return }
            self.assumeIsolated { $0.received(bytes, from: address) }
        }
        self.socket = socket
        renewOwnAddress()
        scheduleGossip(after: .milliseconds(50))
        scheduleUpkeep()
        return socket.address
    }

    package func stop() {
        isStopped = true
        socket?.close()
        socket = nil
        for request in requests.values {
            loop.cancel(request.timer)
            request.completion(nil)
        }
        requests = [:]
        for (_, completion) in waiting.values.joined() { completion(nil) }
        waiting = [:]
    }

    /// Takes the nodes that the ledger names now.
    package func update(_ peers: [DHTPeer]) {
        directory = Dictionary(peers.map { ($0.contact.member, $0) }) { first, _ in first }
        directory[own.contact.member] = nil
        table.replace(with: directory.values.map(\.contact).sorted { $0.id < $1.id }, own: own.contact.id)
        sessions.retain(directory)
        book.retain(members: Set(directory.keys).union([own.contact.member]), now: SystemTime.utc)
    }

    /// Keeps address records from elsewhere: a configuration file, a validator, a home node.
    package func seed(_ records: [SignedObject]) {
        for record in records { _ = keepAddress(record) }
    }

    /// This node's own signed address record, for others to be seeded with.
    package var ownAddress: SignedObject? { book.address(of: own.contact.member, now: SystemTime.utc)?.object }

    package struct Status: Sendable, Equatable {
        package let nodeID: DHTKey
        package let knownNodes: Int
        package let liveNodes: Int
        package let knownAddresses: Int
        package let sessions: Int
        package let records: Int
        package let providedContents: Int
    }

    package var status: Status {
        let now = SystemTime.monotonic
        return Status(
            nodeID: own.contact.id, knownNodes: table.count,
            liveNodes: table.all.count { table.isLive($0, now: now) }, knownAddresses: book.count,
            sessions: sessions.count, records: store.count, providedContents: store.providedContentCount)
    }

    /// The nodes that the ledger names, whether each is live and whether its address is known.
    package var peers: [(contact: Contact, isLive: Bool, hasAddress: Bool)] {
        let now = SystemTime.monotonic
        return table.all.map {
            ($0, table.isLive($0, now: now), book.address(of: $0.member, now: SystemTime.utc) != nil)
        }
    }

    // MARK: Datagrams

    private func received(_ bytes: [UInt8], from address: SocketAddress) {
        switch DHTDatagram(bytes) {
        case .opening(let session, let noise):
            guard isWithinOpeningRate() else { return }
            if let reply = sessions.answer(session: session, noise: noise, from: address, directory: directory) {
                socket?.send(reply, to: address)
            }
        case .answer(let receiver, let session, let noise):
            guard let opened = sessions.finish(receiver: receiver, session: session, noise: noise) else { return }
            for (request, completion) in waiting.removeValue(forKey: opened.peer.contact.member) ?? [] {
                send(request, in: opened, completion)
            }
        case .sealed(let receiver, let content):
            guard let (session, plain) = sessions.open(receiver: receiver, content: content, from: address),
                let message = try? Message(decoding: plain)
            else { return }
            switch message.content {
            case .request(let request): serve(request, message.number, in: session)
            case .response(let response): take(response, message.number, in: session)
            }
        case nil: return
        }
    }

    func send(_ message: Message, in session: DHTSession) {
        guard let sealed = try? session.transport.seal(message.encoded) else {
            sessions.drop(session.peer.contact.member)
            return
        }
        socket?.send(DHTDatagram.sealed(receiver: session.remote, content: sealed).bytes, to: session.address)
    }

    private func isWithinOpeningRate() -> Bool {
        let second = SystemTime.monotonic.components.seconds
        if openings.second != second { openings = (second, 0) }
        openings.count += 1
        return openings.count <= settings.openingsPerSecond
    }

    // MARK: Requests

    /// Asks a node and calls back once: with its answer, or nil when none came in time.
    func ask(_ contact: Contact, _ request: Request, _ completion: @escaping (Response?) -> Void) {
        guard !isStopped, requests.count < settings.requestsMax, let peer = directory[contact.member] else {
            return completion(nil)
        }
        if let session = sessions.session(with: contact.member) { return send(request, in: session, completion) }
        guard let address = address(of: contact.member) else { return completion(nil) }
        let isOpening = waiting[contact.member] != nil
        guard waiting[contact.member, default: []].count < settings.waitingRequestsMax else { return completion(nil) }
        waiting[contact.member, default: []].append((request, completion))
        guard !isOpening else { return }
        open(peer, at: address, attempt: 1)
    }

    /// Sends an opening and sends it once more when no answer comes; then those that wait are told.
    private func open(_ peer: DHTPeer, at address: SocketAddress, attempt: Int) {
        guard let datagram = sessions.open(peer, at: address) else { return giveUp(peer) }
        socket?.send(datagram, to: address)
        loop.schedule(after: table.timeout(for: peer.contact)) { [weak self] in
            self?.assumeIsolated { node in
                guard node.waiting[peer.contact.member] != nil else { return }
                attempt < 2 ? node.open(peer, at: address, attempt: attempt + 1) : node.giveUp(peer)
            }
        }
    }

    private func giveUp(_ peer: DHTPeer) {
        table.timedOut(peer.contact, now: SystemTime.monotonic)
        for (_, completion) in waiting.removeValue(forKey: peer.contact.member) ?? [] { completion(nil) }
    }

    private func send(_ request: Request, in session: DHTSession, _ completion: @escaping (Response?) -> Void) {
        let number = nextNumber
        nextNumber &+= 1
        let contact = session.peer.contact
        let timer = loop.schedule(after: table.timeout(for: contact)) { [weak self] in
            self?.assumeIsolated { $0.timedOut(number) }
        }
        requests[number] = PendingRequest(
            contact: contact, sentAt: SystemTime.monotonic, timer: timer, completion: completion)
        send(Message(number: number, .request(request.with(session.peerToken))), in: session)
    }

    private func timedOut(_ number: UInt32) {
        guard let request = requests.removeValue(forKey: number) else { return }
        table.timedOut(request.contact, now: SystemTime.monotonic)
        // A peer that began anew knows no old session, and cannot say so.
        sessions.drop(request.contact.member)
        request.completion(nil)
    }

    private func take(_ response: Response, _ number: UInt32, in session: DHTSession) {
        guard let request = requests[number], request.contact == session.peer.contact else { return }
        requests[number] = nil
        loop.cancel(request.timer)
        table.answered(request.contact, after: SystemTime.monotonic - request.sentAt)
        switch response {
        case .pong(let token), .nodes(_, let token), .refused(_, let token): session.peerToken = token
        case .record, .absent, .stored, .providers, .addresses: break
        }
        request.completion(response)
    }

    private func address(of member: MemberID) -> SocketAddress? {
        guard let record = book.address(of: member, now: SystemTime.utc)?.record else { return nil }
        return record.endpoints.lazy.compactMap { SocketAddress(ip: $0.address, port: $0.port) }.first
    }
}

extension Request {
    /// A put or provide with the token that the storer gave; every other request as it is.
    fileprivate func with(_ token: Token) -> Request {
        switch self {
        case .put(let record, let evidence, let expected, _):
            .put(record: record, evidence: evidence, expected: expected, token: token)
        case .provide(let record, _): .provide(record: record, token: token)
        case .ping, .find, .get, .providers, .addresses, .announce: self
        }
    }
}
