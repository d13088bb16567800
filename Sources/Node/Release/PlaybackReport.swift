package import Primitives

/// What was played, and what can be said of it.
package struct PlaybackReport: Equatable, Sendable {
    /// One sender of the recording.
    package struct Sender: Equatable, Sendable {
        package enum Standing: Hashable, Sendable {
            /// A member's certificate stands behind the per-call key: this member agreed.
            case agreed(MemberID)
            /// A home node says that a member stands behind it.
            case claimed
        }

        package let key: PublicKey
        package let standing: Standing
        /// Its consent does not stand any more: none of its tracks are played.
        package let isWithheld: Bool

        package init(key: PublicKey, standing: Standing, isWithheld: Bool) {
            self.key = key
            self.standing = standing
            self.isWithheld = isWithheld
        }
    }

    package let recording: RecordingID
    package var senders: [Sender] = []
    package var groups: [GroupIndex] = []
    package var frameCount = 0
    /// Frames that a list, signed by the sender's per-call key, names.
    package var provenFrameCount = 0
    /// Frames that did not open with the released key.
    package var unopenedFrameCount = 0
    /// Validators that gave shares which their own public share belies; ascending.
    package var faultyValidators: [MemberID] = []
    /// Why it ended before the last group, if it did.
    package var ended: PlaybackError?

    package init(recording: RecordingID) { self.recording = recording }

    /// Whether a member's certificate stands behind everybody who is heard or seen.
    package var isAgreed: Bool {
        senders.filter { !$0.isWithheld }.allSatisfy { $0.standing != .claimed }
    }

    /// The word for people.
    package var standing: String { isAgreed ? "agreed" : "claimed" }

    mutating func blame(_ validators: [MemberID]) {
        faultyValidators = Set(faultyValidators + validators).sorted()
    }
}
