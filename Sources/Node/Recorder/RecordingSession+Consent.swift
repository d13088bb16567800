import Crypto
import EventLoop
import Ledger
import Primitives
import RPC
import Recording
import Wire

/// Why a recording could not go on.
package enum RecordingSessionError: Error, Equatable, Sendable {
    /// The ledger has no such call, or other people in it than the call has.
    case rosterMismatch
    /// The home node's answer is of another form.
    case malformedAnswer
    /// The genesis document has no public key to wrap group keys to.
    case noWrapKey
}

/// From the wish to record to the first frame.
extension RecordingSession {
    // MARK: The call on the ledger

    /// The one who wants to record has its home node open the call.
    func open() async throws {
        guard call.isOffered else { return await perform(machine.receive(.ask(.init(hash: .zero, participants: [])))) }
        hasAsked = true
        isOpener = true
        if recording != nil { return try await askAll() }
        recording = try await register("call.open")
        await tell(.opened)
    }

    /// The other one's home node takes the second seat.
    func takeSeat() async throws {
        recording = try await register("call.accept")
        await tell(.seated)
    }

    private func register(_ method: String) async throws -> RecordingID {
        let answer = try await home.signed(
            method,
            [
                "call": .string(call.call.hex), "key": .string(call.callKey.publicKey.hex),
                "certificate": .string(call.certificate.hex),
            ])
        guard let id = answer["recording"]?.string.flatMap({ RecordingID(hex: $0) }) else {
            throw RecordingSessionError.malformedAnswer
        }
        return id
    }

    /// Who stands in the call on the ledger; must be exactly the two of this call.
    func roster() async throws -> ConsentMachine.Roster {
        guard let entry = try await home.entry(CallEntry.self, StateKey(.call, call.call)),
            let last = entry.rosters.last,
            Set(entry.seats.map(\.key)) == [call.callKey.publicKey, call.peerKey]
        else { throw RecordingSessionError.rosterMismatch }
        recording = entry.recording
        return ConsentMachine.Roster(hash: last.hash, participants: Set(entry.seats.map(\.key)))
    }

    func askAll() async throws {
        hasAsked = true
        await perform(machine.receive(.ask(try await roster())))
    }

    // MARK: Answers

    /// This participant says yes: on the ledger first, then to the other.
    func agreed(_ terms: RecordingTerms) async throws {
        let roster = try await roster()
        guard let recording else { throw RecordingSessionError.rosterMismatch }
        self.terms = terms
        agreedRoster = roster.hash
        let give = ConsentGive(
            recording: recording, tracks: TrackKinds(rawValue: terms.tracks & 15), policy: terms.policy,
            retentionDays: terms.retentionDays, roster: roster.hash)
        let outcome = try await home.submit(.consentGive(give), signedBy: call.callKey)
        consent = outcome.id
        await answer(agrees: true, roster: roster.hash, outcome.id)
    }

    /// Says yes or no to both machines, with this participant's signature.
    func answer(agrees: Bool, roster: Digest, _ transaction: TransactionID) async {
        let statement = ConsentStatement(
            call: call.call, agrees: agrees, roster: roster, tracks: agrees ? terms?.tracks ?? 0 : 0)
        let object = call.callKey.sign(.consent, chain: home.chain, body: statement.encoded)
        guard let signed = try? SignedConsent(object), let verified = verifier.verified(signed, in: home.chain) else {
            return
        }
        // A no stops this side before the other hears of it.
        if agrees { await tell(.answer(object, transaction)) }
        await perform(machine.receive(.answered(verified, transaction: transaction)))
        if !agrees { await tell(.answer(object, transaction)) }
    }

    /// The other side's answer. A yes counts only if the ledger has it.
    func answered(_ object: SignedObject, _ transaction: TransactionID) async throws {
        guard object.key == call.peerKey, let signed = try? SignedConsent(object),
            let verified = verifier.verified(signed, in: home.chain)
        else { return }
        if signed.statement.agrees {
            guard let recording,
                let entry = try await home.entry(ConsentEntry.self, StateKey(.consent, recording, object.key)),
                let span = entry.spans.last, span.to == nil, span.roster == signed.statement.roster,
                span.tracks.rawValue == signed.statement.tracks
            else { return }
        }
        await perform(machine.receive(.answered(verified, transaction: transaction)))
    }

    /// This participant takes its consent back: the recording stops here and there before the ledger hears of it.
    func takeBack() async throws {
        guard let recording, let agreedRoster, consent != nil else { return }
        await answer(agrees: false, roster: agreedRoster, .zero)
        // Until the ledger has it, consent stands there: whoever withdraws again tries again.
        try await home.submit(.consentWithdraw(ConsentWithdraw(recording: recording)), signedBy: call.callKey)
        consent = nil
    }

    // MARK: The beginning

    /// All agreed. Who asked names the moment, later than every consent's record time.
    func begin() async throws {
        guard hasAsked, let recording else { return try await beginIfReady() }
        var latest = SystemTime.utc
        for key in [call.callKey.publicKey, call.peerKey] {
            let entry = try await home.entry(ConsentEntry.self, StateKey(.consent, recording, key))
            if let from = entry?.spans.last?.from { latest = max(latest, from) }
        }
        let moment = latest.adding(milliseconds: Self.leadMilliseconds)
        announcedBegin = moment
        await tell(.begin(moment))
        try await beginIfReady()
    }

    /// Begins to record, once this side's machine says so and the moment is known.
    func beginIfReady() async throws {
        guard let (roster, tracks) = pendingBegin, let moment = announcedBegin, let recording, let consent else {
            return
        }
        pendingBegin = nil
        announcedBegin = nil
        guard let wraps = home.genesis.threshold.first(where: { $0.purpose == .wraps })?.publicKey else {
            throw RecordingSessionError.noWrapKey
        }
        if log == nil {
            let executor = try BlockingThreadExecutor(name: "recording")
            log = try RecordingLog(
                path: logPath, recording: recording, sender: call.callKey.publicKey, on: executor)
        }
        let recorder =
            self.recorder
            ?? SenderRecorder(
                recording: recording, chain: home.chain, key: call.callKey, wraps: wraps, sender: call.ownSender,
                tracks: call.tracks)
        self.recorder = recorder
        recorder.start(
            at: moment, rosterEpoch: call.rosterEpoch, consent: consent, roster: roster, kinds: tracks)
        for announcement in recorder.announcements(at: moment) { await tell(announcement) }
        await onRecorder(recorder)
        eventSink.yield(.recording(from: moment))
    }
}
