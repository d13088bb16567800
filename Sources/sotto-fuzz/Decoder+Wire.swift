internal import Consensus
internal import Crypto
internal import Fuzzing
internal import Kademlia
internal import Ledger
internal import Primitives
internal import Recording
internal import Rights
internal import Signalling
internal import Wire

/// Every kind of object in dag-cbor.
extension Decoder {
    static let wire: [Decoder] = [
        Decoder("dag-cbor", IPLDNode.self), Decoder("signed-object", SignedObject.self),
        Decoder("vote", Vote.self), Decoder("certificate", Certificate.self), Decoder("proposal", Proposal.self),
        Decoder("engine-header", EngineHeader.self), Decoder("finality-proof", FinalityProof.self),
        Decoder("consensus-message", Consensus.Message.self), Decoder("validator-set", ValidatorSet.self),
        Decoder("address-record", AddressRecord.self), Decoder("provider-record", ProviderRecord.self),
        Decoder("stored-record", StoredRecord.self), Decoder("dht-message", Kademlia.Message.self),
        Decoder("group-key-wrap", GroupKeyWrap.self), Decoder("lease-history", LeaseHistory.self),
        Decoder("sealed-share", SealedShare.self), Decoder("partial-evaluation", PartialEvaluation.self),
        Decoder("threshold-public-keys", ThresholdPublicKeys.self),
        Decoder("blind-evaluation-request", BlindEvaluationRequest.self),
        Decoder("outer-key-request", OuterKeyRequest.self), Decoder("wrap-share-request", WrapShareRequest.self),
    ]

    static let calls: [Decoder] = [
        Decoder("invite", Invite.self), Decoder("sealed-invite", SealedInvite.self),
        Decoder("call-certificate", CallCertificate.self), Decoder("prekey-bundle", PrekeyBundle.self),
        Decoder("one-time-prekey", OneTimePrekey.self), Decoder("mailbox-address", MailboxAddress.self),
        Decoder("session-message", SessionMessage.self), Decoder("session-packet", SessionPacket.self),
        Decoder("transport-binding", TransportBinding.self),
        Decoder("transport-description", TransportDescription.self), Decoder("leaf-list", LeafList.self),
        Decoder("signed-leaf-list", SignedLeafList.self), Decoder("recorded-frame", RecordedFrame.self),
        Decoder("segment", Segment.self), Decoder("group-manifest", GroupManifest.self),
        Decoder("track-manifest", TrackManifest.self), Decoder("sender-manifest", SenderManifest.self),
        Decoder("recording-manifest", RecordingManifest.self),
        Decoder("outer-manifest-page", OuterManifestPage.self),
        Decoder("consent-statement", ConsentStatement.self), Decoder("policy", Policy.self),
    ]

    static let ledger: [Decoder] = [
        Decoder("genesis", Genesis.self), Decoder("network-limits", NetworkLimits.self),
        Decoder("registration", Registration.self), Decoder("transaction", Transaction.self),
        Decoder("ledger-block", LedgerBlock.self), Decoder("record", Record.self),
        Decoder("ledger-tip", LedgerTip.self), Decoder("operation", Operation.self),
        Decoder("signed-registration", SignedRegistration.self), Decoder("limit-changes", LimitChanges.self),
        Decoder("recovery-document", RecoveryDocument.self),
        Decoder("recovery-statement", RecoveryStatement.self),
        Decoder("validator-list", ValidatorList.self), Decoder("state-proof", StateProof.self),
        Decoder("member-entry", MemberEntry.self), Decoder("owner-entry", OwnerEntry.self),
        Decoder("registrars-entry", RegistrarsEntry.self), Decoder("number-entry", NumberEntry.self),
        Decoder("proposals-entry", ProposalsEntry.self), Decoder("call-entry", CallEntry.self),
        Decoder("call-key-entry", CallKeyEntry.self), Decoder("commit-entry", CommitEntry.self),
        Decoder("consent-entry", ConsentEntry.self), Decoder("recording-entry", RecordingEntry.self),
        Decoder("seal-entry", SealEntry.self), Decoder("rights-entry", RightsEntry.self),
        Decoder("grant-entry", GrantEntry.self), Decoder("rotation-entry", RotationEntry.self),
        Decoder("lease-entry", LeaseEntry.self), Decoder("viewers-entry", ViewersEntry.self),
        Decoder("limits-entry", LimitsEntry.self), Decoder("recent-records-entry", RecentRecordsEntry.self),
        Decoder("culprits-entry", CulpritsEntry.self), Decoder("evidence-entry", EvidenceEntry.self),
        Decoder("erased-entry", ErasedEntry.self), Decoder("evidence", Evidence.self),
        Decoder("call-leaf", CallLeaf.self), Decoder("call-opening", CallOpening.self),
    ]
}
