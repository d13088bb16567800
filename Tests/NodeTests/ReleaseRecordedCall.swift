import Crypto
import Ledger
import Node
import Primitives
import Recording
import Rights
import Signalling
import Wire

/// Records a call of two on a ledger, from the first transaction to the seals: sound and picture, three groups each.
struct RecordedCall {
    let recording: RecordingID
    let senders: [ReleaseWorld.Sender]
    let inner: [CID: [UInt8]]
    let layout: ShardLayout
    let plain: Set<[UInt8]>

    init(
        _ ledger: LocalLedger, call: CallID, home: Testnet.Node, holders: [MemberID], owner: MemberID,
        participants: [ReleaseWorld.Person], circle: ReleaseCircle
    ) throws {
        var hash = SHA256()
        let chain = ledger.rules.chain
        let keys = participants.map { _ in SigningKey.generate() }
        let publicKeys = keys.map(\.publicKey)
        var openings: [CertificateOpening] = []
        var recording = RecordingID.zero
        var roster = Digest.zero
        for (place, key) in keys.enumerated() {
            roster = CallSeat.rosterHash(call: call, keys: Array(publicKeys[...place]), with: &hash)
            let certificate = CallCertificate(
                call: call, member: participants[place].member, callKey: key.publicKey, roster: roster)
            let signed = participants[place].keys.sign.sign(.callKey, chain: chain, body: certificate.encoded)
            let opening = CertificateOpening(
                salt: SHA256.hash(SecureRandom.bytes(count: 32)), certificate: signed)
            openings.append(opening)
            let seat = CallSeat(
                key: key.publicKey,
                certificate: CallCertificate.commitment(to: signed, salt: opening.salt, with: &hash), roster: roster,
                minute: ledger.now.rawValue / 60_000)
            let operation: Ledger.Operation =
                place == 0
                ? .callOpen(CallOpen(call: call, seat: seat, owner: owner))
                : .callAccept(CallAccept(call: call, seat: seat))
            let outcome = try ledger.apply([(operation, AuthorID(home.member), home.keys.sign)])[0]
            guard outcome.result == .succeeded else { throw ReleaseWorld.WorldError.refused(outcome.result) }
            if place == 0 { recording = RuleBook.recordingID(call: call, opening: outcome.id, with: &hash) }
        }
        self.recording = recording
        let policy = try Policy(permit: [PolicyRule(.play, to: .anyone)]).encoded
        let consents = try ledger.apply(
            keys.map { key in
                (
                    .consentGive(
                        ConsentGive(
                            recording: recording, tracks: [.audio, .video], policy: policy, retentionDays: 30,
                            roster: roster)), AuthorID(key.publicKey), key
                )
            })
        let start = ledger.now
        try ledger.wait(ReleaseWorld.groupCount * 60_000 + 1_000)

        var inner: [CID: [UInt8]] = [:]
        var plain: Set<[UInt8]> = []
        var made: [(sender: RecordingInventory.Sender, leaves: [[UInt8]], seal: RecordingSeal, place: Int)] = []
        for (place, key) in keys.enumerated() {
            var writer = SenderWriter(
                recording: recording, call: call, chain: chain, key: key, place: UInt16(place),
                consent: consents[place].id, roster: roster, start: start, publicKey: circle.wraps.publicKey)
            let tracks = try [TrackKind.audio, .video].enumerated().map { try writer.track(UInt8($0), $1) }
            let manifest = try SenderManifest(
                sender: key.publicKey, tracks: tracks.map { TrackEntry($0.manifest, with: &hash) },
                recording: recording)
            writer.inner[manifest.cid(with: &hash)] = manifest.encoded
            inner.merge(writer.inner) { first, _ in first }
            plain.formUnion(writer.plain)
            var leaves: [Digest] = []
            for leaf in writer.leaves { leaves.append(MerkleTree.leafHash(leaf, with: &hash)) }
            let seal = RecordingSeal(
                recording: recording, manifest: manifest.cid(with: &hash),
                tracks: tracks.map { track in
                    SealedTrack(
                        id: UInt64(track.manifest.id), kind: TrackKinds(rawValue: track.manifest.kind.rawValue),
                        root: track.manifest.root, first: track.manifest.first,
                        groups: track.manifest.groups.map {
                            GroupInterval(start: $0.start, milliseconds: $0.milliseconds)
                        })
                }, wraps: MerkleTree.root(of: leaves, with: &hash), owner: owner, holders: holders.sorted())
            made.append((.init(manifest: manifest, tracks: tracks), writer.leaves, seal, place))
        }
        for item in made {
            let key = keys[item.place]
            let outcome = try ledger.apply([(.recordingSeal(item.seal), AuthorID(key.publicKey), key)])[0]
            guard outcome.result == .succeeded else { throw ReleaseWorld.WorldError.refused(outcome.result) }
        }
        made.sort { keys[$0.place].publicKey < keys[$1.place].publicKey }
        let manifest = try RecordingManifest(
            senders: made.map { SenderEntry($0.sender.manifest, with: &hash) }, recording: recording)
        inner[manifest.cid(with: &hash)] = manifest.encoded
        layout = try RecordingInventory(manifest: manifest, senders: made.map(\.sender), with: &hash).layout()
        senders = made.map {
            ReleaseWorld.Sender(
                key: keys[$0.place], member: participants[$0.place], opening: openings[$0.place], leaves: $0.leaves)
        }
        self.inner = inner
        self.plain = plain
    }
}

/// What a sender's device does while it is recorded.
private struct SenderWriter {
    let recording: RecordingID
    let call: CallID
    let chain: ChainID
    let key: SigningKey
    let place: UInt16
    let consent: TransactionID
    let roster: Digest
    let start: Timestamp
    let publicKey: GroupElement
    var inner: [CID: [UInt8]] = [:]
    var plain: Set<[UInt8]> = []
    /// Signed wraps: tracks in order, and in each its groups.
    var leaves: [[UInt8]] = []

    mutating func track(_ id: UInt8, _ kind: TrackKind) throws -> RecordingInventory.Track {
        var hash = SHA256()
        var groups: [GroupManifest] = []
        var entries: [GroupEntry] = []
        for group in 0..<ReleaseWorld.groupCount {
            let secret = SecretKey()
            let segment = try segment(id, kind, group, under: secret)
            let blocks = try ContentBlocks.cut(segment.encoded, with: &hash)
            for block in blocks { inner[block.link.cid] = block.content }
            let manifest = try GroupManifest(
                group: GroupIndex(group), track: id, sender: key.publicKey,
                segments: [SegmentEntry(segment, blocks: blocks.map(\.link))], recording: recording)
            inner[manifest.cid(with: &hash)] = manifest.encoded
            groups.append(manifest)
            entries.append(
                GroupEntry(
                    start: start.adding(milliseconds: group * 60_000), milliseconds: 60_000, group: manifest,
                    with: &hash))
            let subject = GroupKeyWrap.Subject(
                recording: recording, sender: key.publicKey, track: id, group: GroupIndex(group), consent: consent,
                roster: roster)
            let wrap = try WrapSeal(chain: chain, publicKey: publicKey).wrap(secret, of: subject)
            leaves.append(try SignedGroupWrap(key.sign(.wrap, chain: chain, body: wrap.encoded)).leaf)
        }
        let manifest = try TrackManifest(
            id: id, kind: kind, first: .zero, groups: entries, sender: key.publicKey, recording: recording,
            with: &hash)
        inner[manifest.cid(with: &hash)] = manifest.encoded
        return .init(manifest: manifest, groups: groups)
    }

    private mutating func segment(
        _ track: UInt8, _ kind: TrackKind, _ group: UInt64, under secret: borrowing SecretKey
    ) throws -> Segment {
        var hash = SHA256()
        let number = UInt32(group)
        guard let id = MediaKeyID(rosterEpoch: RosterEpoch(1), sender: place, track: track, segment: number) else {
            throw RecordingError.mismatch
        }
        let base = GroupKey.segmentKey(of: secret, track: track, segment: number)
        let sealer = try base.withBytes { try SFrameKey(suite: .aes256GCM, keyID: id.rawValue, baseKey: $0) }
        var frames: [RecordedFrame] = []
        var digests: [Digest] = []
        for count in 0..<ReleaseWorld.framesPerGroup {
            let clear: [UInt8] = kind == .video ? [0x10, 2, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0x00] : []
            let body = SecureRandom.bytes(count: 100)
            plain.insert(clear + body)
            let sealed = try sealer.encrypt(counter: count, metadata: clear, plaintext: body)
            let frame = RecordedFrame(
                timestamp: (group * 60 + count) * kind.ticksPerSecond, clearByteCount: UInt8(clear.count),
                bytes: clear + sealed)
            frames.append(frame)
            digests.append(frame.leaf(track: track, with: &hash))
        }
        let list = LeafList(
            call: call, rosterEpoch: RosterEpoch(1), first: group * ReleaseWorld.framesPerGroup, track: track,
            leaves: digests, sender: place, timestamp: UInt32(truncatingIfNeeded: frames[0].timestamp))
        let signed = try SignedLeafList(key.sign(.leafList, chain: chain, body: list.encoded))
        return Segment(
            key: id, kind: kind, lists: [signed], start: group * 60_000, frames: frames, sender: key.publicKey,
            consent: consent, recording: recording, with: &hash)
    }
}
