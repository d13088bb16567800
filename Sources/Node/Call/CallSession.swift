import EventLoop
import ICE
package import MediaEndpoint
package import Primitives
import SecureMedia
package import Signalling
package import Wire

/// One call on one of its two sides: the shell of `CallLeg`.
///
/// Whatever happens (messages, the transport, timers, the person) comes in through one queue and is worked on one by
/// one, so that nothing happens between an event and the last of its actions.
package actor CallSession {
    package nonisolated let call: CallID
    package nonisolated let side: CallLeg.Side
    package nonisolated let peer: MemberID
    /// Whether the caller wants pictures too.
    package nonisolated let wantsVideo: Bool
    /// What happens, for one listener; ends with `.ended`.
    package nonisolated let events: AsyncStream<CallEvent>
    /// Sound and picture, for whoever changes keys while a recording runs.
    package nonisolated let pipeline: MediaPipeline

    enum Input: Sendable {
        case leg(CallLeg.Event)
        case packet(SessionPacket)
        case transport(TransportEvent)
        case send(SessionMessage)
        /// Candidates have been waited for long enough.
        case gatheringOver
        /// The transport was closed by the other side, and no message said why.
        case farewellOver
        case cameraEnded
    }

    /// Which reveal waits for candidates.
    enum PendingReveal { case accept, confirm }

    /// Inputs that wait. A call makes some tens; beyond this, the newest are dropped, and a mailbox or timer that hangs
    /// on one of them ends the call.
    private static let inputsMax = 1_024
    private static let candidatesMax = 64

    let home: any CallHome
    let settings: CallSettings
    let transport: MediaTransport
    let received: ReceivedMedia
    let loop: GLibLoop
    var handshake: CallHandshake
    var leg: CallLeg
    var media: CallMedia
    let hooks: Mailslot<CallHooks>
    /// Where our messages go.
    let address: MailboxAddress
    /// The caller's sealed invite.
    private let sealedInvite: [UInt8]?
    private nonisolated let inputs: AsyncStream<Input>
    private nonisolated let sink: AsyncStream<Input>.Continuation
    private nonisolated let eventSink: AsyncStream<CallEvent>.Continuation
    private var timers: [CallLeg.Timer: GLibTimer] = [:]
    private var waits: [GLibTimer] = []
    private var pending: PendingReveal?
    private var hasGathered = false
    private var hasDescribed = false
    private var told: Set<String> = []
    private var early: [Redacted<String>] = []
    private var remote: MediaEndpoint.TransportDescription?
    private var hasRemote = false
    private var hasKeys = false
    private var camera: Task<Void, Never>?
    /// Set when the call is over.
    private var report: CallReport?
    /// The caller ended before it had keys to say so: the other side's first packet brings them.
    private var owed: EndReason?
    private var lingering: CallReport?
    /// We hung up: the other side's last list of frames is on its way, and its goodbye after it.
    private var parting: EndReason?
    private var hasSaidEnd = false
    private var isTransportOver = false
    private var wasConnected = false

    /// - Parameter sealedInvite: the caller's; nil for the callee.
    init(
        handshake: CallHandshake, sealedInvite: [UInt8]?, wantsVideo: Bool, address: MailboxAddress,
        transport: MediaTransport, home: any CallHome, settings: CallSettings, media: CallMedia
    ) {
        (call, side, peer) = (handshake.call, handshake.side, handshake.peer)
        (self.handshake, self.sealedInvite, self.wantsVideo) = (handshake, sealedInvite, wantsVideo)
        (self.address, self.transport, self.home) = (address, transport, home)
        (self.settings, self.media, loop) = (settings, media, transport.loop)
        leg = CallLeg(call: handshake.call, side: handshake.side, limits: settings.limits)
        (inputs, sink) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(Self.inputsMax))
        (events, eventSink) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(256))
        let received = ReceivedMedia(loop: transport.loop)
        let hooks = Mailslot(CallHooks())
        (self.received, self.hooks) = (received, hooks)
        pipeline = MediaPipeline(transport: transport) { event in
            switch event {
            case .frame(let frame): received.assumeIsolated { $0.take(frame) }
            case .sent(let frame): hooks.value.frameSent?(frame)
            case .signed(let list): hooks.value.listSigned?(list)
            case .keyFrameRequested, .measured: break
            }
        }
        // Before anybody has the session: an answer given at once must not overtake it.
        sink.yield(.leg(side == .caller ? .dialled : .invited))
    }

    // MARK: What a person, a device or a recording does

    /// Answers a ringing call.
    package func accept(_ media: CallMedia) {
        self.media = media
        put(.leg(.acceptedHere))
    }

    /// Declines, cancels or hangs up, whichever fits.
    package nonisolated func end(_ reason: EndReason = .hungUp) { put(.leg(.endedHere(reason))) }

    /// Sends a message of the recording's protocol to the other side.
    package nonisolated func sendRecording(_ bytes: [UInt8]) { put(.send(.recording(bytes))) }

    /// Sets who hears of frames, lists and recording messages.
    package func setHooks(_ hooks: CallHooks) { self.hooks.value = hooks }

    /// Who is in the call, when both keys are proven.
    package var roster: CallRoster? { handshake.callRoster }

    /// The member's word for that key; nil before the roster is known. What `call.open` commits to.
    package var certificate: SignedObject? { handshake.certificate }

    /// The other member's word for its key; nil before it is proven.
    package var peerCertificate: SignedObject? { handshake.peerCertificate }

    /// The key that stands for the member in this call.
    package var callKey: any Signing { handshake.callKey }

    nonisolated func put(_ input: Input) { sink.yield(input) }

    /// Runs the call from its first event to its end.
    /// - Parameter beforeEnd: runs when the call is over and before anybody hears of it.
    func run(beforeEnd: @Sendable () async -> Void) async {
        for await input in inputs {
            await handle(input)
            if report != nil { break }
        }
        sink.finish()
        await beforeEnd()
        if let report { eventSink.yield(.ended(report)) }
        eventSink.finish()
    }

    // MARK: Inputs

    private func handle(_ input: Input) async {
        switch input {
        case .leg(let event): await receive(event)
        case .packet(let packet):
            guard let message = handshake.open(packet) else { return }
            if lingering == nil { await handle(message) } else { await payOwed() }
        case .transport(let event): await handle(event)
        case .send(let message): await send(message)
        case .gatheringOver:
            hasGathered = true
            await revealIfReady()
        case .farewellOver:
            if let parting {
                await conclude(parting)
            } else if let lingering {
                report = lingering
            } else {
                await receive(.peerEnded(.hungUp))
            }
        case .cameraEnded: eventSink.yield(.cameraEnded)
        }
    }

    private func handle(_ message: SessionMessage) async {
        switch message {
        case .ringing: await receive(.ringing)
        case .accept(let reveal) where side == .caller && remote == nil: await check(reveal, then: .accepted)
        case .confirm(let reveal) where side == .callee && remote == nil: await check(reveal, then: .confirmed)
        // A second reveal changes nothing, and one for the other side is none.
        case .accept, .confirm: break
        case .candidates(let lines): await addRemote(lines)
        case .end(let reason): await receive(.peerEnded(reason))
        case .recording(let bytes): hooks.value.recordingMessage?(bytes)
        // A call of two keeps its first roster epoch.
        case .mediaKey, .mediaKeyReceived: break
        case .restart(let description): await restart(description)
        }
    }

    private func check(_ reveal: SessionMessage.Reveal, then event: CallLeg.Event) async {
        do throws(EndReason) {
            remote = try handshake.check(reveal).transport
            await receive(event)
        } catch {
            await receive(.refused(error))
        }
    }

    private func handle(_ event: TransportEvent) async {
        switch event {
        case .candidate(let candidate): await tell(candidate)
        case .gathered:
            hasGathered = true
            await revealIfReady()
        case .path(.connected): if wasConnected { await receive(.connected) }
        case .path(.disconnected), .path(.failed(.noPair)):
            // Before the first connection a late check can still succeed; the timer decides.
            if wasConnected { await receive(.pathLost(canRestart: true)) }
        case .path(.failed(.consentExpired)): await receive(.pathLost(canRestart: false))
        case .path(.new), .path(.checking), .path(.closed), .pair, .closed: break
        case .secured:
            wasConnected = true
            await receive(.connected)
        case .failed(.fingerprintMismatch):
            isTransportOver = true
            await receive(.transportFailed(.fingerprintMismatch))
        case .failed(.handshake), .failed(.noKeys):
            isTransportOver = true
            await receive(.transportFailed(.handshakeFailed))
        case .failed(.closedByPeer):
            isTransportOver = true
            if let parting { await conclude(parting) } else { wait(settings.farewell, then: .farewellOver) }
        }
    }

    /// Gives the core an event and does what it says, in order; what follows from an action comes after the last.
    func receive(_ event: CallLeg.Event) async {
        for action in leg.receive(event) { await perform(action) }
    }

    // MARK: Actions

    private func perform(_ action: CallLeg.Action) async {
        switch action {
        case .sendInvite:
            await startTransport()
            await post(sealedInvite ?? [])
        case .sendRinging: await send(.ringing)
        case .sendAccept:
            await startTransport()
            pending = .accept
            await revealIfReady()
        case .sendConfirm:
            pending = .confirm
            await revealIfReady()
        case .sendEnd(let reason):
            await pipeline.flushProofs()
            // Who crossed our invite knows by its own that ours gave way.
            hasSaidEnd = handshake.hasSecrets
            if hasSaidEnd { await send(.end(reason)) } else if reason != .glare { owed = reason }
        case .startTransport: await connect()
        case .restartTransport: await restart()
        // Closed when the call is reported as ended, which comes next.
        case .stopTransport: camera?.cancel()
        case .startMedia: await startMedia()
        case .startTimer(let timer, let delay):
            timers[timer] = loop.timer(after: delay) { [sink] in _ = sink.yield(.leg(.timerFired(timer))) }
        case .cancelTimer(let timer): timers.removeValue(forKey: timer)?.cancel()
        case .report(let notice): await tell(notice)
        }
    }

    private func tell(_ notice: CallLeg.Notice) async {
        switch notice {
        case .calling: eventSink.yield(.calling)
        case .ringingThere: eventSink.yield(.ringingThere)
        case .incoming: eventSink.yield(.incoming)
        case .shortAuthenticationReady:
            if let words = handshake.shortAuthentication { eventSink.yield(.shortAuthentication(words)) }
        case .inCall: eventSink.yield(.inCall)
        case .reconnecting: eventSink.yield(.reconnecting)
        case .ended(let reason): await finish(reason)
        }
    }

    private func send(_ message: SessionMessage) async {
        guard leg.endReason == nil || message.isEnd else { return }
        do throws(EndReason) { await post(try handshake.seal(message)) } catch { put(.leg(.refused(error))) }
    }

    private func payOwed() async {
        guard let reason = owed else { return }
        owed = nil
        await send(.end(reason))
        report = lingering
    }

    /// A lost message cannot be made up for: the other side counts them.
    private func post(_ content: [UInt8]) async {
        do throws(HomeRefusal) { try await home.post(content, to: address) } catch {
            put(.leg(.refused(error == .tooOften || error == .full ? .overloaded : .unreachable)))
        }
    }

    private func wait(_ delay: Duration, then input: Input) {
        waits.append(loop.timer(after: delay) { [sink] in _ = sink.yield(input) })
    }

    // MARK: The transport

    /// Opens sockets and begins to find candidates. The callee does so only when it accepts.
    private func startTransport() async {
        let handlers = pipeline.handlers { [sink] event in _ = sink.yield(.transport(event)) }
        do throws(TransportError) {
            try await transport.start(
                isControlling: side == .caller, setup: side == .caller ? .active : .passive, handlers: handlers)
        } catch { return put(.leg(.refused(.noPath))) }
        wait(settings.gathering, then: .gatheringOver)
    }

    /// Sends the accept or the confirmation, once candidates are there.
    private func revealIfReady() async {
        guard let kind = pending, hasGathered else { return }
        pending = nil
        do {
            let description = try await transport.localDescription()
            told.formUnion(description.candidates.map(\.line.exposed))
            hasDescribed = true
            let reveal = try handshake.reveal(description)
            await send(kind == .accept ? .accept(reveal) : .confirm(reveal))
        } catch { put(.leg(.refused(.protocolError))) }
    }

    /// A candidate that was found later.
    private func tell(_ candidate: ICECandidate) async {
        guard hasDescribed, told.count < Self.candidatesMax, told.insert(candidate.line.exposed).inserted else {
            return
        }
        let lines = CallHandshake.lines([candidate])
        if !lines.isEmpty { await send(.candidates(lines)) }
    }

    private func addRemote(_ lines: [Redacted<String>]) async {
        guard hasRemote else {
            early += lines.prefix(max(0, Self.candidatesMax - early.count))
            return
        }
        for line in lines {
            // A line that we cannot read, or one too many, takes nothing from the others.
            if let candidate = try? ICECandidate(line) { _ = try? await transport.addRemote(candidate) }
        }
    }

    private func connect() async {
        guard let remote else { return }
        await giveKeys()
        do throws(TransportError) { try await transport.setRemote(remote) } catch {
            return put(.leg(.transportFailed(.handshakeFailed)))
        }
        hasRemote = true
        let lines = early
        early = []
        await addRemote(lines)
    }

    /// The first try is the caller's, whose agent controls; the callee answers it.
    private func restart() async {
        guard side == .caller else { return }
        await sendRestart()
    }

    private func restart(_ description: Signalling.TransportDescription) async {
        guard hasRemote, wasConnected else { return }
        do throws(EndReason) {
            let transportDescription = try handshake.check(description).1
            if side == .callee { await sendRestart() }
            // Refused by ICE only when the session is over.
            _ = try? await transport.setRemote(transportDescription)
        } catch { await receive(.refused(error)) }
    }

    private func sendRestart() async {
        do {
            let description = try await transport.restart()
            told = Set(description.candidates.map(\.line.exposed))
            await send(.restart(try handshake.describe(description)))
        } catch { put(.leg(.transportFailed(.pathLost))) }
    }

    // MARK: Media

    private func giveKeys() async {
        guard !hasKeys, let roster = handshake.callRoster, let theirs = handshake.peerMediaKey else { return }
        hasKeys = true
        do throws(PipelineError) {
            for codec in [MediaTrack.audio, .video] {
                guard let own = codec.keyID(of: roster.ownSender, roster.epoch),
                    let other = codec.keyID(of: roster.peerSender, roster.epoch)
                else { continue }
                try await pipeline.setSendingKey(codec.codec, keyID: own, baseKey: handshake.mediaKey)
                try await pipeline.addReceivingKey(other, baseKey: theirs)
            }
        } catch { put(.leg(.refused(.protocolError))) }
        await pipeline.startProofs(
            ProofSettings(
                chain: handshake.chain, call: call, rosterEpoch: roster.epoch, sender: roster.ownSender,
                peer: roster.peerSender, signer: handshake.callKey, peerKey: roster.peerKey))
        await received.begin(media)
    }

    private func startMedia() async {
        await pipeline.start()
        guard camera == nil, let source = media.camera else { return }
        // Ends with the file, or is cancelled when the transport closes.
        camera = Task { [pipeline, sink] in
            try? await pipeline.play(source)
            if !Task.isCancelled { sink.yield(.cameraEnded) }
        }
    }

    private func close() async {
        camera?.cancel()
        await pipeline.stop()
        await received.finish()
        await transport.close()
    }

    private func finish(_ reason: EndReason) async {
        for timer in timers.values { timer.cancel() }
        for timer in waits { timer.cancel() }
        guard hasSaidEnd, wasConnected, !isTransportOver else { return await conclude(reason) }
        parting = reason
        wait(settings.parting, then: .farewellOver)
    }

    private func conclude(_ reason: EndReason) async {
        guard report == nil, lingering == nil else { return }
        for timer in waits { timer.cancel() }
        var report = CallReport(reason: reason)
        report.shortAuthentication = handshake.shortAuthentication
        report.wasConnected = wasConnected
        report.frames = await pipeline.statistics
        report.proofs = await pipeline.proofCounts
        report.packets = await transport.statistics
        await close()
        guard owed != nil else { return self.report = report }
        lingering = report
        wait(settings.farewell, then: .farewellOver)
    }
}

extension SessionMessage {
    fileprivate var isEnd: Bool {
        guard case .end = self else { return false }
        return true
    }
}
