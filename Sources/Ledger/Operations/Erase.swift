package import Primitives
package import Wire

/// What an erasure is about: whose commitments, and with them the transactions that carry them.
package enum ErasedSubject: Hashable, Sendable {
    /// A participant's part in a recorded call: its seat, consents and seal.
    case callKey(PublicKey)
    /// A recording: its seals and policies.
    case recording(RecordingID)
    /// An attested number, by its commitment.
    case number(Digest)

    /// Where it is marked.
    package var stateKey: StateKey {
        switch self {
        case .callKey(let key): StateKey(.erased, key, number: 1)
        case .recording(let recording): StateKey(.erased, recording, number: 2)
        case .number(let commitment): StateKey(.erased, commitment, number: 3)
        }
    }

    /// Nil for another key than of a mark.
    package init?(_ key: StateKey) {
        guard key.prefix == .erased else { return nil }
        switch key {
        case StateKey(.erased, PublicKey(raw: key.first), number: 1): self = .callKey(PublicKey(raw: key.first))
        case StateKey(.erased, RecordingID(raw: key.first), number: 2): self = .recording(RecordingID(raw: key.first))
        case StateKey(.erased, Digest(raw: key.first), number: 3): self = .number(Digest(raw: key.first))
        default: return nil
        }
    }

    /// Those whose erasure takes this transaction's body with it (rule LG-122).
    package static func subjects(of transaction: Transaction) -> [ErasedSubject] {
        switch transaction.operation {
        case .callOpen(let op): [.callKey(op.seat.key)]
        case .callAccept(let op): [.callKey(op.seat.key)]
        case .consentGive, .consentWithdraw: [.callKey(transaction.from.callKey)]
        case .recordingSeal(let op): [.callKey(transaction.from.callKey), .recording(op.recording)]
        case .rightsPublish(let op): [.recording(op.recording)]
        case .rightsLimit(let op): [.recording(op.recording)]
        case .numberAttest(let op), .numberRelease(let op): [.number(op.statement.commitment)]
        case .memberAdmit, .memberRotate, .memberSuspend, .memberRemove, .validatorPropose, .validatorVote, .evidence,
            .callCommit, .callEnd, .rightsGrant, .rightsRevoke, .rightsRotate, .rightsLease, .erase:
            []
        }
    }

    /// Whether the body of a transaction that stands at `height` is to be dropped, as of the state `view`: everybody
    /// who keeps, sends or exports blocks asks here (rule LG-122).
    package static func isErased(
        _ transaction: Transaction, at height: Height, in view: any StateView
    ) throws(StateError) -> Bool { try covering(transaction, at: height, in: view) != nil }

    /// Whose erasure takes the body of a transaction that stands at `height` with it; nil when it is to be kept.
    package static func covering(
        _ transaction: Transaction, at height: Height, in view: any StateView
    ) throws(StateError) -> ErasedSubject? {
        for subject in subjects(of: transaction) where try subject.covers(height, in: view) { return subject }
        return nil
    }

    /// Whether this is marked as erased, at `height` or above it.
    package func covers(_ height: Height, in view: any StateView) throws(StateError) -> Bool {
        guard try view.value(for: stateKey) != nil else { return false }
        return height <= (try RuleBook.read(ErasedEntry.self, stateKey, from: view)).height
    }
}

extension ExecutedBlock {
    /// What this block erased, in ascending order of state keys.
    package var erasures: [ErasedSubject] {
        writes.keys.filter { $0.prefix == .erased }.sorted().compactMap { ErasedSubject($0) }
    }

    /// The facts that held what is erased here: their old values are to leave the disk too.
    package func erasedFacts(of subject: ErasedSubject) -> [StateKey] {
        writes.filter { key, value in
            switch (key.prefix, subject) {
            case (.consent, .callKey(let participant)), (.seal, .callKey(let participant)):
                key.second == participant.raw
            case (.call, .callKey(let participant)):
                value.flatMap { try? CallEntry(decoding: $0) }?.seats.contains { $0.key == participant } ?? false
            case (.seal, .recording(let recording)), (.rights, .recording(let recording)): key.first == recording.raw
            default: false
            }
        }.keys.sorted()
    }
}

/// `erase`, by who owns the commitments: a per-call key erases its own part in a call, `{v, key}`; a rights holder
/// erases a recording, `{v, recording}`.
package enum Erase: WireObject, Hashable {
    case callKey(PublicKey)
    case recording(RecordingID)

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(2)
        if let key: PublicKey = try reader.idIfPresent("key") {
            self = .callKey(key)
        } else {
            self = .recording(try reader.id("recording"))
        }
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(2)
        switch self {
        case .callKey(let key): writer.field("key", key)
        case .recording(let recording): writer.field("recording", recording)
        }
    }
}

/// That a subject is erased: `{v, height}`. Bodies up to that height are dropped.
package struct ErasedEntry: WireObject, Hashable {
    package let height: Height

    package init(height: Height) { self.height = height }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(2)
        height = try reader.count("height")
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(2)
        writer.field("height", height)
    }
}
