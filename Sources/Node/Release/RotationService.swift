package import ContentStore
import Crypto
import EventLoop
package import Ledger
package import Primitives
package import Recording
import Synchronization
package import Wire

/// Watches for revocations of what this node holds: shuts the old layer at once, rotates it, posts the new root.
package final class RotationService: NodeServicing {
    /// Where the blocks of a new layer can be had from now on.
    package typealias Announcement = @Sendable (OuterManifest, [CID]) async -> Void

    /// Recordings that wait; beyond, a revocation is picked up by the sweep.
    package static let waitingMax = 4_096
    /// How long a rotation that failed waits, at first and at most.
    package static let pauseMin = Duration.milliseconds(250)
    package static let pauseMax = Duration.seconds(30)

    /// What serves blocks asks here first.
    package let gate: RotationGate
    private let node: NodeRuntime
    private let rotator: OuterRotator
    private let worker = Mutex<Task<Void, Never>?>(nil)
    private let waiting: AsyncStream<RecordingID>
    private let wake: AsyncStream<RecordingID>.Continuation

    package init(
        node: NodeRuntime, store: any ContentStoring, gate: RotationGate = RotationGate(),
        announce: @escaping Announcement
    ) {
        self.node = node
        self.gate = gate
        (waiting, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(Self.waitingMax))
        rotator = OuterRotator(
            chain: node.rules.chain, holder: node.member, store: store,
            means: OuterRotator.Means(
                outerKey: { recording, epoch throws(SharesMissing) in
                    try await node.outerKey(of: recording, epoch: epoch)
                },
                post: { await node.post(.rightsRotate($0)) }, announce: announce))
    }

    package func install(on node: NodeRuntime) async {
        let (gate, wake) = (gate, wake)
        await node.chain.listen { block in
            for (key, value) in block.executed.writes where key.prefix == .rights {
                guard let value, let rights = try? RightsEntry(decoding: value) else { continue }
                let recording = RecordingID(raw: key.first)
                if gate.raise(recording, to: rights.epoch) { wake.yield(recording) }
            }
        }
        worker.withLock { $0 = Task { await self.work() } }  // Ended by `stop`.
    }

    package func stop() async {
        wake.finish()
        worker.withLock { $0 }?.cancel()
    }

    /// First what was interrupted or missed while the node was down, then what comes.
    private func work() async {
        for recording in await held() { await rotate(recording) }
        for await recording in waiting {
            if Task.isCancelled { return }
            await rotate(recording)
        }
    }

    private func held() async -> [RecordingID] {
        guard let entries = try? await node.chain.values(under: .recording) else { return [] }
        var recordings: [RecordingID] = []
        for (key, bytes) in entries {
            guard let entry = try? RecordingEntry(decoding: bytes), entry.holders.contains(node.member) else {
                continue
            }
            let recording = RecordingID(raw: key.first)
            if let rights = try? await node.chain.entry(RightsEntry.self, StateKey(.rights, recording)) {
                _ = gate.raise(recording, to: rights.epoch)
                recordings.append(recording)
            }
        }
        return recordings
    }

    private func rotate(_ recording: RecordingID) async {
        var pause = Self.pauseMin
        while !Task.isCancelled {
            do throws(OuterRotator.Failure) {
                if let outcome = try await rotator.rotate(recording, over: node.chain) {
                    node.log(
                        .info, "layer_rotated",
                        [
                            "recording": .id(recording), "epoch": .counter(outcome.epoch),
                            "shards": .count(outcome.rotatedCount),
                        ])
                }
                return
            } catch {
                node.log(
                    .warning, "layer_not_rotated", ["recording": .id(recording), "why": .word(error.word)])
                // Nothing here can be rotated, now or later: what is held must come from another holder.
                if error == .notHeld || error == .otherRoot { return }
            }
            try? await Task.sleep(for: pause)
            pause = min(pause * 2, Self.pauseMax)
        }
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

extension NodeRuntime {
    /// O of an epoch, for a recording that this node is an assigned holder of: an element for
    /// `ThresholdOuterKey.key(from:)`.
    package func outerKey(
        of recording: RecordingID, epoch: RightsEpoch
    ) async throws(SharesMissing) -> GroupElement {
        let chainID = rules.chain
        let circle = try? await chain.read { view, _ throws(StateError) in
            try ReleaseCircle(chain: chainID, in: view)
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
