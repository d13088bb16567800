package import EventLoop
package import Primitives
package import TLS

/// The links of one node: one to each member it is told of, kept up by dialling and by listening.
///
/// Lives on a loop. Neighbours on the same loop call it with `assumeIsolated`, and it calls its handler there without a
/// hop; others `await` it. Nothing here knows what messages mean: bytes in, bytes out.
///
/// One pair of nodes keeps one link. The member with the lower id dials at once, the other after a moment; when two
/// connections cross, the one that the lower id dialled stays. A link that gives way sends what it began and still
/// reads what was on its way, so that nothing is lost by it.
package actor LinkMesh {
    /// Who this node is.
    package struct Identity: Sendable {
        package var chain: ChainID
        package var member: MemberID
        package var role: LinkHello.Role
        /// Protocol versions it speaks, ascending.
        package var versions: [UInt64]
        package var tls: TLSIdentity

        package init(
            chain: ChainID, member: MemberID, role: LinkHello.Role, versions: [UInt64], tls: TLSIdentity
        ) {
            self.chain = chain
            self.member = member
            self.role = role
            self.versions = versions
            self.tls = tls
        }
    }

    /// The ALPN name: links of another generation refuse each other in TLS.
    package static let protocolName = "sotto-link/1"
    private static let tick = Duration.milliseconds(250)
    private static let lingerMax = Duration.seconds(2)
    private static let failureEventsPerTick = 4

    package nonisolated let loop: EpollLoop
    package nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.asUnownedSerialExecutor() }
    let settings: LinkSettings
    var identity: Identity
    let handler: @Sendable (LinkEvent) -> Void
    var peers: [MemberID: PeerState] = [:]
    private var members: [PublicKey: MemberID] = [:]
    private var links: [UInt64: Link] = [:]
    private var lastSerial: UInt64 = 0
    private let instance = UInt64.random(in: .min ... .max).bigEndianBytes
    private var listener: TCPListener?
    private var failureEventsLeft = failureEventsPerTick
    private var isRunning = false

    /// - Parameter handler: called on the loop's thread; may call back into the mesh with `assumeIsolated`.
    /// - Throws: the settings' faults.
    package init(
        identity: Identity, settings: LinkSettings = LinkSettings(), on loop: EpollLoop,
        handler: @escaping @Sendable (LinkEvent) -> Void
    ) throws(LinkSettings.Faults) {
        try settings.validate()
        self.identity = identity
        self.settings = settings
        self.loop = loop
        self.handler = handler
    }

    // MARK: Life

    /// Listens, when an address is given, and begins to dial. Gives the address with its real port.
    @discardableResult
    package func start(listeningOn address: SocketAddress?) throws(LinkError) -> SocketAddress? {
        guard !isRunning else { return listener?.address }
        if let address {
            do throws(SocketError) {
                listener = try TCPListener(on: loop, address: address) { [weak self] connection in
                    self?.assumeIsolated { $0.accept(connection) }
                }
            } catch {
                throw .cannotListen(error)
            }
        }
        isRunning = true
        scheduleTick()
        for state in peers.values { scheduleDial(state) }
        return listener?.address
    }

    /// Tells every peer, sends what is queued, and ends, without further events. Requests that wait fail
    /// with `stopped`.
    package func stop() {
        guard isRunning else { return }
        isRunning = false
        listener?.close()
        listener = nil
        for state in peers.values { release(state, failing: .stopped) }
        for link in links.values { link.end(saying: .shuttingDown) }
        links = [:]
        peers = [:]
        members = [:]
    }

    /// The members to link with from now on. Links to others, and links whose key no longer stands, are ended; new ones
    /// are dialled. This node itself may be among them.
    package func setPeers(_ list: [LinkPeer]) throws(LinkError) {
        guard list.count <= settings.peerCountMax else { throw .tooManyPeers }
        members = [:]
        var wanted: [MemberID: LinkPeer] = [:]
        for peer in list where peer.member != identity.member {
            wanted[peer.member] = peer
            for key in peer.keys { members[key] = peer.member }
        }
        for (member, state) in peers where wanted[member] == nil {
            peers[member] = nil
            release(state, failing: .disconnected)
            if let link = state.link { finish(link, .refused(.removed)) }
        }
        for peer in wanted.values.sorted(by: { $0.member < $1.member }) {
            guard let state = peers[peer.member] else {
                let state = PeerState(peer)
                peers[peer.member] = state
                scheduleDial(state)
                continue
            }
            let hasMoved = state.peer.address != peer.address
            state.peer = peer
            if let link = state.link, let key = link.peerKey, !peer.keys.contains(key) {
                finish(link, .refused(.removed))
            } else if hasMoved, state.link == nil {
                state.failedAttemptCount = 0
                cancelDial(state)
                scheduleDial(state)
            }
        }
    }

    /// Ends the link with a member because of what it did, and makes none with it before `pause` is over.
    package func shun(_ member: MemberID, for pause: Duration) {
        guard let state = peers[member] else { return }
        state.shunnedUntil = SystemTime.monotonic + pause
        cancelDial(state)
        if let dialling = state.dialling { finish(dialling, .refused(.misbehaved)) }
        if let link = state.link { finish(link, .refused(.misbehaved)) } else { scheduleDial(state) }
    }

    /// Takes another key of this node for links made from now on.
    package func setIdentity(_ tls: TLSIdentity) { identity.tls = tls }

    // MARK: Messages

    /// Queues a message; it leaves at the end of the loop's turn.
    ///
    /// - Parameter key: a message that waits on this channel under the same key is replaced, so that what is out of
    ///   date does not fill the queue.
    @discardableResult
    package func send(
        _ bytes: [UInt8], on channel: LinkChannel, to member: MemberID, superseding key: UInt64? = nil
    ) -> LinkSendResult {
        guard let link = peers[member]?.link else { return .notConnected }
        guard bytes.count <= settings.bounds(of: channel).messageByteCountMax else { return .tooLarge }
        switch link.send(channel, .message, key: key, bytes) {
        case .queued: return .queued
        case .superseded: return .superseded
        case .full where channel == .consensus:
            finish(link, .refused(.overflowed))
            return .overflowed
        case .full: return .busy
        }
    }

    /// Sends to every member with a link; gives the members that did not get it, in order.
    @discardableResult
    package func broadcast(
        _ bytes: [UInt8], on channel: LinkChannel, superseding key: UInt64? = nil
    ) -> [MemberID] {
        peers.keys.sorted().filter { member in
            let result = send(bytes, on: channel, to: member, superseding: key)
            return result != .queued && result != .superseded
        }
    }

    /// The members with a link now, in order.
    package var connectedMembers: [MemberID] { peers.values.filter { $0.link != nil }.map(\.peer.member).sorted() }

    /// One entry per peer, in order of members.
    package var statistics: [LinkStatistics] {
        peers.values.map(\.statistics).sorted { $0.member < $1.member }
    }

    // MARK: Connections

    private func accept(_ connection: TCPConnection) {
        guard isRunning else { return }
        // An honest handshake takes milliseconds: with too many at once, the oldest is one that only holds its place.
        let shaking = links.values.filter { $0.dialled == nil && $0.establishedAt == nil }
        if shaking.count >= settings.handshakeCountMax, let oldest = shaking.min(by: { $0.serial < $1.serial }) {
            drop(oldest, .refused(.busy))
        }
        guard let link = makeLink(to: nil) else { return }
        guard let stream = try? TCPStream(connection, on: loop, limits: Self.limits, handler: handler(of: link)) else {
            return
        }
        link.attach(stream)
        links[link.serial] = link
    }

    private func dial(_ state: PeerState) {
        guard isRunning, state.link == nil, state.dialling == nil, let address = state.peer.address else { return }
        guard let link = makeLink(to: state.peer.member) else { return scheduleDial(state) }
        do throws(SocketError) {
            let handler = handler(of: link)
            link.attach(try TCPStream(connectingTo: address, on: loop, limits: Self.limits, handler: handler))
            links[link.serial] = link
            state.dialling = link
        } catch {
            attemptFailed(link, state, .lost(error))
        }
    }

    private static var limits: TCPStream.Limits {
        var limits = TCPStream.Limits()
        // The lanes are the queue; the stream holds little, so that a vote passes a waiting block.
        limits.queuedByteCountMark = 128 << 10
        return limits
    }

    private func makeLink(to member: MemberID?) -> Link? {
        lastSerial += 1
        return try? Link(
            serial: lastSerial, dialled: member, identity: identity.tls, settings: settings, loop: loop
        ) { [weak self] serial in
            self?.assumeIsolated { mesh in
                guard let link = mesh.links[serial] else { return }
                mesh.handle(link.pump(), of: link)
            }
        }
    }

    private func handler(of link: Link) -> (TCPStream.Event) -> Void {
        { [weak self, serial = link.serial] event in
            self?.assumeIsolated { mesh in
                guard let link = mesh.links[serial] else { return }
                mesh.handle(link.receive(event), of: link)
                mesh.holdBack(link)
            }
        }
    }

    private func holdBack(_ link: Link) {
        guard let pause = link.pauseNeeded(at: SystemTime.monotonic) else { return }
        link.setPaused(true)
        loop.schedule(after: pause) { [weak self, serial = link.serial] in
            self?.assumeIsolated { $0.links[serial]?.setPaused(false) }
        }
    }

    // MARK: Signals

    private func handle(_ signals: [Link.Signal], of link: Link) {
        for signal in signals {
            switch signal {
            case .secured(let key): secured(link, key)
            case .greeted(let hello): greeted(link, hello)
            case .message(let message): deliver(message, from: link)
            case .drained(let channels):
                guard let member = member(of: link), peers[member]?.link === link else { break }
                for channel in channels { handler(.drained(member, channel)) }
            case .bye(.duplicate) where isReplacementOnItsWay(for: link): link.hold()
            case .bye(let reason): ended(link, .refusedByPeer(reason))
            case .closed(let end):
                if link.phase == .closed { links[link.serial] = nil }
                // A held link's end waits for its replacement, which takes over what it holds.
                if !link.isHeld || !isReplacementOnItsWay(for: link) { ended(link, end) }
            }
        }
    }

    /// The other end has the link that we are dialling already: what waits here goes over to it in a moment.
    private func isReplacementOnItsWay(for link: Link) -> Bool {
        guard let member = member(of: link), let state = peers[member] else { return false }
        return state.link === link && state.dialling != nil
    }

    private func secured(_ link: Link, _ key: PublicKey) {
        guard let member = members[key] else { return finish(link, .refused(.unknownKey)) }
        guard link.dialled == nil || link.dialled == member else { return finish(link, .refused(.wrongMember)) }
        link.greet(ownHello)
    }

    private func greeted(_ link: Link, _ hello: LinkHello) {
        guard link.phase == .greeting else { return }
        guard hello.chain == identity.chain else { return finish(link, .refused(.wrongChain)) }
        // The key was known a moment ago, but the set of peers may have changed since.
        guard let key = link.peerKey, members[key] == hello.member, let state = peers[hello.member] else {
            return finish(link, .refused(.wrongMember))
        }
        if let until = state.shunnedUntil, SystemTime.monotonic < until {
            return finish(link, .refused(.misbehaved))
        }
        guard let version = ownHello.commonVersion(with: hello) else { return finish(link, .refused(.wrongVersion)) }
        if let old = state.link {
            guard gives(old, wayTo: link, hello) else { return finish(link, .refused(.duplicate)) }
            replace(old, with: link, in: state)
            // A restarted node has forgotten what was said to it; a second connection changes nothing.
            guard old.hello?.instance != hello.instance else { return }
            handler(.disconnected(hello.member, .lost(nil)))
        } else {
            stand(link, in: state)
        }
        guard state.link === link else { return }
        state.connectionCount += 1
        handler(.connected(hello.member, hello, version: version))
    }

    /// The old link gives way when its node was restarted, when the same side dialled again (the old one is then half
    /// dead), or when the lower member dialled the new one.
    private func gives(_ old: Link, wayTo new: Link, _ hello: LinkHello) -> Bool {
        let isSameSide = (old.dialled == nil) == (new.dialled == nil)
        let isLowerDialler = (new.dialled != nil) == (identity.member < hello.member)
        return old.hello?.instance != hello.instance || isSameSide || isLowerDialler
    }

    private func replace(_ old: Link, with new: Link, in state: PeerState) {
        let isRestart = old.hello?.instance != new.hello?.instance
        old.hasEnded = true
        if isRestart {
            fail(state, .disconnected)
            old.abort()
            links[old.serial] = nil
        } else {
            new.queue.adopt(&old.queue)
            old.end(saying: .duplicate)
        }
        stand(new, in: state)
    }

    private func stand(_ link: Link, in state: PeerState) {
        link.establish(at: SystemTime.monotonic)
        link.schedule()
        state.link = link
        if state.dialling === link { state.dialling = nil }
        if let other = state.dialling, state.peer.member < identity.member {
            // Ours would have to give way in any case. If our hello is out, messages may be on their way already.
            state.dialling = nil
            other.hasEnded = true
            if other.phase == .greeting {
                other.end(saying: .duplicate)
            } else {
                other.abort()
                links[other.serial] = nil
            }
        }
        cancelDial(state)
    }

    /// Ends a link for a reason of our own, and tells both operators.
    private func finish(_ link: Link, _ end: LinkEnd) {
        if case .refused(let reason) = end { link.end(saying: reason) }
        ended(link, end)
    }

    /// Does once what follows from the end of a link or of an attempt.
    private func ended(_ link: Link, _ end: LinkEnd) {
        guard !link.hasEnded else { return }
        link.hasEnded = true
        link.drain()
        guard let member = member(of: link), let state = peers[member] else {
            if link.establishedAt != nil, let member = link.hello?.member { handler(.disconnected(member, end)) }
            return attemptFailed(link, nil, end)
        }
        guard state.link === link else { return attemptFailed(link, state, end) }
        state.link = nil
        let lived = SystemTime.monotonic - (link.establishedAt ?? link.startedAt)
        state.failedAttemptCount = lived > .seconds(2) ? 0 : state.failedAttemptCount + 1
        fail(state, .disconnected)
        scheduleDial(state)
        handler(.disconnected(member, end))
    }

    private func attemptFailed(_ link: Link, _ state: PeerState?, _ end: LinkEnd) {
        if let state, state.dialling === link || link.dialled != nil {
            if state.dialling === link { state.dialling = nil }
            state.failedAttemptCount += 1
            if let held = state.link, held.phase == .closed { ended(held, .lost(nil)) }
            scheduleDial(state)
        }
        guard link.establishedAt == nil, end != .refused(.duplicate), end != .refusedByPeer(.duplicate) else { return }
        guard state != nil || failureEventsLeft > 0 else { return }
        if state == nil { failureEventsLeft -= 1 }
        handler(.attemptFailed(state?.peer.member, end, isInbound: link.dialled == nil))
    }

    private func member(of link: Link) -> MemberID? {
        link.dialled ?? link.peerKey.flatMap { members[$0] } ?? (link.establishedAt == nil ? nil : link.hello?.member)
    }

    private var ownHello: LinkHello {
        LinkHello(
            role: identity.role, chain: identity.chain, member: identity.member, instance: instance,
            versions: identity.versions)
    }

    // MARK: Time

    private func scheduleDial(_ state: PeerState) {
        guard isRunning, state.dialTimer == nil, state.link == nil, state.dialling == nil, state.peer.address != nil
        else { return }
        var pause = identity.member < state.peer.member ? Duration.zero : settings.higherMemberDelay
        if state.failedAttemptCount > 0 {
            let doubled = settings.retryPause * (1 << min(state.failedAttemptCount - 1, 16))
            pause += min(doubled, settings.retryPauseMax) * Double.random(in: 0.5...1)
        }
        if let until = state.shunnedUntil { pause = max(pause, until - SystemTime.monotonic) }
        state.dialTimer = loop.schedule(after: pause) { [weak self, member = state.peer.member] in
            self?.assumeIsolated { mesh in
                guard let state = mesh.peers[member] else { return }
                state.dialTimer = nil
                mesh.dial(state)
            }
        }
    }

    private func cancelDial(_ state: PeerState) {
        if let timer = state.dialTimer { loop.cancel(timer) }
        state.dialTimer = nil
    }

    private func release(_ state: PeerState, failing error: LinkError) {
        cancelDial(state)
        fail(state, error)
        if let link = state.dialling {
            link.hasEnded = true
            link.abort()
            links[link.serial] = nil
            state.dialling = nil
        }
    }

    private func scheduleTick() {
        loop.schedule(after: Self.tick) { [weak self] in self?.assumeIsolated { $0.ticked() } }
    }

    private func ticked() {
        guard isRunning else { return }
        scheduleTick()
        failureEventsLeft = Self.failureEventsPerTick
        let now = SystemTime.monotonic
        for link in links.values.sorted(by: { $0.serial < $1.serial }) {
            let silence = now - link.lastReceivedAt
            switch link.phase {
            case .connecting: break
            case .securing, .greeting:
                if now - link.startedAt > settings.handshakeTimeout { drop(link, .handshakeTimedOut) }
            case .established:
                if silence > settings.silenceMax {
                    drop(link, .silent)
                } else if silence > settings.pingInterval {
                    link.ping(at: now)
                }
            case .draining:
                if now - (link.drainingSince ?? now) > Self.lingerMax { drop(link, .lost(nil)) }
            case .closed: links[link.serial] = nil
            }
        }
        for state in peers.values { state.inbound = state.inbound.filter { $0.value > now } }
    }

    private func drop(_ link: Link, _ end: LinkEnd) {
        link.abort()
        links[link.serial] = nil
        ended(link, end)
    }
}
