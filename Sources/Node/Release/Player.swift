import Crypto
import Ledger
package import Primitives
import Recording
import Wire

/// Plays a recording for a viewer, group by group: a lease on the ledger, shares of the keys that it opens, the outer
/// layer off, frames opened and proven. What it does not lease it cannot open.
///
/// One group plays while the next is leased, no sooner than the limits allow, so nothing is open beyond the two. Keys
/// are dropped with their group.
package struct Player: Sendable {
    /// How often it looks whether holders have agreed on a new layer after a revocation, and for how long.
    package static let layerPause = Duration.milliseconds(200)
    package static let layerTriesMax = 50
    /// A lease lives this much shorter than it may, in milliseconds: clocks differ.
    package static let leaseSlackMilliseconds: UInt64 = 10_000

    private let home: any PlaybackHome
    private let source: any RecordingSource
    private let limits: LeaseLimits
    private let wait: @Sendable (Duration) async -> Void

    /// - Parameter wait: sleeps; tests let the ledger's time pass.
    package init(
        home: any PlaybackHome, source: any RecordingSource, limits: LeaseLimits,
        wait: @escaping @Sendable (Duration) async -> Void = { try? await Task.sleep(for: $0) }
    ) {
        self.home = home
        self.source = source
        self.limits = limits
        self.wait = wait
    }

    /// Plays the groups of `range`, all without one, and hands each to `show` as it opens. What ended it early stands
    /// in the report.
    /// - Throws: `PlaybackError` when nothing could be played at all, and whatever `show` throws.
    package func play(
        _ recording: RecordingID, groups range: ClosedRange<GroupIndex>? = nil,
        show: (PlayedGroup) async throws -> Void
    ) async throws -> PlaybackReport {
        let sealed = try await SealedTracks(recording, from: home, source)
        let circle = try await home.circle()
        let gatherer = ShareGatherer(
            circle: circle, asker: home, member: home.member, signer: home.signer, clock: { [home] in home.now })
        var report = PlaybackReport(recording: recording)
        report.senders = sealed.standings
        var layer: OpenedLayer?
        var leasedAt: Timestamp?
        for group in sealed.groups where range?.contains(group) ?? true {
            do throws(PlaybackError) {
                if let leasedAt, report.groups.last?.next == group { await pass(since: leasedAt) }
                let key = AgreementSecret.generate()
                leasedAt = try await lease(group, of: recording, to: key)
                let open = try await self.layer(recording, layer, sealed, gatherer, circle, key, &report)
                layer = open
                let played = try await self.open(group, in: open, sealed, gatherer, circle, key, &report)
                report.groups.append(group)
                report.frameCount += played.frames.count
                report.provenFrameCount += played.frames.count { $0.isProven }
                try await hand(played, to: show)
            } catch {
                guard !report.groups.isEmpty else { throw error }
                report.ended = error
                return report
            }
        }
        return report
    }

    /// What the caller throws ends everything and is not a failure of playing.
    private func hand(
        _ group: PlayedGroup, to show: (PlayedGroup) async throws -> Void
    ) async throws(PlaybackError) {
        do { try await show(group) } catch { throw .file }
    }

    // MARK: Leases

    /// Waits until the next group may be leased.
    private func pass(since leasedAt: Timestamp) async {
        let passed = home.now.milliseconds(since: leasedAt)
        if passed < limits.spacingMilliseconds {
            await wait(.milliseconds(limits.spacingMilliseconds - passed))
        }
    }

    /// The time before the lease: the next may be asked for a spacing later.
    private func lease(
        _ group: GroupIndex, of recording: RecordingID, to key: AgreementSecret
    ) async throws(PlaybackError) -> Timestamp {
        let life = limits.lifetimeMillisecondsMax
        let slack = min(Self.leaseSlackMilliseconds, life / 2)
        var tries = 0
        while true {
            let now = home.now
            let result = try await home.lease(
                RightsLease(
                    recording: recording, group: group, key: key.publicKey,
                    notAfter: now.adding(milliseconds: life - slack)))
            if result == .succeeded { return now }
            // The ledger counts from record to record, which may be a little later than this clock said.
            guard result == .leaseRefused(.tooSoon), tries < 10 else {
                throw result == .failed(.notPublished) ? .notPublished : .leaseRefused(result)
            }
            tries += 1
            await wait(.milliseconds(500))
        }
    }

    // MARK: Keys

    /// The outer layer of the current rights epoch: the one at hand, unless a revocation came in between.
    private func layer(
        _ recording: RecordingID, _ known: OpenedLayer?, _ sealed: SealedTracks, _ gatherer: ShareGatherer,
        _ circle: ReleaseCircle, _ key: AgreementSecret, _ report: inout PlaybackReport
    ) async throws(PlaybackError) -> OpenedLayer {
        for _ in 0..<Self.layerTriesMax {
            guard let rights = try await home.fact(RightsEntry.self, StateKey(.rights, recording)) else {
                throw .notPublished
            }
            if let known, known.epoch == rights.epoch { return known }
            guard rights.rooted == rights.epoch else {
                await wait(Self.layerPause)
                continue
            }
            let shares: CollectedShares
            do throws(SharesMissing) {
                shares = try await gatherer.outerKey(of: recording, epoch: rights.epoch, as: .viewer, to: key)
            } catch {
                throw .sharesMissing(error)
            }
            report.blame(shares.faulty)
            return try await OpenedLayer(
                recording, epoch: rights.epoch, root: rights.root, element: shares.elements[0], chain: circle.chain,
                sealed: sealed, source: source)
        }
        throw .layerPending(try await home.fact(RightsEntry.self, StateKey(.rights, recording))?.epoch ?? .zero)
    }

    private func open(
        _ group: GroupIndex, in layer: OpenedLayer, _ sealed: SealedTracks, _ gatherer: ShareGatherer,
        _ circle: ReleaseCircle, _ key: AgreementSecret, _ report: inout PlaybackReport
    ) async throws(PlaybackError) -> PlayedGroup {
        var opener = GroupOpener(chain: circle.chain)
        let wraps = try await self.wraps(of: group, sealed)
        for start in stride(from: 0, to: wraps.count, by: PartialEvaluation.elementCountMax) {
            let part = Array(wraps[start..<min(start + PartialEvaluation.elementCountMax, wraps.count)])
            let shares: CollectedShares
            do throws(SharesMissing) {
                shares = try await gatherer.groupKeys(
                    of: report.recording, group: group, wraps: part, to: key)
            } catch {
                throw .sharesMissing(error)
            }
            report.blame(shares.faulty)
            let seal = WrapSeal(chain: circle.chain, publicKey: circle.wraps.publicKey)
            for (wrap, element) in zip(part, shares.elements) {
                opener.add(wrap.signed.wrap, combined: element, by: seal)
            }
        }
        for tracks in try await layer.tracks() {
            for track in tracks.tracks {
                let segments = try await layer.segments(group, of: track, tracks.sender)
                report.unopenedFrameCount += opener.open(segments)
            }
        }
        return PlayedGroup(group: group, tracks: sealed.tracks, frames: opener.frames)
    }

    /// The wraps of a group with their proofs, from everybody who may be played: all that consent covered.
    private func wraps(
        of group: GroupIndex, _ sealed: SealedTracks
    ) async throws(PlaybackError) -> [(signed: SignedGroupWrap, proof: [Digest])] {
        var found: [(signed: SignedGroupWrap, proof: [Digest])] = []
        for sender in sealed.playable where sender.seal.accepts(group) {
            let leaves = try await source.wraps(of: sealed.recording, sender: sender.key)
            var hash = SHA256()
            var hashes: [Digest] = []
            for leaf in leaves { hashes.append(MerkleTree.leafHash(leaf, with: &hash)) }
            guard MerkleTree.root(of: hashes, with: &hash) == sender.seal.wraps else { throw .mismatch }
            for track in sender.seal.tracks {
                guard let place = sender.seal.wrapPlace(track: track.id, group: group) else { continue }
                guard place.size == UInt64(leaves.count) else { throw .mismatch }
                // Where a track was silent for a whole group nothing was wrapped.
                if leaves[Int(place.index)].isEmpty { continue }
                guard
                    let proof = MerkleTree.inclusionProof(of: Int(place.index), in: hashes[...], with: &hash),
                    let signed = try? SignedGroupWrap(leaf: leaves[Int(place.index)])
                else { throw .mismatch }
                found.append((signed, proof))
            }
        }
        return found
    }
}
