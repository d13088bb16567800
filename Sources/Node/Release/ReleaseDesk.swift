package import Crypto
import Ledger
package import Primitives
import Wire

/// Where a validator decides what it releases, and does so: it holds the shares of two threshold keys and answers
/// signed requests, each by itself, from the newest final state.
///
/// What is evaluated comes from the ledger: of a wrap the one that is proven to stand where the sender's seal has it,
/// of an outer key the point that follows from its names. The request brings bytes to be held against that, and
/// nothing that is used without. What the answer is sealed to stands in the lease.
package final class ReleaseDesk: Sendable {
    /// How far a request's time may lie from the newest record's, in milliseconds. A replayed request is harmless,
    /// since its answer is sealed to the same key; this bounds for how long it is work.
    package static let freshnessMilliseconds: UInt64 = 60_000

    private let chain: ChainID
    private let held: NodeShares
    private let sealer: AgreementSecret
    private let verifier = SignatureVerifier()

    /// - Parameters:
    ///   - shares: what is missing among them is answered with a refusal.
    ///   - sealer: the validator's agreement key on the ledger: answers are authenticated with it.
    package init(chain: ChainID, shares: NodeShares, sealer: AgreementSecret) {
        self.chain = chain
        held = shares
        self.sealer = sealer
    }

    // MARK: Shares of lease-group keys

    /// Answers a viewer's request for shares of the wraps of one leased group.
    package func shares(
        for request: [UInt8], over ledger: some LedgerReading
    ) async throws(ReleaseRefusal) -> ReleaseAnswer {
        let signed: SignedKeyRequest<WrapShareRequest> = try await check(request, over: ledger)
        let asked = signed.request
        var wraps: [SignedGroupWrap] = []
        for proven in asked.wraps {
            do throws(WireError) { wraps.append(try SignedGroupWrap(leaf: proven.wrap)) } catch { throw .badWrap }
        }
        let subjects = wraps.map(\.wrap.subject)
        guard subjects.allSatisfy({ $0.recording == asked.recording && $0.group == asked.group }) else {
            throw .badWrap
        }
        let (key, places) = try await read(ledger) { view, tip throws(StateError) in
            let release = Release(over: view, at: tip.record.time)
            var places: [Release.WrapPlace?] = []
            for subject in subjects {
                places.append(
                    try release.wrapPlace(
                        recording: asked.recording, sender: subject.sender, track: UInt64(subject.track),
                        group: asked.group))
            }
            let key = try release.leaseKey(of: asked.member, recording: asked.recording, group: asked.group)
            return (key, places)
        }
        guard let key else { throw .noLease }
        var hash = SHA256()
        for ((proven, wrap), place) in zip(zip(asked.wraps, wraps), places) {
            guard let place else { throw .notReleasable }
            guard place.holds(proven.wrap, proof: proven.proof, with: &hash) else { throw .unprovenWrap }
            guard verifier.verified(wrap, in: chain) != nil else { throw .badWrap }
        }
        let evaluation: PartialEvaluation?
        do throws(RistrettoError) {
            evaluation = try held.wraps?.evaluate(wraps.map(\.wrap), chain: chain)
        } catch {
            throw .badWrap
        }
        guard let evaluation else { throw .unavailable }
        return try seal(evaluation, answering: signed.object, to: key)
    }

    // MARK: Outer keys

    /// Answers a holder's or a viewer's request for a share of an outer key.
    package func outerKey(
        for request: [UInt8], over ledger: some LedgerReading
    ) async throws(ReleaseRefusal) -> ReleaseAnswer {
        let signed: SignedKeyRequest<OuterKeyRequest> = try await check(request, over: ledger)
        let asked = signed.request
        switch asked.role {
        case .holder:
            let mayOpen = try await read(ledger) { view, tip throws(StateError) in
                try Release(over: view, at: tip.record.time).holderMayOpen(
                    asked.member, recording: asked.recording, epoch: asked.epoch)
            }
            guard mayOpen else { throw .notHolder }
        case .viewer:
            let key = try await read(ledger) { view, tip throws(StateError) in
                try Release(over: view, at: tip.record.time).outerKey(
                    for: asked.member, recording: asked.recording, epoch: asked.epoch)
            }
            guard let key else { throw .noLease }
            guard key == asked.key else { throw .otherKey }
        }
        let name = ThresholdOuterKey(chain: chain, recording: asked.recording, rightsEpoch: asked.epoch)
        guard let evaluation = try? held.outer?.evaluate(name) else { throw .unavailable }
        return try seal(evaluation, answering: signed.object, to: asked.key)
    }

    // MARK: Steps

    /// Reads a request, and checks that an active member signed it, just now.
    private func check<Body: KeyRequest>(
        _ bytes: [UInt8], over ledger: some LedgerReading
    ) async throws(ReleaseRefusal) -> SignedKeyRequest<Body> {
        let signed: SignedKeyRequest<Body>
        do throws(WireError) {
            var reader = CBORReader(bytes)
            let object = try SignedObject(from: &reader, bodyMax: Body.byteCountMax)
            try reader.finish()
            signed = try SignedKeyRequest(object)
        } catch {
            throw .malformed
        }
        let member = signed.request.member
        let (entry, now) = try await read(ledger) { view, tip throws(StateError) in
            let bytes = try view.value(for: StateKey(.member, member))
            return (bytes.flatMap { try? MemberEntry(decoding: $0) }, tip.record.time)
        }
        guard let entry, entry.standing == .active else { throw .unknownMember }
        guard verifier.verified(signed, in: .init(chain: chain, key: entry.keys.sign)) != nil else {
            throw .badSignature
        }
        let distance = max(now.milliseconds(since: signed.request.time), signed.request.time.milliseconds(since: now))
        guard distance <= Self.freshnessMilliseconds else { throw .stale }
        return signed
    }

    private func read<Value: Sendable>(
        _ ledger: some LedgerReading, _ body: @Sendable (any StateView, LedgerTip) throws(StateError) -> Value
    ) async throws(ReleaseRefusal) -> Value {
        do throws(StateError) {
            return try await ledger.read(body)
        } catch {
            throw .unavailable
        }
    }

    private func seal(
        _ evaluation: PartialEvaluation, answering request: SignedObject, to key: AgreementKey
    ) throws(ReleaseRefusal) -> ReleaseAnswer {
        do throws(CryptoError) {
            return try ReleaseAnswer.seal(evaluation, answering: request, to: key, from: sealer, chain: chain)
        } catch {
            throw .otherKey
        }
    }
}
