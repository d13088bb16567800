/// A lease-group key, sealed by its sender to the public key that the validators share (hashed ElGamal).
///
/// `point` is U = r·G; `sealedKey` is the key under a pad drawn from r·P; `proof` shows that the sender knows r, bound
/// to the chain and to every field here, so that a wrap cannot be passed off as one of another recording.
package struct GroupKeyWrap: Hashable, Sendable {
    /// What the wrapped key opens, and by whose leave.
    package struct Subject: Hashable, Sendable {
        package let recording: RecordingID
        /// The sender's per-call key, which also signs the wrap.
        package let sender: PublicKey
        package let track: UInt8
        package let group: GroupIndex
        /// The transaction in which the sender consented.
        package let consent: TransactionID
        /// The hash of the roster that the sender consented to.
        package let roster: Digest

        package init(
            recording: RecordingID, sender: PublicKey, track: UInt8, group: GroupIndex, consent: TransactionID,
            roster: Digest
        ) {
            self.recording = recording
            self.sender = sender
            self.track = track
            self.group = group
            self.consent = consent
            self.roster = roster
        }
    }

    package let subject: Subject
    package let point: GroupElement
    package let sealedKey: Bytes32
    package let proof: GroupProof

    package init(subject: Subject, point: GroupElement, sealedKey: Bytes32, proof: GroupProof) {
        self.subject = subject
        self.point = point
        self.sealedKey = sealedKey
        self.proof = proof
    }
}
