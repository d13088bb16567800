internal import Node
internal import Primitives
internal import RPC
internal import Recording
internal import Rights
internal import Wire

/// The recording of one call in the terminal: asks or answers, tells what becomes of it, and waits for the seal.
final class CallRecorder: Sendable {
    /// What this person does about recording.
    enum Wish: Sendable {
        /// Asks the other side to record, and agrees.
        case ask
        /// Agrees when asked.
        case agree
        /// Does not offer to be recorded: nothing is asked, and nothing of it reaches the ledger.
        case refuse
    }

    static let flag = Command.Flag(
        "--record", "Agree to be recorded; sotto call asks for it. Without it nothing can be recorded.")

    private let recording: CallRecording
    private let run: Task<Void, Never>
    private let follow: Task<Void, Never>

    /// Nil while the call's keys are not proven.
    init?(of session: CallSession, _ client: HomeClient, _ home: HomeFiles, _ wish: Wish, _ teller: CallTeller) async {
        guard
            let recording = await CallRecording(
                of: session, home: client, directory: home.path + "/recordings", isOffered: wish != .refuse)
        else { return nil }
        self.recording = recording
        // Who shows this file can prove who agreed; without it the ledger shows a key and no member.
        let opening = "recordings/\(recording.call.hex)-\(client.member.hex.prefix(12)).opening"
        try? home.makeRecordings()
        try? home.write(opening, recording.opening.encoded, replacing: true)
        // Both end when the recording is sealed or given up, which `finish` waits for.
        run = Task { await recording.session.run() }
        follow = Task { await Self.follow(recording, wish, teller) }
        if wish == .ask { recording.session.ask() }
    }

    /// Ends the recording, and waits for its seal; at most `patience`.
    func finish(within patience: Duration = .seconds(60)) async {
        recording.session.end()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.follow.value }
            group.addTask { try? await Task.sleep(for: patience) }
            await group.next()
            group.cancelAll()
        }
    }

    /// Sound and picture, for those whom the rights holder grants it, for a year.
    private static var terms: RecordingTerms {
        // Without a policy consent would let nobody view; the ledger refuses it, and the call goes on.
        let policy = (try? Policy(permit: [PolicyRule(.play, to: .grantee)]).encoded) ?? []
        return RecordingTerms(
            tracks: TrackKind.audio.rawValue | TrackKind.video.rawValue, policy: policy, retentionDays: 365)
    }

    private static func follow(_ recording: CallRecording, _ wish: Wish, _ teller: CallTeller) async {
        for await event in recording.session.events {
            switch event {
            case .asked:
                teller.say(
                    "askedToRecord", wish == .ask ? "asking to record" : "the other side asks to record this call")
                switch wish {
                case .ask, .agree: recording.session.agree(terms)
                case .refuse: recording.session.decline()
                }
            case .recording: teller.say("recording", "recording")
            case .stopped: teller.say("recordingStopped", "recording has stopped")
            case .notice: break
            case .sealed(let transaction):
                let id = await recording.session.recording
                teller.say(
                    "sealed", transaction == nil ? "nothing was recorded" : "sealed as \(id?.hex ?? "-")",
                    ["recording": id.map { .string($0.hex) } ?? .null])
            case .failed(let step): teller.say("recordingFailed", "the recording failed: \(step)")
            }
        }
    }
}

/// Where a call's recorder stands once the call is up.
actor RecorderSlot {
    private var recorder: CallRecorder?

    func fill(_ make: () async -> CallRecorder?) async {
        if recorder == nil { recorder = await make() }
    }

    /// Ends the recording, if there is one, and waits for its seal; once.
    func finish() async {
        let last = recorder
        recorder = nil
        await last?.finish()
    }
}
