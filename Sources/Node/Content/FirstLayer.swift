import ContentStore
import Crypto
import Ledger
import Primitives
import Recording
import Wire

/// Why a holder could not make the first layer.
enum LayerFault: Error, Equatable {
    /// A block is missing, or is not what was sealed.
    case incomplete
    case store(ContentStoreError)
}

/// Makes the first outer layer from the inner blocks that senders left with a holder.
///
/// What must come out follows from the seals on the ledger, the senders in the order and the outer key, so every
/// holder that has all blocks comes to the same root. Each manifest is held against the CID, the root or the count by
/// which the one above names it, up to the manifest that the sender's seal put on the ledger.
struct FirstLayer {
    let store: any ContentStoring
    let recording: RecordingID
    /// What each sender sealed; only these senders become part of the recording.
    let seals: [PublicKey: SealEntry]
    /// Pays for blocks made here when nothing else is known.
    let payer: MemberID

    static let epoch = RuleBook.firstRightsEpoch

    /// The outer manifest that was made here before; nil when there is none, or only a part.
    func existing() async throws(LayerFault) -> OuterManifest? {
        var pages: [OuterManifestPage] = []
        for block in try await blocks(.page) where block.tag.role == .page {
            guard let page = try? OuterManifestPage(decoding: try await content(block.cid)) else { return nil }
            pages.append(page)
        }
        guard let first = pages.first, pages.reduce(0, { $0 + $1.shards.count }) == first.count else { return nil }
        return try? OuterManifest(
            recording: recording, epoch: Self.epoch, parityShards: first.parityShards, shards: pages.flatMap(\.shards))
    }

    /// All manifests, each checked against what names it, up to the seals.
    func inventory() async throws(LayerFault) -> RecordingInventory {
        var hash = SHA256()
        var senders: [RecordingInventory.Sender] = []
        for (key, seal) in seals.sorted(by: { $0.key < $1.key }) {
            guard let manifest = try? SenderManifest(decoding: try await content(seal.manifest)),
                manifest.sender == key
            else { throw .incomplete }
            var tracks: [RecordingInventory.Track] = []
            for entry in manifest.tracks { tracks.append(try await track(entry, seal)) }
            senders.append(RecordingInventory.Sender(manifest: manifest, tracks: tracks))
        }
        do {
            let manifest = try RecordingManifest(
                senders: senders.map { SenderEntry($0.manifest, with: &hash) }, recording: recording)
            return try RecordingInventory(manifest: manifest, senders: senders, with: &hash)
        } catch {
            throw .incomplete
        }
    }

    private func track(_ entry: TrackEntry, _ seal: SealEntry) async throws(LayerFault) -> RecordingInventory.Track {
        guard let manifest = try? TrackManifest(decoding: try await content(entry.manifest.cid)),
            let sealed = seal.tracks.first(where: { $0.id == UInt64(entry.id) }), sealed.root == manifest.root,
            sealed.first == manifest.first, sealed.count == UInt64(manifest.groups.count)
        else { throw .incomplete }
        var groups: [GroupManifest] = []
        for group in manifest.groups {
            guard let decoded = try? GroupManifest(decoding: try await content(group.manifest.cid)) else {
                throw .incomplete
            }
            groups.append(decoded)
        }
        return RecordingInventory.Track(manifest: manifest, groups: groups)
    }

    /// Wraps every inner block, stores what comes of it and its manifest, and lets go of the inner blocks.
    func make(_ inventory: RecordingInventory, under key: consuming SecretKey) async throws(LayerFault) -> OuterManifest
    {
        var hash = SHA256()
        let payer = try await blocks(.inner, epoch: .zero, limit: 1).first?.payer ?? payer
        let top = inventory.manifest.encoded
        var rotation: OuterRotation
        let outer: OuterLayer
        do {
            rotation = OuterRotation(wrapping: try inventory.layout(), of: recording, epoch: Self.epoch)
            outer = try OuterLayer(key, of: recording)
        } catch {
            throw .incomplete
        }
        for step in rotation.remaining {
            let inner = step.index == 0 ? top : try await content(step.source.cid)
            let link: BlockLink
            let bytes: [UInt8]
            do throws(RecordingError) {
                (link, bytes) = try outer.carryOut(step, on: inner, removing: nil, with: &hash)
                try rotation.completed(step.index, link)
            } catch {
                throw .incomplete
            }
            try await put(link.cid, .shard, step.index, payer, bytes)
        }
        guard let manifest = try? rotation.manifest() else { throw .incomplete }
        for page in OuterManifestPage.pages(of: manifest) {
            try await put(page.cid(with: &hash), .page, UInt64(page.page), payer, page.encoded)
        }
        do {
            try await store.drop(recording, epochs: .zero ... .zero, roles: [.inner])
        } catch {
            throw .store(error)
        }
        return manifest
    }

    // MARK: Store

    private func content(_ cid: CID) async throws(LayerFault) -> [UInt8] {
        let content: [UInt8]?
        do {
            content = try await store.content(of: cid)
        } catch {
            throw .store(error)
        }
        guard let content else { throw .incomplete }
        return content
    }

    private func put(
        _ cid: CID, _ role: BlockRole, _ index: UInt64, _ payer: MemberID, _ content: [UInt8]
    ) async throws(LayerFault) {
        let tag = BlockTag(recording: recording, epoch: Self.epoch, role: role, index: index)
        do {
            try await store.put(ContentBlock(cid: cid, tag: tag, payer: payer, content: content))
        } catch {
            throw .store(error)
        }
    }

    private func blocks(
        _ role: BlockRole, epoch: RightsEpoch = FirstLayer.epoch, limit: Int = 1 << 13
    ) async throws(LayerFault) -> [KeptBlock] {
        do {
            return try await store.blocks(of: recording, epoch: epoch, from: role, index: 0, limit: limit)
        } catch {
            throw .store(error)
        }
    }
}
