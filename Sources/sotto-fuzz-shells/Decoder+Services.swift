internal import Consensus
internal import Fuzzing
internal import Links
internal import Node
internal import RPC
internal import Wire

/// What nodes, members' devices and signers say to each other, and what a light client and a restored node read.
extension Decoder {
    static let services: [Decoder] = [
        Decoder("number-question", NumberQuestion.self), Decoder("number-answer", NumberAnswer.self),
        Decoder("number-claim", NumberClaim.self), Decoder("number-release", NumberRelease.self),
        Decoder("number-listing", NumberListing.self), Decoder("phone-record", PhoneRecord.self),
        Decoder("mailbox-post", MailboxPost.self), Decoder("mailbox-receipt", MailboxReceipt.self),
        Decoder("prekey-question", PrekeyQuestion.self), Decoder("prekey-answer", PrekeyAnswer.self),
        Decoder("keep-order", KeepOrder.self), Decoder("keep-request", KeepRequest.self),
        Decoder("layer-order", LayerOrder.self), Decoder("layer-state", LayerState.self),
        Decoder("content-question", ContentQuestion.self), Decoder("content-index", ContentIndex.self),
        Decoder("certificate-opening", CertificateOpening.self), Decoder("wrap-page", WrapPage.self),
        Decoder("release-answer", ReleaseAnswer.self), Decoder("recording-message", RecordingMessage.self),
        Decoder("inclusion-bundle", InclusionBundle.self), Decoder("stored-block", StoredBlock.self),
        Decoder("erased-block", ErasedBlock.self),
        Decoder("closed-group", ClosedGroup.self), Decoder("transaction-message", TransactionMessage.self),
        Decoder("rpc-request", SignedRequest.self), Decoder("signer-question", SignerQuestion.self),
        Decoder("signer-answer", SignerAnswer.self), Decoder("signer-promise", SigningGuard.Promise.self),
        Decoder("signing-refusal", SigningRefusal.self), Decoder("link-hello", LinkHello.self),
        Decoder("service-request", ServiceRequest.self),
        Decoder("proof-bundle", byteCountMax: 16_384, ProofBundle.self),
        Decoder("handover", Handover.self), Decoder("proven-record", ProvenRecord.self),
        Decoder("light-checkpoint", LightCheckpoint.self), Decoder("fork-alarm", ForkAlarm.self),
        Decoder("snapshot-manifest", SnapshotManifest.self), Decoder("snapshot-chunk", SnapshotChunk.self),
        Decoder("snapshot-head", SnapshotHead.self), Decoder("stored-head", StoredHead.self),
    ]
}
