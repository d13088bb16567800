package import ContentStore
import Crypto
package import Ledger
package import Primitives
package import Recording
package import Wire

/// A holder's work after a revocation: takes the outer layer of the epoch it has off its blocks and puts the current
/// one on, shard by shard, without seeing what is inside.
///
/// Nothing is remembered but what lies in the store: each shard is replaced in one step, so that old and new tags
/// together say how far it is. After a crash the same call goes on where it stopped.
package struct OuterRotator: Sendable {
    /// How a holder reaches what it needs for a rotation.
    package struct Means: Sendable {
        /// O of an epoch, as a holder: an element for `ThresholdOuterKey.key(from:)`.
        package let outerKey: @Sendable (RecordingID, RightsEpoch) async throws(SharesMissing) -> GroupElement
        /// Posts the root and waits until it is final.
        package let post: @Sendable (RightsRotate) async -> TransactionResult?
        /// A block of an outer layer that is not here, from another holder.
        package let fetch: @Sendable (CID, RecordingID) async -> [UInt8]?
        /// The pages of an outer manifest, from another holder.
        package let fetchPages: @Sendable (RecordingID, RightsEpoch) async -> [OuterManifestPage]
        /// Tells the network where the blocks of the new epoch are.
        package let announce: @Sendable (OuterManifest, [CID]) async -> Void

        package init(
            outerKey: @escaping @Sendable (RecordingID, RightsEpoch) async throws(SharesMissing) -> GroupElement,
            post: @escaping @Sendable (RightsRotate) async -> TransactionResult?,
            fetch: @escaping @Sendable (CID, RecordingID) async -> [UInt8]? = { _, _ in nil },
            fetchPages: @escaping @Sendable (RecordingID, RightsEpoch) async -> [OuterManifestPage] = { _, _ in [] },
            announce: @escaping @Sendable (OuterManifest, [CID]) async -> Void
        ) {
            self.outerKey = outerKey
            self.post = post
            self.fetch = fetch
            self.fetchPages = fetchPages
            self.announce = announce
        }
    }

    package enum Failure: Error, Equatable, Sendable {
        /// No outer manifest is here of an epoch that can still be rotated, and no other holder gives the agreed one.
        case notHeld
        /// A shard is not here, or its bytes went bad: it must come from another holder.
        case shardMissing(index: UInt64)
        /// Validators gave too few shares.
        case noKey(SharesMissing)
        /// The manifest here is not the one whose root is agreed.
        case otherRoot
        case store(ContentStoreError)
        case state(StateError)
        /// The root was not posted; the rotation itself is done.
        case notPosted(TransactionResult?)
    }

    package struct Outcome: Equatable, Sendable {
        package let epoch: RightsEpoch
        package let root: Digest
        /// Shards that this call rotated: none when there was nothing to do.
        package let rotatedCount: Int
    }

    private let chain: ChainID
    private let holder: MemberID
    private let store: any ContentStoring
    private let means: Means

    package init(chain: ChainID, holder: MemberID, store: any ContentStoring, means: Means) {
        self.chain = chain
        self.holder = holder
        self.store = store
        self.means = means
    }

    /// Brings what is held of `recording` to the current rights epoch and posts its root. Nil when this node is no
    /// holder of it, or it is not published.
    /// - Throws: `Failure`; calling again goes on from there.
    package func rotate(
        _ recording: RecordingID, over ledger: some LedgerReading
    ) async throws(Failure) -> Outcome? {
        var rotatedCount = 0
        while true {
            guard let facts = try await facts(recording, ledger) else { return nil }
            let current = facts.rights.epoch
            guard let held = try await heldEpoch(recording, facts.rights) else {
                let count = try await adopt(recording, facts.rights)
                return Outcome(epoch: current, root: facts.rights.root, rotatedCount: rotatedCount + count)
            }
            if held < current {
                let target = try await targetEpoch(recording, after: held, upTo: current)
                rotatedCount += try await rotate(recording, from: held, to: target, facts.rights)
                try await dropLayers(recording, before: target)
                // More revocations may have become final meanwhile: their epoch is the one to post.
                continue
            }
            let (manifest, pages) = try await manifest(recording, current)
            var hash = SHA256()
            let root = manifest.root(with: &hash)
            if facts.rights.rooted < current, facts.posted != RotationEntry(root: root, epoch: current) {
                let result = await means.post(RightsRotate(recording: recording, epoch: current, root: root))
                switch result {
                case .succeeded, .failed(.alreadyRotated): break
                case .failed(.epochMismatch): continue
                default: throw .notPosted(result)
                }
            } else if facts.rights.rooted == current, facts.rights.root != root {
                _ = try await adopt(recording, facts.rights)
                return Outcome(epoch: current, root: facts.rights.root, rotatedCount: rotatedCount)
            }
            await means.announce(manifest, pages.map(\.cid))
            return Outcome(epoch: current, root: root, rotatedCount: rotatedCount)
        }
    }

    // MARK: Steps

    /// A block of one layer, as the store lists it.
    private struct HeldBlock: Sendable {
        let cid: CID
        let tag: BlockTag
        let payer: MemberID
        let size: Int
    }

    private struct Facts: Sendable {
        let rights: RightsEntry
        let posted: RotationEntry?
    }

    private func facts(
        _ recording: RecordingID, _ ledger: some LedgerReading
    ) async throws(Failure) -> Facts? {
        let holder = holder
        do throws(StateError) {
            return try await ledger.read { view, _ throws(StateError) in
                func entry<Entry: WireObject>(_ type: Entry.Type, _ key: StateKey) throws(StateError) -> Entry? {
                    guard let bytes = try view.value(for: key) else { return nil }
                    guard let entry = try? Entry(decoding: bytes) else { throw .unreadable(key) }
                    return entry
                }
                guard let about = try entry(RecordingEntry.self, StateKey(.recording, recording)),
                    about.holders.contains(holder),
                    let rights = try entry(RightsEntry.self, StateKey(.rights, recording))
                else { return nil }
                let posted = try entry(RotationEntry.self, StateKey(.rotation, recording, holder))
                return Facts(rights: rights, posted: posted)
            }
        } catch {
            throw .state(error)
        }
    }

    /// The newest epoch whose manifest is here: it is written when its last shard is. Only epochs whose key a holder
    /// can still get are of use.
    private func heldEpoch(
        _ recording: RecordingID, _ rights: RightsEntry
    ) async throws(Failure) -> RightsEpoch? {
        let oldest = min(rights.rooted, rights.epoch.previous ?? rights.epoch)
        for number in (oldest.rawValue...rights.epoch.rawValue).reversed() {
            if !(try await blocks(recording, RightsEpoch(number), .page).isEmpty) { return RightsEpoch(number) }
        }
        return nil
    }

    /// Where to rotate to: first to the epoch that an interrupted rotation was on its way to, so that never two layers
    /// are under way at once; then to the current one.
    private func targetEpoch(
        _ recording: RecordingID, after held: RightsEpoch, upTo current: RightsEpoch
    ) async throws(Failure) -> RightsEpoch {
        for number in held.next.rawValue...current.rawValue {
            if !(try await blocks(recording, RightsEpoch(number), .shard).isEmpty) { return RightsEpoch(number) }
        }
        return current
    }

    private func rotate(
        _ recording: RecordingID, from held: RightsEpoch, to current: RightsEpoch, _ rights: RightsEntry
    ) async throws(Failure) -> Int {
        let (old, oldPages) = try await manifest(recording, held)
        var hash = SHA256()
        if rights.rooted == held, old.root(with: &hash) != rights.root { throw .otherRoot }
        let finished = try await blocks(recording, current, .shard)
        var rotation: OuterRotation
        do throws(RecordingError) {
            rotation = try OuterRotation(rotating: old, to: current)
            for done in finished {
                try rotation.completed(done.tag.index, BlockLink(cid: done.cid, size: done.size))
            }
        } catch {
            throw .otherRoot
        }
        let sources = Dictionary(
            try await blocks(recording, held, .shard).map { ($0.tag.index, $0) },
            uniquingKeysWith: { first, _ in first })
        let oldKey = try await key(recording, held)
        let newKey = try await key(recording, current)
        guard let removed = try? OuterLayer(oldKey, of: recording),
            let added = try? OuterLayer(newKey, of: recording)
        else { throw .otherRoot }
        var count = 0
        for step in rotation.remaining {
            let source = sources[step.index].flatMap { $0.cid == step.source.cid ? $0 : nil }
            var content = source == nil ? nil : try await self.content(of: step.source.cid)
            if content == nil { content = await means.fetch(step.source.cid, recording) }
            guard let content, let made = try? added.carryOut(step, on: content, removing: removed, with: &hash),
                (try? rotation.completed(step.index, made.link)) != nil
            else { throw .shardMissing(index: step.index) }
            let tag = BlockTag(recording: recording, epoch: current, role: .shard, index: step.index)
            let block = ContentBlock(
                cid: made.link.cid, tag: tag, payer: source?.payer ?? oldPages.first?.payer ?? holder,
                content: made.content)
            try await keep(block, insteadOf: source)
            count += 1
        }
        guard let manifest = try? rotation.manifest() else { throw .otherRoot }
        try await putPages(of: manifest, payer: oldPages.first?.payer ?? holder)
        return count
    }

    /// Takes over the agreed layer from other holders, for a holder that was away so long that the keys of what it has
    /// are given to nobody any more, or that has something else than was agreed. How many shards it fetched.
    private func adopt(_ recording: RecordingID, _ rights: RightsEntry) async throws(Failure) -> Int {
        guard rights.rooted == rights.epoch else { throw .notHeld }
        let pages = await means.fetchPages(recording, rights.epoch)
        var hash = SHA256()
        guard let manifest = try? OuterManifestPage.manifest(of: pages, root: rights.root, with: &hash),
            manifest.recording == recording, manifest.epoch == rights.epoch
        else { throw .notHeld }
        var count = 0
        for shard in manifest.shards {
            let tag = BlockTag(recording: recording, epoch: rights.epoch, role: .shard, index: shard.index)
            var content = try await content(of: shard.link.cid)
            if content == nil {
                content = await means.fetch(shard.link.cid, recording)
                count += 1
            }
            guard let content, shard.link.matches(content, with: &hash) else {
                throw .shardMissing(index: shard.index)
            }
            try await keep(
                ContentBlock(cid: shard.link.cid, tag: tag, payer: holder, content: content), insteadOf: nil)
        }
        try await dropLayers(recording, before: rights.epoch)
        try await putPages(of: manifest, payer: holder)
        await means.announce(
            manifest, OuterManifestPage.pages(of: manifest).map { $0.cid(with: &hash) })
        return count
    }

    private func keep(_ block: ContentBlock, insteadOf old: HeldBlock?) async throws(Failure) {
        do throws(ContentStoreError) {
            if let old {
                try await store.replace(
                    .init(cid: old.cid, tag: old.tag, payer: old.payer, size: old.size), with: block)
            } else {
                try await store.put(block)
            }
        } catch {
            throw .store(error)
        }
    }

    private func putPages(of manifest: OuterManifest, payer: MemberID) async throws(Failure) {
        var hash = SHA256()
        for page in OuterManifestPage.pages(of: manifest) {
            let content = page.encoded
            let tag = BlockTag(
                recording: manifest.recording, epoch: manifest.epoch, role: .page, index: UInt64(page.page))
            let block = ContentBlock(
                cid: CID(of: content, .dagCBOR, with: &hash), tag: tag, payer: payer, content: content)
            do throws(ContentStoreError) { try await store.put(block) } catch { throw .store(error) }
        }
    }

    /// The outer manifest of an epoch, from the pages that are here.
    private func manifest(
        _ recording: RecordingID, _ epoch: RightsEpoch
    ) async throws(Failure) -> (OuterManifest, [HeldBlock]) {
        let stored = try await blocks(recording, epoch, .page)
        var pages: [OuterManifestPage] = []
        for block in stored {
            guard let content = try await content(of: block.cid),
                let page = try? OuterManifestPage(decoding: content), page.page == pages.count,
                page.recording == recording, page.epoch == epoch
            else { throw .notHeld }
            pages.append(page)
        }
        guard let first = pages.first,
            let manifest = try? OuterManifest(
                recording: recording, epoch: epoch, parityShards: first.parityShards, shards: pages.flatMap(\.shards)),
            manifest.shards.count == first.count
        else { throw .notHeld }
        return (manifest, stored)
    }

    private func dropLayers(_ recording: RecordingID, before epoch: RightsEpoch) async throws(Failure) {
        guard let last = epoch.previous, last > .zero else { return }
        do throws(ContentStoreError) {
            try await store.drop(recording, epochs: RightsEpoch(1)...last, roles: [.shard, .page])
        } catch {
            throw .store(error)
        }
    }

    private func key(_ recording: RecordingID, _ epoch: RightsEpoch) async throws(Failure) -> SecretKey {
        do throws(SharesMissing) {
            let element = try await means.outerKey(recording, epoch)
            return ThresholdOuterKey(chain: chain, recording: recording, rightsEpoch: epoch).key(from: element)
        } catch {
            throw .noKey(error)
        }
    }

    private func content(of cid: CID) async throws(Failure) -> [UInt8]? {
        do throws(ContentStoreError) {
            return try await store.content(of: cid)
        } catch {
            if error == .damaged { return nil }
            throw .store(error)
        }
    }

    /// All blocks of one role, ascending by index.
    private func blocks(
        _ recording: RecordingID, _ epoch: RightsEpoch, _ role: BlockRole
    ) async throws(Failure) -> [HeldBlock] {
        var found: [HeldBlock] = []
        var place: UInt64 = 0
        do throws(ContentStoreError) {
            while true {
                let part = try await store.blocks(of: recording, epoch: epoch, from: role, index: place, limit: 1_024)
                found += part.filter { $0.tag.role == role }.map {
                    HeldBlock(cid: $0.cid, tag: $0.tag, payer: $0.payer, size: $0.size)
                }
                guard let last = part.last, last.tag.role == role, part.count == 1_024 else { return found }
                place = last.tag.index + 1
            }
        } catch {
            throw .store(error)
        }
    }
}
