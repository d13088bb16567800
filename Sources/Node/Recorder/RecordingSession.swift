import Crypto
import EventLoop
import Ledger
package import Primitives
import RPC
package import Recording
import Wire

/// What a recording tells the person and the call around it.
package enum RecordingEvent: Sendable {
    /// Everybody is asked, whoever wished it; answer with `agree` or `decline`.
    case asked
    /// Frames are recorded from this moment on.
    case recording(from: Timestamp)
    /// No frame is recorded any more.
    case stopped
    /// What the consent machine tells.
    case notice(ConsentMachine.Notice)
    /// The seal stands on the ledger, and the holders have the blocks. Nil when nothing was recorded.
    case sealed(TransactionID?)
    /// A step failed, in one word; the recording is off.
    case failed(String)
}

/// The two of a call that is to be recorded, as the call has it.
package struct RecordingCall: Sendable {
    package let call: CallID
    package let rosterEpoch: RosterEpoch
    package let callKey: any Signing
    package let peerKey: PublicKey
    /// Places in frame key ids.
    package let ownSender: UInt16
    package let peerSender: UInt16
    /// Commitment to the certificate by which the member vouches for `callKey`.
    package let certificate: Digest
    package let tracks: [SenderRecorder.Track]
    /// False in a secret call.
    package let isOffered: Bool

    package init(
        call: CallID, rosterEpoch: RosterEpoch, callKey: any Signing, peerKey: PublicKey, ownSender: UInt16,
        peerSender: UInt16, certificate: Digest, tracks: [SenderRecorder.Track], isOffered: Bool = true
    ) {
        self.call = call
        self.rosterEpoch = rosterEpoch
        self.callKey = callKey
        self.peerKey = peerKey
        self.ownSender = ownSender
        self.peerSender = peerSender
        self.certificate = certificate
        self.tracks = tracks
        self.isOffered = isOffered
    }
}

/// What a participant agrees to.
package struct RecordingTerms: Sendable {
    /// Bits of `TrackKind`.
    package var tracks: UInt8
    /// Who may view: a policy in its normal form.
    package var policy: [UInt8]
    package var retentionDays: UInt64

    package init(tracks: UInt8, policy: [UInt8], retentionDays: UInt64 = 365) {
        self.tracks = tracks
        self.policy = policy
        self.retentionDays = retentionDays
    }
}

/// One participant's side of a recorded call: the shell of `ConsentMachine`.
///
/// Who wants to record has its home node open the call on the ledger, the other takes its seat; then both are asked.
/// A yes counts once its `consent.give` is final, and the other side looks that up for itself. Who asked names the
/// moment from which frames are recorded, later than both consents' record times, so that the ledger accepts the first
/// group. Whatever happens comes in through one queue and is worked on one by one.
package actor RecordingSession {
    enum Input: Sendable {
        case ask
        case agree(RecordingTerms)
        case decline
        case withdraw
        case end
        case message(RecordingMessage)
        case timer(ConsentMachine.Round)
        case tick
    }

    /// Inputs that wait; beyond, the newest are dropped.
    private static let inputsMax = 256
    /// How long before a recording begins its participants hear of it: the way through two home nodes.
    static let leadMilliseconds: UInt64 = 300
    static let tickInterval = Duration.milliseconds(250)

    package nonisolated let received = ReceivedGroupKeys()
    /// For one listener; ends when the recording is sealed or given up.
    package nonisolated let events: AsyncStream<RecordingEvent>
    let call: RecordingCall
    let home: HomeClient
    let logPath: String
    let send: @Sendable ([UInt8]) async -> Void
    let onRecorder: @Sendable (SenderRecorder) async -> Void
    let eventSink: AsyncStream<RecordingEvent>.Continuation
    private nonisolated let inputs: AsyncStream<Input>
    private nonisolated let sink: AsyncStream<Input>.Continuation
    let verifier = SignatureVerifier()
    var machine: ConsentMachine
    var recorder: SenderRecorder?
    var log: RecordingLog?
    /// Once the call is on the ledger.
    package var recording: RecordingID?
    var hasAsked = false
    var isOpener = false
    var consent: TransactionID?
    var terms: RecordingTerms?
    var agreedRoster: Digest?
    var pendingBegin: (roster: Digest, tracks: UInt8)?
    var announcedBegin: Timestamp?
    private var timers: [Task<Void, Never>] = []
    private var isFinished = false
    var hash = SHA256()

    /// - Parameters:
    ///   - call: who is in it, by their per-call keys.
    ///   - home: the participant's home node.
    ///   - logPath: directory of the log of what this participant sends.
    ///   - send: gives a message to the other side, in order.
    ///   - onRecorder: hears of the recorder before the first frame is to be recorded.
    package init(
        call: RecordingCall, home: HomeClient, logPath: String, send: @escaping @Sendable ([UInt8]) async -> Void,
        onRecorder: @escaping @Sendable (SenderRecorder) async -> Void
    ) {
        self.call = call
        self.home = home
        self.logPath = logPath
        self.send = send
        self.onRecorder = onRecorder
        machine = ConsentMachine(call: call.call, isOffered: call.isOffered)
        (inputs, sink) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(Self.inputsMax))
        (events, eventSink) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(64))
    }

    // MARK: What a person or the call does

    /// Wants to record.
    package nonisolated func ask() { sink.yield(.ask) }
    package nonisolated func agree(_ terms: RecordingTerms) { sink.yield(.agree(terms)) }
    package nonisolated func decline() { sink.yield(.decline) }
    /// Takes consent back: recording stops at once, and the open minute is lost to everybody.
    package nonisolated func withdraw() {
        sink.yield(.withdraw)
    }
    /// Ends the recording; the call may go on.
    package nonisolated func end() { sink.yield(.end) }
    /// A message of the recording's protocol came.
    package nonisolated func receive(_ bytes: [UInt8]) {
        guard let message = try? RecordingMessage(decoding: bytes) else { return }
        sink.yield(.message(message))
    }

    /// Runs the recording; returns when it is sealed or given up.
    package func run() async {
        let ticker = Task { [sink] in  // Ends with this function.
            while (try? await Task.sleep(for: Self.tickInterval)) != nil { sink.yield(.tick) }
        }
        for await input in inputs {
            await handle(input)
            if isFinished { break }
        }
        ticker.cancel()
        for timer in timers { timer.cancel() }
        sink.finish()
        eventSink.finish()
        await log?.close()
    }

    // MARK: Inputs

    private func handle(_ input: Input) async {
        do {
            switch input {
            case .ask: try await open()
            case .agree(let terms): try await agreed(terms)
            case .decline: await answer(agrees: false, roster: try await roster().hash, .zero)
            case .withdraw: try await takeBack()
            case .end:
                await tell(.end)
                await perform(machine.receive(.end))
                isFinished = true
            case .message(let message): try await handle(message)
            case .timer(let round): await perform(machine.receive(.timerFired(round)))
            case .tick: try await tick()
            }
        } catch {
            await fail(error)
        }
    }

    private func handle(_ message: RecordingMessage) async throws {
        guard call.isOffered else { return }  // Nobody is put on the ledger who did not offer to be recorded.
        switch message {
        case .opened where recording == nil: try await takeSeat()
        case .seated where isOpener: try await askAll()
        case .ask(let hash):
            let roster = try await roster()
            guard roster.hash == hash else { return }
            hasAsked = false
            await perform(machine.receive(.ask(roster)))
            eventSink.yield(.asked)
        case .answer(let object, let transaction): try await answered(object, transaction)
        case .begin(let moment):
            announcedBegin = moment
            try await beginIfReady()
        case .groupKey(let sender, let track, let group, let key) where sender == call.peerSender:
            guard let key = try? LeaseGroupKey(copying: key.exposed) else { return }
            received.insert(key, sender: sender, track: track, group: group)
        case .end:
            await perform(machine.receive(.end))
            isFinished = true
        // Said twice, or by the wrong side.
        case .opened, .seated, .groupKey: break
        }
    }

    /// A step failed. What was recorded until then is sealed; nothing more is.
    private func fail(_ error: any Error) async {
        eventSink.yield(.failed(Self.word(error)))
        guard machine.isRecording else { return }
        await tell(.end)
        await perform(machine.receive(.end))
        isFinished = true
    }

    /// What kind of failure, without anything that it carries.
    private static func word(_ error: any Error) -> String {
        switch error {
        case is HomeError: "home"
        case is HandoverError: "handover"
        case is RecordingLogError: "log"
        case is RecordingSessionError: "ledger"
        default: "other"
        }
    }

    func tell(_ message: RecordingMessage) async { await send(message.encoded) }

    // MARK: Actions

    func perform(_ actions: [ConsentMachine.Action]) async {
        for action in actions {
            do {
                try await perform(action)
            } catch {
                await fail(error)
            }
        }
    }

    private func perform(_ action: ConsentMachine.Action) async throws {
        switch action {
        case .ask(let roster, _):
            guard hasAsked else { return }
            await tell(.ask(roster: roster.hash))
            eventSink.yield(.asked)
        case .startTimer(let round, let milliseconds):
            timers.append(
                Task { [sink] in  // Ends with its one timer, or with `run`.
                    guard (try? await Task.sleep(for: .milliseconds(milliseconds))) != nil else { return }
                    sink.yield(.timer(round))
                })
        case .record(let consents, let roster):
            let own = consents.first { $0.participant == call.callKey.publicKey }
            pendingBegin = own.map { (roster, $0.tracks) }
            try await begin()
        case .pause:
            recorder?.pause(at: SystemTime.utc)
            eventSink.yield(.stopped)
            try await writeFinished()
        case .stop:
            recorder?.discardOpenGroup(at: SystemTime.utc)
            eventSink.yield(.stopped)
            try await writeFinished()
        case .destroyOpenGroupKeys: received.destroyOpenGroups()
        case .seal: try await seal()
        case .report(let notice): eventSink.yield(.notice(notice))
        }
    }

    /// Ends the stretch, seals what was recorded and hands it over.
    private func seal() async throws {
        if let recorder, recorder.isRecording {
            recorder.pause(at: SystemTime.utc)
            eventSink.yield(.stopped)
        }
        try await writeFinished()
        guard let log else {
            eventSink.yield(.sealed(nil))
            return
        }
        let outcome = try await RecordingHandover(home: home, callKey: call.callKey).finish(log)
        eventSink.yield(.sealed(outcome?.id))
    }

    private func tick() async throws {
        guard let recorder, recorder.isRecording else { return }
        for announcement in recorder.announcements(at: SystemTime.utc) { await tell(announcement) }
        try await writeFinished()
    }

    func tell(_ announcement: SenderRecorder.Announcement) async {
        await tell(
            .groupKey(
                sender: call.ownSender, track: announcement.track, group: announcement.group,
                key: Redacted(announcement.key.bytes)))
    }

    private func writeFinished() async throws {
        guard let groups = recorder?.takeFinished(), !groups.isEmpty else { return }
        try await log?.add(groups)
    }
}
