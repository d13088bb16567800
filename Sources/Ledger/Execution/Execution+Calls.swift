import Primitives
import Wire

/// `call.*`, `consent.*` and `recording.seal`: clauses LG-60 to LG-76.
extension Execution {
    // MARK: Calls

    mutating func commit(_ op: CallCommit, _ from: MemberID, _ sender: MemberEntry) throws(Stop) {
        try demand(.node, of: sender)
        // LG-60: one of the three intervals before the current one.
        let current = time.rawValue / limits.commitInterval
        guard op.interval < current, current - op.interval <= 3 else { throw .failed(.intervalNotOpen) }
        guard CallCommit.isClass(op.size, rules.genesis.limits) else { throw .failed(.sizeNotAllowed) }
        let key = StateKey(.callCommit, from, number: op.interval)
        guard try read(CommitEntry.self, key) == nil else { throw .failed(.intervalNotOpen) }
        write(key, CommitEntry(root: op.root, size: op.size))
    }

    mutating func open(
        _ op: CallOpen, _ from: MemberID, _ sender: MemberEntry, id: TransactionID, with hash: inout some Hashing
    ) throws(Stop) {
        try demand(.node, of: sender)
        guard try read(CallEntry.self, StateKey(.call, op.call)) == nil else { throw .failed(.callExists) }
        guard try isActive(op.owner) else { throw .failed(.memberUnknown) }
        try check(op.seat, among: [], of: op.call, with: &hash)
        let recording = RuleBook.recordingID(call: op.call, opening: id, with: &hash)
        let entry = CallEntry(
            ended: nil, owner: op.owner, seats: [seat(op.seat, from)],
            rosters: [CallEntry.Roster(from: time, hash: op.seat.roster, seatCount: 1)], recording: recording)
        write(StateKey(.call, op.call), entry)
        write(StateKey(.callKey, op.seat.key), CallKeyEntry(call: op.call, home: from))
        write(
            StateKey(.recording, recording), RecordingEntry(call: op.call, owner: op.owner, holders: [], senders: []))
    }

    mutating func accept(
        _ op: CallAccept, _ from: MemberID, _ sender: MemberEntry, with hash: inout some Hashing
    ) throws(Stop) {
        try demand(.node, of: sender)
        var call = try require(CallEntry.self, StateKey(.call, op.call), or: .callUnknown)
        guard call.ended == nil else { throw .failed(.callEnded) }
        guard UInt64(call.seats.count) < limits.roster, UInt64(call.rosters.count) < limits.rosterChanges else {
            throw .failed(.rosterFull)
        }
        try check(op.seat, among: call.seats.map(\.key), of: op.call, with: &hash)
        call.seats.append(seat(op.seat, from))
        // LG-63: from now on only consent to the new roster counts.
        call.rosters.append(
            CallEntry.Roster(from: time, hash: op.seat.roster, seatCount: UInt64(call.seats.count)))
        write(StateKey(.call, op.call), call)
        write(StateKey(.callKey, op.seat.key), CallKeyEntry(call: op.call, home: from))
    }

    mutating func end(_ op: CallEnd, _ from: MemberID, _ sender: MemberEntry) throws(Stop) {
        try demand(.node, of: sender)
        var call = try require(CallEntry.self, StateKey(.call, op.call), or: .callUnknown)
        guard call.seats.contains(where: { $0.home == from }) else { throw .failed(.notInCall) }
        guard call.ended == nil else { throw .failed(.callEnded) }
        try check(minute: op.minute)
        call.ended = time
        write(StateKey(.call, op.call), call)
    }

    /// LG-61 and LG-62: an unused key, a plausible minute, and the hash of exactly these keys.
    private func check(
        _ seat: CallSeat, among keys: [PublicKey], of call: CallID, with hash: inout some Hashing
    ) throws(Stop) {
        guard try read(CallKeyEntry.self, StateKey(.callKey, seat.key)) == nil else { throw .failed(.callKeyInUse) }
        try check(minute: seat.minute)
        guard seat.roster == CallSeat.rosterHash(call: call, keys: keys + [seat.key], with: &hash) else {
            throw .failed(.rosterMismatch)
        }
    }

    private func check(minute: UInt64) throws(Stop) {
        let now = time.rawValue / 60_000
        guard minute <= now, now - minute <= 10 else { throw .failed(.minuteOutOfRange) }
    }

    private func seat(_ seat: CallSeat, _ home: MemberID) -> CallEntry.Seat {
        CallEntry.Seat(key: seat.key, home: home, certificate: seat.certificate)
    }

    // MARK: Consent

    mutating func give(_ op: ConsentGive, _ key: PublicKey, _ seat: CallKeyEntry) throws(Stop) {
        let call = try self.call(of: seat, recording: op.recording)
        guard call.ended == nil else { throw .failed(.callEnded) }
        try demandStanding(.callKey(key))
        try demandStanding(.recording(op.recording))
        guard op.roster == call.rosters.last?.hash else { throw .failed(.rosterMismatch) }  // LG-70
        if let refusal = rules.judge.refusal(of: op.policy) { throw .refused(.refusedByPolicy(refusal)) }
        let place = StateKey(.consent, op.recording, key)
        var consent =
            try read(ConsentEntry.self, place)
            ?? ConsentEntry(spans: [], policy: op.policy, retentionDays: op.retentionDays)
        if let last = consent.spans.last, last.to == nil, last.roster == op.roster, last.tracks == op.tracks,
            consent.policy == op.policy, consent.retentionDays == op.retentionDays
        {
            throw .failed(.consentExists)
        }
        guard consent.spans.count < ConsentEntry.spansMax else { throw .failed(.tooManyConsents) }
        consent.end(at: time)
        consent.spans.append(ConsentEntry.Span(to: nil, from: time, roster: op.roster, tracks: op.tracks))
        consent.policy = op.policy
        consent.retentionDays = op.retentionDays
        write(place, consent)
    }

    mutating func withdraw(_ op: ConsentWithdraw, _ key: PublicKey, _ seat: CallKeyEntry) throws(Stop) {
        _ = try call(of: seat, recording: op.recording)
        let place = StateKey(.consent, op.recording, key)
        var consent = try require(ConsentEntry.self, place, or: .consentMissing)
        guard consent.isLive else { throw .failed(.consentMissing) }
        consent.end(at: time)  // LG-71
        write(place, consent)
    }

    private func call(of seat: CallKeyEntry, recording: RecordingID) throws(Stop) -> CallEntry {
        let call = try require(CallEntry.self, StateKey(.call, seat.call), or: .callUnknown)
        guard call.recording == recording else { throw .failed(.recordingUnknown) }
        return call
    }

    // MARK: Seals

    mutating func seal(_ op: RecordingSeal, _ key: PublicKey, _ seat: CallKeyEntry) throws(Stop) {
        let call = try self.call(of: seat, recording: op.recording)
        var recording = try require(
            RecordingEntry.self, StateKey(.recording, op.recording), or: .recordingUnknown)
        guard !recording.senders.contains(key) else { throw .failed(.alreadySealed) }  // LG-72
        try demandStanding(.callKey(key))
        try demandStanding(.recording(op.recording))
        guard op.owner == recording.owner else { throw .failed(.ownerMismatch) }  // LG-73
        try check(holders: op.holders, of: recording)
        let consents = try self.consents(of: call, recording: op.recording)
        let tracks = op.tracks.map { track in
            accept(track, of: key, in: call, consents)
        }
        guard tracks.contains(where: { $0.accepted.contains { $0 != 0 } }) else { throw .failed(.notCovered) }
        recording.holders = op.holders
        recording.senders = (recording.senders + [key]).sorted()
        write(StateKey(.recording, op.recording), recording)
        write(
            StateKey(.seal, op.recording, key),
            SealEntry(time: time, wraps: op.wraps, tracks: tracks, manifest: op.manifest))
    }

    /// LG-74: the same active nodes in every seal.
    private func check(holders: [MemberID], of recording: RecordingEntry) throws(Stop) {
        guard !holders.isEmpty, recording.holders.isEmpty || recording.holders == holders else {
            throw .failed(.holdersMismatch)
        }
        for holder in holders {
            guard try isActive(holder, .node) else { throw .failed(.holdersMismatch) }
        }
    }

    private func consents(
        of call: CallEntry, recording: RecordingID
    ) throws(Stop) -> [PublicKey: ConsentEntry] {
        var consents: [PublicKey: ConsentEntry] = [:]
        for seat in call.seats {
            consents[seat.key] = try read(ConsentEntry.self, StateKey(.consent, recording, seat.key))
        }
        return consents
    }

    /// LG-75: a group is accepted if and only if it lies in the past, one roster stood throughout, its sender
    /// consented to this kind of track throughout, and everyone else in that roster consented throughout.
    private func accept(
        _ track: SealedTrack, of sender: PublicKey, in call: CallEntry, _ consents: [PublicKey: ConsentEntry]
    ) -> SealEntry.Track {
        var accepted = [UInt8](repeating: 0, count: (track.groups.count + 7) / 8)
        for (position, interval) in track.groups.enumerated() {
            guard interval.end <= time, let roster = call.roster(during: interval) else { continue }
            let seats = call.seats.prefix(Int(roster.seatCount))
            let isCovered =
                seats.contains { $0.key == sender }
                && seats.allSatisfy { seat in
                    consents[seat.key]?.covers(
                        interval, roster: roster.hash, tracks: seat.key == sender ? track.kind : []) ?? false
                }
            if isCovered { accepted[position / 8] |= 0x80 >> UInt8(position % 8) }
        }
        return SealEntry.Track(
            id: track.id, kind: track.kind, root: track.root, count: UInt64(track.groups.count), first: track.first,
            accepted: accepted)
    }
}
