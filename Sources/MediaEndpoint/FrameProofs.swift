internal import Crypto
package import Media
package import Primitives
package import Recording
internal import Wire

/// What a pipeline needs to sign its own frames and to check the other side's.
package struct ProofSettings: Sendable {
    package let chain: ChainID
    package let call: CallID
    package let rosterEpoch: RosterEpoch
    /// Our place in the roster, and the other side's.
    package let sender: UInt16
    package let peer: UInt16
    /// Our per-call key.
    package let signer: any Signing
    /// The other side's per-call key.
    package let peerKey: PublicKey

    package init(
        chain: ChainID, call: CallID, rosterEpoch: RosterEpoch, sender: UInt16, peer: UInt16, signer: any Signing,
        peerKey: PublicKey
    ) {
        self.chain = chain
        self.call = call
        self.rosterEpoch = rosterEpoch
        self.sender = sender
        self.peer = peer
        self.signer = signer
        self.peerKey = peerKey
    }
}

/// How many received frames their sender has signed for.
package struct ProofCounts: Sendable, Equatable {
    package var provenCount: UInt64 = 0
    /// Received, and named by no list so far.
    package var unprovenCount: UInt64 = 0
    /// Signed by the sender, and not received in time to be matched, by the gaps between its lists.
    package var missedCount: UInt64 = 0

    package init(proven: UInt64 = 0, unproven: UInt64 = 0, missed: UInt64 = 0) {
        (provenCount, unprovenCount, missedCount) = (proven, unproven, missed)
    }
}

extension MediaCodec {
    /// The track's number in key ids and proofs: what its kind is called on the ledger.
    package var track: UInt8 { kind.rawValue }

    package var kind: TrackKind {
        switch self {
        case .vp8: .video
        case .opus: .audio
        }
    }
}

/// Proves frames, both ways: members of a call share keys, so that only a signature over what was sent says who sent
/// it. Pure but for the signature; the pipeline carries the lists.
struct FrameProofs {
    let settings: ProofSettings
    private var collectors: [MediaCodec: LeafCollector] = [:]
    private var provers: [MediaCodec: FrameProver] = [:]
    private var receivedCount: UInt64 = 0
    private var assembler = ProofAssembler()
    private var hash = SHA256()

    init(_ settings: ProofSettings) {
        self.settings = settings
        for codec in MediaCodec.allCases {
            collectors[codec] = LeafCollector(
                call: settings.call, rosterEpoch: settings.rosterEpoch, sender: settings.sender, track: codec.track)
            provers[codec] = FrameProver(
                call: settings.call, rosterEpoch: settings.rosterEpoch, sender: settings.peer, track: codec.track,
                key: settings.peerKey)
        }
    }

    /// A frame was sent; gives the list before it when that one is due.
    mutating func sent(_ frame: SentFrame, at now: Timestamp) -> SignedLeafList? {
        let timestamp = UInt32(truncatingIfNeeded: frame.timestamp)
        let leaf = FrameLeaf.digest(
            track: frame.codec.track, timestamp: timestamp, clearByteCount: frame.clearByteCount,
            frame: frame.sealed.span, with: &hash)
        return collectors[frame.codec]?.add(leaf, timestamp: timestamp, at: now).flatMap(sign)
    }

    /// Lists of all that no list holds yet.
    mutating func flush() -> [SignedLeafList] {
        MediaCodec.allCases.compactMap { collectors[$0]?.flush().flatMap(sign) }
    }

    /// A frame that opened came.
    mutating func received(_ frame: [UInt8], codec: MediaCodec, timestamp: UInt64) {
        let leaf = FrameLeaf.digest(
            track: codec.track, timestamp: UInt32(truncatingIfNeeded: timestamp),
            clearByteCount: UInt8(codec.clearByteCount(of: frame)), frame: frame.span, with: &hash)
        receivedCount += 1
        _ = provers[codec]?.receiveFrame(leaf)
    }

    /// A fragment of a list came; the list, when it is whole and its signature holds.
    mutating func received(fragment: [UInt8]) -> Verified<SignedLeafList>? {
        guard let bytes = assembler.receive(fragment), let list = try? SignedLeafList(decoding: bytes),
            list.object.key == settings.peerKey,
            let verified = SignatureVerifier().verified(list, in: settings.chain),
            let codec = MediaCodec.allCases.first(where: { $0.track == list.list.track })
        else { return nil }
        _ = provers[codec]?.receive(verified)
        return verified
    }

    var counts: ProofCounts {
        var counts = ProofCounts()
        for prover in provers.values {
            counts.provenCount += prover.provenCount
            counts.missedCount += prover.missedCount
        }
        counts.unprovenCount = receivedCount - min(receivedCount, counts.provenCount)
        return counts
    }

    private func sign(_ list: LeafList) -> SignedLeafList? {
        try? SignedLeafList(settings.signer.sign(.leafList, chain: settings.chain, body: list.encoded))
    }
}
