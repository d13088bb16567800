import EventLoop
import Primitives
import TLS
import Wire

/// One connection to one node: socket, TLS, frames. Decides nothing about who is welcome; the mesh does.
///
/// Lives inside the mesh's actor. `receive` gives back what happened, in order, so that the mesh acts on it with
/// nothing of this object half changed.
final class Link: TurnEndHandler {
    /// What happened on the link.
    enum Signal {
        /// TLS stands; the other end has proven this key. Say `greet` or `end`.
        case secured(PublicKey)
        /// The other end's hello. Say `establish` or `end`.
        case greeted(LinkHello)
        case message(FrameAssembler.Message)
        case drained([LinkChannel])
        /// The other end ends the link; messages that it had queued may still come.
        case bye(LinkRefusal)
        /// Nothing comes any more.
        case closed(LinkEnd)
    }

    enum Phase: Equatable {
        case connecting
        case securing
        case greeting
        case established
        /// Ended by either side: sends what it began, and still reads what the other had on its way.
        case draining
        case closed
    }

    /// Bytes sealed and handed to the stream at a time: what a vote may have to wait for.
    private static let sealedByteCountMax = 64 << 10
    /// What handling a message costs beside its bytes, for the rate bound.
    private static let messageToll = 128

    let serial: UInt64
    /// Whom this node dialled; nil when the other end did.
    let dialled: MemberID?
    let startedAt: Duration
    private(set) var phase: Phase
    private(set) var establishedAt: Duration?
    private(set) var lastReceivedAt: Duration
    var peerKey: PublicKey? { session.peerKey }
    var hello: LinkHello?
    private(set) var drainingSince: Duration?
    /// It gave way to another link between the same nodes: what it still brings counts.
    private(set) var isGivingWay = false
    /// Sends nothing more, and keeps what waits for the link that comes in its place.
    private(set) var isHeld = false
    /// Told to the mesh already.
    var hasEnded = false
    var statistics: LinkStatistics
    var queue: OutboundQueue
    private let loop: EpollLoop
    private let session: TLSSession
    private var stream: TCPStream?
    private var assembler: FrameAssembler
    private var isScheduled = false
    private var isStreamFull = false
    private var allowance: Int
    private let allowanceMax: Int
    private var allowanceAt: Duration
    private let onTurnEnd: (UInt64) -> Void

    init(
        serial: UInt64, dialled: MemberID?, identity: TLSIdentity, settings: LinkSettings, loop: EpollLoop,
        onTurnEnd: @escaping (UInt64) -> Void
    ) throws(TLSError) {
        self.serial = serial
        self.dialled = dialled
        self.loop = loop
        self.onTurnEnd = onTurnEnd
        session = try TLSSession(dialled == nil ? .server : .client, identity: identity)
        phase = dialled == nil ? .securing : .connecting
        startedAt = SystemTime.monotonic
        (lastReceivedAt, allowanceAt) = (startedAt, startedAt)
        (allowance, allowanceMax) = (settings.inboundByteRateMax, settings.inboundByteRateMax)
        queue = OutboundQueue(settings: settings)
        assembler = FrameAssembler(settings: settings)
        statistics = LinkStatistics(member: dialled ?? .zero)
    }

    func attach(_ stream: TCPStream) { self.stream = stream }

    // MARK: In

    func receive(_ event: TCPStream.Event) -> [Signal] {
        switch event {
        case .opened:
            phase = .securing
            return moveHandshake()
        case .received(let bytes): return receive(bytes)
        case .drained:
            isStreamFull = false
            return pump()
        case .ended:
            // An orderly end of the other side: finish ours, and what follows is `closed`.
            stream?.finish()
            return []
        case .closed(let error):
            guard phase != .closed else { return [] }
            phase = .closed
            stream = nil
            return [.closed(.lost(error))]
        }
    }

    private func receive(_ bytes: [UInt8]) -> [Signal] {
        lastReceivedAt = SystemTime.monotonic
        statistics.receivedByteCount += bytes.count
        allowance -= bytes.count
        do throws(TLSError) {
            try session.receive(bytes)
        } catch {
            return fail(.insecure(error))
        }
        var signals = session.isEstablished ? [] : moveHandshake()
        guard session.isEstablished, phase != .closed else { return signals }
        var failure: TLSError?
        do throws(TLSError) { try session.read(into: &assembler.input) } catch { failure = error }
        signals += readMessages()
        if let failure, phase != .closed { signals += fail(.insecure(failure)) }
        return signals
    }

    private func moveHandshake() -> [Signal] {
        do throws(TLSError) {
            let isDone = try session.handshake()
            flushSession()
            guard isDone, let key = session.peerKey else { return [] }
            phase = .greeting
            return [.secured(key)]
        } catch {
            // The alert tells the other end why.
            flushSession()
            return fail(.insecure(error))
        }
    }

    private func readMessages() -> [Signal] {
        var signals: [Signal] = []
        do throws(LinkRefusal) {
            while let message = try assembler.next() {
                allowance -= Self.messageToll
                if message.lane != LinkFrame.controlLane {
                    guard hello != nil else { throw .malformed }
                    statistics.receivedMessageCount += 1
                    signals.append(.message(message))
                } else if let signal = try control(message) {
                    signals.append(signal)
                }
            }
        } catch {
            end(saying: error)
            signals.append(.closed(.refused(error)))
        }
        return signals
    }

    private func control(_ message: FrameAssembler.Message) throws(LinkRefusal) -> Signal? {
        switch LinkControl(kind: message.kind, payload: message.bytes) {
        case .hello(let bytes):
            guard hello == nil else { throw .malformed }
            guard let decoded = try? LinkHello(decoding: bytes) else { throw .malformed }
            hello = decoded
            return .greeted(decoded)
        case .ping(let number):
            sendControl(.pong(number))
            return nil
        case .pong(let number):
            let sentAt = Duration.nanoseconds(Int64(truncatingIfNeeded: number))
            if sentAt <= lastReceivedAt, sentAt >= startedAt { statistics.roundTrip = lastReceivedAt - sentAt }
            return nil
        case .bye(let reason): return .bye(reason)
        case nil: throw .malformed
        }
    }

    // MARK: Out

    func greet(_ own: LinkHello) { sendControl(.hello(own.encoded)) }

    func establish(at now: Duration) {
        phase = .established
        establishedAt = now
    }

    func ping(at now: Duration) {
        let (seconds, attoseconds) = now.components
        sendControl(.ping(UInt64(clamping: seconds * 1_000_000_000 + attoseconds / 1_000_000_000)))
    }

    func send(
        _ channel: LinkChannel, _ kind: LinkFrame.Kind, key: UInt64? = nil, _ payload: [UInt8]
    ) -> OutboundQueue.Outcome {
        let outcome = queue.append(lane: Int(channel.rawValue), kind: kind, key: key, payload)
        if outcome == .full { statistics.busyCount += 1 } else { schedule() }
        return outcome
    }

    /// Sends what it began, then finishes; what the other end had on its way still comes.
    func drain() {
        guard phase != .closed, phase != .draining else { return }
        phase = .draining
        drainingSince = SystemTime.monotonic
        if isGivingWay, !isHeld, !queue.isEmpty { schedule() } else { stream?.finish() }
    }

    /// Stops sending, but for the rest of what it began.
    func hold() {
        isHeld = true
        let (frames, messageCount) = queue.takeBegun()
        statistics.sentMessageCount += messageCount
        do throws(TLSError) { try session.write(frames) } catch { return }
        flushSession()
    }

    /// Stops speaking: says why, sends what it began, then finishes. What the other end had on its way still comes.
    func end(saying reason: LinkRefusal) {
        guard phase != .closed, phase != .draining else { return }
        isGivingWay = reason == .duplicate
        if phase == .greeting || phase == .established {
            sendControl(.bye(reason))
            _ = pump()
        }
        drain()
    }

    /// Breaks the connection off. No signal follows.
    func abort() {
        guard phase != .closed else { return }
        phase = .closed
        stream?.close()
        stream = nil
    }

    private func sendControl(_ control: LinkControl) {
        let (kind, payload) = control.frame
        // A full control lane means that the other end asks and does not read: it misses an answer.
        _ = queue.append(lane: LinkFrame.controlLane, kind: kind, payload)
        schedule()
    }

    func schedule() {
        guard !isScheduled, !isStreamFull, session.isEstablished else { return }
        isScheduled = true
        loop.atTurnEnd(self)
    }

    func turnEnded() {
        isScheduled = false
        onTurnEnd(serial)
    }

    /// Seals and hands on what waits, until the stream has enough.
    func pump() -> [Signal] {
        guard session.isEstablished, !isHeld, phase != .closed, phase != .draining || isGivingWay, let stream else {
            return []
        }
        while !isStreamFull, !queue.isEmpty {
            let (frames, messageCount) = queue.takeFrames(budget: Self.sealedByteCountMax)
            statistics.sentMessageCount += messageCount
            do throws(TLSError) { try session.write(frames) } catch { return fail(.insecure(error)) }
            let sealed = session.drain()
            statistics.sentByteCount += sealed.count
            switch stream.write(sealed) {
            case .queued: break
            case .queuedAboveMark: isStreamFull = true
            case .full, .closed: return fail(.lost(nil))
            }
        }
        if phase == .draining, queue.isEmpty { stream.finish() }
        let drained = queue.takeDrained()
        return drained.isEmpty ? [] : [.drained(drained)]
    }

    private func flushSession() {
        let bytes = session.drain()
        guard !bytes.isEmpty else { return }
        statistics.sentByteCount += bytes.count
        stream?.write(bytes)
    }

    private func fail(_ end: LinkEnd) -> [Signal] {
        guard phase != .closed else { return [] }
        drain()
        return [.closed(end)]
    }

    // MARK: Rate

    /// How long to stop reading, when more came than the rate allows; nil when all is well.
    func pauseNeeded(at now: Duration) -> Duration? {
        guard allowance < 0 else { return nil }
        let elapsed = now - allowanceAt
        let earned = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) * 1e-18
        allowance = min(allowanceMax, allowance + Int(min(earned, 1) * Double(allowanceMax)))
        allowanceAt = now
        guard allowance < 0 else { return nil }
        return .milliseconds(1 + -allowance * 1_000 / allowanceMax)
    }

    func setPaused(_ paused: Bool) { stream?.setPaused(paused) }
}
