package import ContentStore
import Crypto
import EventLoop
package import Ledger
import Links
package import Primitives
package import Recording
import Synchronization
package import Wire

/// Watches for revocations of what this node holds, rotates the outer layer, posts the new root. That old blocks are no
/// longer given out needs nobody to tell: whoever serves blocks asks the ledger, which is where the epoch rose.
package final class RotationService: NodeServicing {
    /// Where the blocks of a new layer can be had from now on.
    package typealias Announcement = @Sendable (OuterManifest, [CID]) async -> Void

    /// Recordings that wait; beyond, a revocation is picked up by the sweep.
    package static let waitingMax = 4_096
    /// How long a rotation that failed waits at first; each time twice as long.
    package static let pauseMin = Duration.milliseconds(250)
    /// How often in a row it is tried before others have their turn.
    package static let triesMax = 5
    /// How often those that still fail are taken up again.
    package static let sweepInterval = Duration.seconds(30)

    private let node: NodeRuntime
    private let rotator: OuterRotator
    private let worker = Mutex<Task<Void, Never>?>(nil)
    private let failed = Mutex<Set<RecordingID>>([])
    private let waiting: AsyncStream<RecordingID>
    private let wake: AsyncStream<RecordingID>.Continuation

    package init(
        node: NodeRuntime, store: any ContentStoring,
        fetch: @escaping @Sendable (CID, RecordingID) async -> [UInt8]? = { _, _ in nil },
        fetchPages: @escaping @Sendable (RecordingID, RightsEpoch) async -> [OuterManifestPage] = { _, _ in [] },
        announce: @escaping Announcement
    ) {
        self.node = node
        (waiting, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(Self.waitingMax))
        rotator = OuterRotator(
            chain: node.rules.chain, holder: node.member, store: store,
            means: OuterRotator.Means(
                outerKey: { recording, epoch throws(SharesMissing) in
                    try await node.outerKey(of: recording, epoch: epoch)
                },
                post: { await node.post(.rightsRotate($0)) }, fetch: fetch, fetchPages: fetchPages,
                announce: announce))
    }

    /// Rotates what a content service holds; what is missing comes from the other holders by the same way.
    package convenience init(node: NodeRuntime, content: ContentService) {
        self.init(
            node: node, store: content.store,
            fetch: { cid, recording in await content.find(cid, recording: recording) },
            fetchPages: { recording, epoch in await content.outerPages(of: recording, epoch: epoch) },
            announce: { manifest, pages in await node.dht.provide(manifest.shards.map(\.link.cid) + pages) })
    }

    package func install(on node: NodeRuntime) async {
        let wake = wake
        await node.chain.listen { block in
            for (key, value) in block.executed.writes where key.prefix == .rights {
                guard let value, let rights = try? RightsEntry(decoding: value), rights.rooted < rights.epoch
                else { continue }
                wake.yield(RecordingID(raw: key.first))
            }
        }
        worker.withLock { $0 = Task { await self.work() } }  // Ended by `stop`.
    }

    package func stop() async {
        wake.finish()
        worker.withLock { $0 }?.cancel()
    }

    /// First what was interrupted or missed while the node was down, then what comes; and now and then what failed.
    private func work() async {
        for recording in await held() { await rotate(recording) }
        await withTaskGroup { group in
            group.addTask { [self] in
                for await recording in waiting where !Task.isCancelled { await rotate(recording) }
            }
            group.addTask { [self] in
                while (try? await Task.sleep(for: Self.sweepInterval)) != nil {
                    for recording in failed.withLock({ $0.sorted() }) { wake.yield(recording) }
                }
            }
            await group.next()
            group.cancelAll()
        }
    }

    private func held() async -> [RecordingID] {
        guard let entries = try? await node.chain.values(under: .recording) else { return [] }
        var recordings: [RecordingID] = []
        for (key, bytes) in entries {
            guard let entry = try? RecordingEntry(decoding: bytes), entry.holders.contains(node.member) else {
                continue
            }
            recordings.append(RecordingID(raw: key.first))
        }
        return recordings
    }

    private func rotate(_ recording: RecordingID) async {
        var pause = Self.pauseMin
        for _ in 0..<Self.triesMax {
            do throws(OuterRotator.Failure) {
                let outcome = try await rotator.rotate(recording, over: node.chain)
                failed.withLock { _ = $0.remove(recording) }
                if let outcome {
                    node.log(
                        .info, "layer_rotated",
                        [
                            "recording": .id(recording), "epoch": .counter(outcome.epoch),
                            "shards": .count(outcome.rotatedCount),
                        ])
                }
                return
            } catch {
                node.log(.warning, "layer_not_rotated", ["recording": .id(recording), "why": .word(error.word)])
            }
            guard (try? await Task.sleep(for: pause)) != nil else { return }
            pause *= 2
        }
        failed.withLock { _ = $0.insert(recording) }
    }
}

extension OuterRotator.Failure {
    /// Without what it carries.
    var word: String {
        switch self {
        case .notHeld: "not_held"
        case .shardMissing: "shard_missing"
        case .noKey: "no_key"
        case .otherRoot: "other_root"
        case .store: "store"
        case .state: "state"
        case .notPosted: "not_posted"
        }
    }
}

extension ContentService {
    /// The pages of an outer manifest, from here or from the first holder that has them; empty when nobody has.
    func outerPages(of recording: RecordingID, epoch: RightsEpoch) async -> [OuterManifestPage] {
        var pages: [OuterManifestPage] = []
        // A holder that lists pages without end is cut off.
        while pages.count < Self.outerPagesMax {
            let tag = BlockTag(recording: recording, epoch: epoch, role: .page, index: UInt64(pages.count))
            guard let index = await findIndex(from: tag), !index.blocks.isEmpty else { return pages }
            for block in index.blocks {
                guard block.index == UInt64(pages.count), let bytes = await find(block.cid, recording: recording),
                    let page = try? OuterManifestPage(decoding: bytes)
                else { return [] }
                pages.append(page)
            }
        }
        return []
    }

    /// Far more than the largest recording's outer manifest has.
    private static var outerPagesMax: Int { 4_096 }
}

extension NodeRuntime {
    /// O of an epoch, for a recording that this node is an assigned holder of: an element for
    /// `ThresholdOuterKey.key(from:)`.
    package func outerKey(
        of recording: RecordingID, epoch: RightsEpoch
    ) async throws(SharesMissing) -> GroupElement {
        let (chainID, genesis) = (rules.chain, rules.genesis)
        let circle = try? await chain.read { view, _ throws(StateError) in
            try ReleaseCircle(chain: chainID, genesis: genesis, in: view)
        }
        guard let circle else { throw SharesMissing(have: 0, need: 1, refusals: [], faulty: []) }
        let gatherer = ShareGatherer(
            circle: circle, asker: NodeShareAsker(node: self), member: member, signer: keys.sign)
        let shares = try await gatherer.outerKey(of: recording, epoch: epoch, as: .holder, to: .generate())
        for validator in shares.faulty { log(.error, "bad_share", ["validator": .id(validator)]) }
        return shares.elements[0]
    }

    /// Signs an operation as this node's member and waits until it is final; nil when that could not be had.
    package func post(_ operation: Ledger.Operation) async -> TransactionResult? {
        let transaction = Transaction(
            operation, from: AuthorID(member), chain: rules.chain,
            nonce: SecureRandom.bytes(count: Transaction.nonceByteCount),
            until: SystemTime.utc.adding(milliseconds: rules.genesis.limits.untilWindow / 2))
        let envelope = keys.sign.sign(.transaction, chain: rules.chain, body: transaction.encoded)
        do throws(SubmitError) {
            return try await chain.execute(envelope.encoded, within: .seconds(20)).result
        } catch {
            if case .failing(let result) = error { return result }
            return nil
        }
    }
}
