package import EventLoop

/// One ICE session with one component that carries everything (RFC 8445, with trickle and consent freshness).
///
/// The actor's executor is the GLib loop, so a datagram goes from libnice to the handler on one thread without copy or
/// hop; the handlers are called there, synchronously, and an actor of the same loop enters itself by `assumeIsolated`.
///
/// Life: `start`, `gather`, send ``localCredentials`` and the candidates of the events to the other side, `setRemote`,
/// `addRemote` for each of its candidates, `endOfRemoteCandidates`, and at last `close`.
@safe
package actor ICEAgent {
    /// The loop whose thread is this actor's.
    package nonisolated let loop: GLibLoop
    package nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.asUnownedSerialExecutor() }

    /// Takes a datagram that is not STUN. It may be changed in place and is gone when the handler returns.
    package typealias DatagramHandler = @Sendable (inout MutableSpan<UInt8>) -> Void
    package typealias EventHandler = @Sendable (ICEEvent) -> Void

    private let settings: ICESettings
    private var handle: ICEHandle?
    private var onEvent: EventHandler?
    private var onDatagram: DatagramHandler?
    private var hasRemote = false
    private var waitingCandidates: [ICECandidate] = []
    private var remoteCandidateCount = 0
    private var isRemoteComplete = false
    private var consentTimer: GLibTimer?
    /// The last state told.
    package private(set) var state: ICEState = .new

    package init(loop: GLibLoop, settings: ICESettings) {
        self.loop = loop
        self.settings = settings
    }

    /// An agent that was forgotten closes itself on its own thread, and nobody waits for it.
    isolated deinit { handle?.close {} }

    /// Makes the agent and sets who hears of it. Nothing is sent yet.
    ///
    /// - Parameters:
    ///   - isControlling: true on the side that makes the offer; it chooses the pair.
    ///   - onEvent: hears of candidates and states, on the loop's thread.
    ///   - onDatagram: takes each datagram, there too.
    /// - Throws: `.alreadyStarted`, or `.refused` if libnice would not.
    package func start(
        isControlling: Bool, onEvent: @escaping EventHandler, onDatagram: @escaping DatagramHandler
    ) throws(ICEError) {
        guard handle == nil, state == .new else { throw .alreadyStarted }
        self.onEvent = onEvent
        self.onDatagram = onDatagram
        let handle = try ICEHandle(loop: loop, isControlling: isControlling, settings: settings)
        handle.hook(ICECallbacks(owner: self))
        self.handle = handle
    }

    /// Begins to find candidates; they come as events, first the host ones, during this call.
    package func gather() throws(ICEError) {
        try running().gather()
    }

    /// What the other side needs to check us. Changes with every `restart`.
    package func localCredentials() throws(ICEError) -> ICECredentials {
        try running().localCredentials()
    }

    /// Names the other side. After this, candidates that came early are used.
    package func setRemote(_ credentials: ICECredentials) throws(ICEError) {
        let handle = try running()
        try handle.setRemote(credentials)
        hasRemote = true
        let waiting = waitingCandidates
        waitingCandidates = []
        for candidate in waiting { _ = handle.addRemote(candidate) }
        if isRemoteComplete { handle.endOfRemoteCandidates() }
    }

    /// Adds a candidate of the other side. Before `setRemote` it waits.
    ///
    /// - Returns: whether it was taken; beyond ``ICESettings/remoteCandidateCountMax`` none is.
    @discardableResult
    package func addRemote(_ candidate: ICECandidate) throws(ICEError) -> Bool {
        let handle = try running()
        guard remoteCandidateCount < ICESettings.remoteCandidateCountMax else { return false }
        remoteCandidateCount += 1
        guard hasRemote else {
            waitingCandidates.append(candidate)
            return true
        }
        return handle.addRemote(candidate)
    }

    /// No more candidates will come; only after this can the session fail.
    package func endOfRemoteCandidates() throws(ICEError) {
        let handle = try running()
        isRemoteComplete = true
        if hasRemote { handle.endOfRemoteCandidates() }
    }

    /// Begins anew with new credentials and the same sockets (RFC 8445 §9); the other side must do so too, and both
    /// exchange credentials and candidates again. Packets keep flowing on the old pair meanwhile.
    package func restart() throws(ICEError) {
        let handle = try running()
        try handle.restart()
        hasRemote = false
        isRemoteComplete = false
        remoteCandidateCount = 0
        waitingCandidates = []
    }

    /// The local candidates found so far; after a restart they are announced again from here.
    package func localCandidates() throws(ICEError) -> [ICECandidate] {
        try running().localCandidates().filter(isShown)
    }

    /// Sends one datagram on the selected pair.
    ///
    /// - Returns: false if there is no pair yet, consent is lost, or the socket is full; the datagram is then gone.
    @discardableResult
    package func send(_ datagram: Span<UInt8>) -> Bool {
        handle?.send(datagram) ?? false
    }

    /// Unhooks the handlers, tells the TURN servers, and gives everything back. Safe to call again.
    package func close() async {
        guard let handle else { return }
        self.handle = nil
        consentTimer = nil
        onDatagram = nil
        await withCheckedContinuation { continuation in
            handle.close { continuation.resume() }
        }
        move(to: .closed)
        onEvent = nil
    }

    private func running() throws(ICEError) -> ICEHandle {
        guard let handle else { throw state == .closed ? .closed : .notStarted }
        return handle
    }

    // MARK: What libnice reports

    func received(_ datagram: inout MutableSpan<UInt8>) {
        onDatagram?(&datagram)
    }

    func found(_ candidate: ICECandidate) {
        if isShown(candidate) { onEvent?(.candidate(candidate)) }
    }

    func gatheringEnded() {
        onEvent?(.gathered)
    }

    func componentChanged(_ component: ICEComponentState) {
        switch component {
        case .idle, .gathering: break
        case .checking: if state == .new || state == .failed(.noPair) { move(to: .checking) }
        case .usable: connected()
        case .failed: lost()
        }
    }

    private func connected() {
        consentTimer = nil
        let wasConnected = state == .connected
        move(to: .connected)
        if let pair = handle?.selectedPair(), !wasConnected { onEvent?(.selectedPair(pair)) }
    }

    /// libnice calls both an ordinary failure and ten seconds without an answer "failed", and takes back either when
    /// the peer is heard again. Here only silence beyond RFC 7675's thirty seconds is final.
    private func lost() {
        switch state {
        case .connected:
            move(to: .disconnected)
            consentTimer = loop.timer(after: settings.consentGrace) { [weak self] in
                self?.assumeIsolated { $0.consentExpired() }
            }
        case .new, .checking: move(to: .failed(.noPair))
        case .disconnected, .failed, .closed: break
        }
    }

    private func consentExpired() {
        consentTimer = nil
        if state == .disconnected { move(to: .failed(.consentExpired)) }
    }

    private func move(to next: ICEState) {
        guard state != next else { return }
        state = next
        onEvent?(.state(next))
    }

    private func isShown(_ candidate: ICECandidate) -> Bool {
        !settings.isRelayOnly || candidate.kind == .relayed
    }
}
