package import EventLoop
package import ICE
package import Primitives
internal import SecureMedia

/// The path of one call leg: ICE finds it, DTLS makes its keys, SRTP protects what goes over it.
///
/// One UDP port carries all three. The actor lives on the loop of its ICE agent, so a packet goes from the socket to
/// the handler of its plain text, and back, on one thread and inside one turn.
///
/// Life: `start`, send ``localDescription()`` and later candidates to the other side, `setRemote`, `addRemote`, wait
/// for `secured`, send; at last `close`.
package actor MediaTransport {
    package nonisolated let loop: GLibLoop
    package nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.asUnownedSerialExecutor() }

    /// Handshake datagrams that wait for a path, or for the other side's description. A flight has at most five.
    private static let waitingHandshakeCountMax = 16
    /// Packets that overtook the end of the handshake.
    private static let waitingPacketCountMax = 32

    private let settings: TransportSettings
    private let ice: ICEAgent
    private let identity: DTLSIdentity
    private var handlers: TransportHandlers?
    private var setup: TransportSetup = .either
    private var remoteFingerprint: Digest?
    private var dtls: DTLSSession?
    private var srtp: SRTPSession?
    private var handshakeTimer: GLibTimer?
    private var hasPath = false
    private var isOver = false
    private var outgoing: [[UInt8]] = []
    private var incoming: [[UInt8]] = []
    private var early: [[UInt8]] = []
    private var sent = SentPackets()
    package private(set) var statistics = TransportStatistics()

    /// Makes a certificate for this call only.
    ///
    /// - Throws: `.security(.identityFailed)`.
    package init(loop: GLibLoop, settings: TransportSettings) throws(TransportError) {
        self.loop = loop
        self.settings = settings
        ice = ICEAgent(loop: loop, settings: settings.ice)
        do { identity = try DTLSIdentity() } catch { throw .security(error) }
    }

    // MARK: Entry points

    /// SHA-256 of the certificate that the handshake will show.
    package nonisolated var fingerprint: Digest { identity.fingerprint }

    /// Opens the sockets and begins to find candidates.
    ///
    /// - Parameters:
    ///   - isControlling: true for who makes the offer.
    ///   - setup: `.either` in an offer; `.passive` is the better answer.
    package func start(
        isControlling: Bool, setup: TransportSetup, handlers: TransportHandlers
    ) throws(TransportError) {
        self.setup = setup
        self.handlers = handlers
        try withICE { ice throws(ICEError) in
            try ice.start(
                isControlling: isControlling,
                onEvent: { [weak self] event in self?.assumeIsolated { $0.pathEvent(event) } },
                onDatagram: { [weak self] datagram in self?.assumeIsolated { $0.receive(&datagram) } })
            try ice.gather()
        }
    }

    /// What the other side must know, with the candidates found so far.
    package func localDescription() throws(TransportError) -> TransportDescription {
        let (fingerprint, setup) = (identity.fingerprint, setup)
        return try withICE { ice throws(ICEError) in
            TransportDescription(
                credentials: try ice.localCredentials(), fingerprint: fingerprint, setup: setup,
                candidates: try ice.localCandidates())
        }
    }

    /// Takes the other side's description, the first or one after a restart. Only the certificate with this fingerprint
    /// will do.
    ///
    /// - Throws: `.setupConflict`, `.fingerprintChanged`, and what ICE and DTLS throw.
    package func setRemote(_ remote: TransportDescription) throws(TransportError) {
        guard handlers != nil else { throw .notStarted }
        if let known = remoteFingerprint, known != remote.fingerprint { throw .fingerprintChanged }
        if dtls == nil {
            guard let role = setup.role(against: remote.setup) else { throw .setupConflict }
            do {
                dtls = try DTLSSession(
                    identity: identity, role: role, expectedFingerprint: remote.fingerprint,
                    profiles: settings.profiles, mtu: settings.handshakeByteCountMax)
            } catch { throw .security(error) }
            remoteFingerprint = remote.fingerprint
        }
        try withICE { ice throws(ICEError) in
            try ice.setRemote(remote.credentials)
            for candidate in remote.candidates { try ice.addRemote(candidate) }
        }
        let waiting = incoming
        incoming = []
        for datagram in waiting { dtls?.receive(datagram.span) }
        if hasPath { dtls?.start() }
        afterHandshakeStep()
    }

    /// Takes one of the other side's candidates.
    ///
    /// - Returns: false if there are too many already.
    @discardableResult
    package func addRemote(_ candidate: ICECandidate) throws(TransportError) -> Bool {
        try withICE { ice throws(ICEError) in try ice.addRemote(candidate) }
    }

    /// The other side has no further candidates.
    package func endOfRemoteCandidates() throws(TransportError) {
        try withICE { ice throws(ICEError) in try ice.endOfRemoteCandidates() }
    }

    /// Looks for a path anew and returns what to tell the other side. Keys and counters stay as they are.
    package func restart() throws(TransportError) -> TransportDescription {
        try withICE { ice throws(ICEError) in try ice.restart() }
        return try localDescription()
    }

    /// Protects and sends one RTP packet. With `keepsForRepeat`, `sendAgain` may be asked for it.
    ///
    /// - Returns: false if there are no keys or no path, or its number was used before; the packet is gone.
    @discardableResult
    package func send(rtp packet: consuming [UInt8], keepsForRepeat: Bool = false) -> Bool {
        guard let srtp, !isOver else { return false }
        do { try srtp.protectRTP(&packet) } catch {
            statistics.unsentPacketCount += 1
            return false
        }
        if keepsForRepeat {
            let sequence = UInt16(packet[2]) << 8 | UInt16(packet[3])
            sent.keep(packet, source: Self.source(of: packet.span), sequence: sequence)
        }
        return transmit(packet)
    }

    /// Sends a kept RTP packet once more, byte for byte.
    ///
    /// - Returns: false if it is no longer kept.
    @discardableResult
    package func sendAgain(source: UInt32, sequence: UInt16) -> Bool {
        guard !isOver, let datagram = sent.datagram(source: source, sequence: sequence) else { return false }
        return transmit(datagram)
    }

    /// Protects and sends one compound RTCP packet.
    @discardableResult
    package func send(rtcp packet: consuming [UInt8]) -> Bool {
        guard let srtp, !isOver else { return false }
        do { try srtp.protectRTCP(&packet) } catch {
            statistics.unsentPacketCount += 1
            return false
        }
        return transmit(packet)
    }

    /// Says goodbye, gives the sockets and the relay back, and forgets the handlers. Safe to call again.
    package func close() async {
        if !isOver, let dtls {
            dtls.close()
            for datagram in dtls.takeDatagrams() { sendOnPath(datagram) }
        }
        isOver = true
        forgetKeys()
        await ice.close()
        let handlers = handlers
        self.handlers = nil
        handlers?.onEvent(.closed)
    }

    // MARK: What ICE reports

    private func pathEvent(_ event: ICEEvent) {
        switch event {
        case .candidate(let candidate): handlers?.onEvent(.candidate(candidate))
        case .gathered: handlers?.onEvent(.gathered)
        case .selectedPair(let pair): handlers?.onEvent(.pair(pair))
        // The owner is told when `close` is through.
        case .state(.closed): break
        case .state(let state):
            hasPath = state == .connected
            handlers?.onEvent(.path(state))
            if hasPath { pathFound() }
        }
    }

    /// The other side may have found the path first; what had to wait goes now.
    private func pathFound() {
        let waiting = outgoing
        outgoing = []
        for datagram in waiting { sendOnPath(datagram) }
        if let dtls, dtls.state == .handshaking, dtls.timeout == nil { dtls.start() }
        afterHandshakeStep()
    }

    private func receive(_ datagram: inout MutableSpan<UInt8>) {
        guard !isOver else { return }
        switch PacketClass(datagram.span) {
        case .handshake: receiveHandshake(datagram.span)
        case .rtp: open(&datagram, isRTCP: false)
        case .rtcp: open(&datagram, isRTCP: true)
        case .unknown: statistics.refusedPacketCount += 1
        }
    }

    private func receiveHandshake(_ datagram: Span<UInt8>) {
        guard let dtls else {
            // The answer travels slower than the first flight. What is beyond the limit comes again by its timer.
            if incoming.count < Self.waitingHandshakeCountMax { incoming.append(Self.copy(datagram)) }
            return
        }
        dtls.receive(datagram)
        afterHandshakeStep()
    }

    private func open(_ datagram: inout MutableSpan<UInt8>, isRTCP: Bool) {
        guard let srtp else {
            if early.count < Self.waitingPacketCountMax {
                early.append(Self.copy(datagram.span))
            } else {
                statistics.earlyPacketCount += 1
            }
            return
        }
        do {
            let count =
                isRTCP ? try srtp.unprotectRTCP(&datagram) : try srtp.unprotectRTP(&datagram)
            statistics.receivedPacketCount += 1
            statistics.receivedByteCount += datagram.count
            let plain = datagram.span.extracting(first: count)
            if isRTCP { handlers?.onRTCP(plain) } else { handlers?.onRTP(plain) }
        } catch {
            if error == .replayed {
                statistics.replayedPacketCount += 1
            } else {
                statistics.refusedPacketCount += 1
            }
        }
    }

    // MARK: Steps of the handshake

    /// Sends what the handshake wants to send, sets its timer, and looks where it stands.
    private func afterHandshakeStep() {
        guard let dtls, !isOver else { return }
        for datagram in dtls.takeDatagrams() { sendOnPath(datagram) }
        handshakeTimer = dtls.timeout.map { delay in
            loop.timer(after: delay) { [weak self] in self?.assumeIsolated { $0.handshakeTimerFired() } }
        }
        switch dtls.state {
        case .handshaking: break
        case .ready: if srtp == nil { secured(dtls) }
        case .failed(.fingerprintMismatch(let seen)): fail(.fingerprintMismatch(seen: seen))
        case .failed(let failure): fail(.handshake(failure))
        case .closed: fail(.closedByPeer)
        }
    }

    private func handshakeTimerFired() {
        dtls?.timerFired()
        afterHandshakeStep()
    }

    private func secured(_ dtls: DTLSSession) {
        guard let profile = dtls.profile, let fingerprint = dtls.seenFingerprint, let session = try? dtls.makeSRTP()
        else { return fail(.noKeys) }
        srtp = session
        handlers?.onEvent(.secured(SecuredTransport(profile: profile, remoteFingerprint: fingerprint)))
        var waiting = early
        early = []
        for index in waiting.indices {
            var span = waiting[index].mutableSpan
            receive(&span)
        }
    }

    private func fail(_ failure: TransportFailure) {
        guard !isOver else { return }
        isOver = true
        forgetKeys()
        handlers?.onEvent(.failed(failure))
    }

    private func forgetKeys() {
        handshakeTimer = nil
        dtls = nil
        srtp = nil
        early = []
        incoming = []
        outgoing = []
        sent = SentPackets()
    }

    // MARK: Sending

    /// A handshake datagram: waits for the path rather than for OpenSSL's timer. Beyond the limit the oldest goes.
    private func sendOnPath(_ datagram: [UInt8]) {
        guard hasPath else {
            if outgoing.count == Self.waitingHandshakeCountMax { outgoing.removeFirst() }
            outgoing.append(datagram)
            return
        }
        _ = ice.assumeIsolated { $0.send(datagram.span) }
    }

    private func transmit(_ datagram: [UInt8]) -> Bool {
        let isSent = hasPath && ice.assumeIsolated { $0.send(datagram.span) }
        if isSent {
            statistics.sentPacketCount += 1
            statistics.sentByteCount += datagram.count
        } else {
            statistics.unsentPacketCount += 1
        }
        return isSent
    }

    /// The agent shares this thread, so its actor is entered without a hop.
    private func withICE<Value: Sendable>(
        _ body: @Sendable (isolated ICEAgent) throws(ICEError) -> Value
    ) throws(TransportError) -> Value {
        let result: Result<Value, ICEError> = ice.assumeIsolated { ice in
            do throws(ICEError) { return .success(try body(ice)) } catch { return .failure(error) }
        }
        do { return try result.get() } catch { throw .ice(error) }
    }

    private static func source(of packet: Span<UInt8>) -> UInt32 {
        (8..<12).reduce(0) { $0 << 8 | UInt32(packet[$1]) }
    }

    private static func copy(_ datagram: Span<UInt8>) -> [UInt8] {
        datagram.indices.map { datagram[$0] }
    }
}
