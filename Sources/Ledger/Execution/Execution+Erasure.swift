import Primitives
import Wire

/// `erase`: clauses LG-120 to LG-123.
extension Execution {
    /// LG-120: a participant's own part in a recorded call.
    mutating func erase(_ key: PublicKey, by seat: CallKeyEntry) throws(Stop) {
        try demandStanding(.callKey(key))
        var call = try require(CallEntry.self, StateKey(.call, seat.call), or: .callUnknown)
        call.seats = call.seats.map { seat in
            seat.key == key ? CallEntry.Seat(key: key, home: seat.home, certificate: .zero) : seat
        }
        write(StateKey(.call, seat.call), call)
        let place = StateKey(.consent, call.recording, key)
        if var consent = try read(ConsentEntry.self, place) {
            consent.end(at: time)
            consent.policy = []
            write(place, consent)
        }
        remove(StateKey(.seal, call.recording, key))
        mark(.callKey(key))
    }

    /// LG-121: a recording, by the rights holder.
    mutating func erase(_ id: RecordingID, by member: MemberID) throws(Stop) {
        let recording = try require(RecordingEntry.self, StateKey(.recording, id), or: .recordingUnknown)
        guard recording.owner == member else { throw .failed(.notOwner) }
        try demandStanding(.recording(id))
        for sender in recording.senders { remove(StateKey(.seal, id, sender)) }
        remove(StateKey(.rights, id))
        mark(.recording(id))
    }

    /// LG-123: nothing is added to what is erased.
    func demandStanding(_ subject: ErasedSubject) throws(Stop) {
        guard try read(ErasedEntry.self, subject.stateKey) == nil else { throw .failed(.erased) }
    }

    mutating func mark(_ subject: ErasedSubject) { write(subject.stateKey, ErasedEntry(height: height)) }
}
