package import Primitives
package import Wire

/// The records and providers that this node keeps for others.
///
/// One record lies at each (location, kind). The writer's next sequence replaces it; another writer replaces it only
/// when the ledger no longer lets the first one write there. Nothing outlives its expiry.
package struct RecordStore: Equatable, Sendable {
    package enum PutResult: Equatable, Sendable {
        case stored
        /// The very same record lies here already: as good as stored.
        case unchanged
        case refused(Response.Refusal)
    }

    package struct Place: Hashable, Sendable {
        package let location: DHTKey
        package let kind: StoredRecord.Kind
    }

    private struct Held: Equatable, Sendable {
        let record: SignedRecord
        let byteCount: Int
        /// Who brought it, and is charged for it.
        let storer: MemberID
        var handedOnAt: Timestamp
        let evidence: [UInt8]
    }

    /// A record with what shows that it may be written, as its next holder needs it.
    package struct HandOn: Equatable, Sendable {
        package let record: SignedRecord
        package let evidence: [UInt8]
    }

    private let limits: Limits
    private var held: [Place: Held] = [:]
    private var byteCount = 0
    private var countByStorer: [MemberID: Int] = [:]
    private var providers: [CID: [SignedProvider]] = [:]

    package init(limits: Limits = Limits()) { self.limits = limits }

    package var count: Int { held.count }
    package var providedContentCount: Int { providers.count }

    /// Keeps a record whose signature holds and whose writer the ledger lets write (`K-5`). `writerMayReplace` says
    /// that a different writer's record here has lost its standing.
    package mutating func put(
        _ verified: Verified<SignedRecord>, evidence: [UInt8], expected: UInt64?, from storer: MemberID,
        writerMayReplace: Bool, now: Timestamp
    ) -> PutResult {
        let record = verified.value
        let place = Place(location: record.record.location, kind: record.record.kind)
        guard record.record.expiry > now, record.record.expiry <= now.adding(milliseconds: limits.expiryAheadMax) else {
            return .refused(.expiry)
        }
        let current = live(at: place, now: now)
        if let current {
            if current.record == record { return .unchanged }
            if current.record.writer != record.writer {
                guard writerMayReplace else { return .refused(.notAuthorised) }
            } else if current.record.record.sequence >= record.record.sequence {
                return .refused(.stale)
            }
        }
        if let expected, expected != current?.record.record.sequence { return .refused(.conflict) }
        remove(place)
        let size = record.object.body.count + evidence.count + 160
        guard held.count < limits.recordsMax, byteCount + size <= limits.recordBytesMax,
            countByStorer[storer, default: 0] < limits.recordsPerStorerMax
        else {
            if let current { insert(current, at: place) }  // K-6: what was kept stays when there is no room for more.
            return .refused(.full)
        }
        insert(
            Held(record: record, byteCount: size, storer: storer, handedOnAt: now, evidence: evidence), at: place)
        return .stored
    }

    package func get(_ location: DHTKey, _ kind: StoredRecord.Kind, now: Timestamp) -> SignedRecord? {
        live(at: Place(location: location, kind: kind), now: now)?.record
    }

    /// Remembers a provider; the one that expires first gives way when there are too many.
    package mutating func provide(_ verified: Verified<SignedProvider>, now: Timestamp) -> PutResult {
        let provider = verified.value
        guard provider.record.expiry > now, provider.record.expiry <= now.adding(milliseconds: limits.expiryAheadMax)
        else { return .refused(.expiry) }
        var list = providers[provider.record.content] ?? []
        let before = list.count
        list.removeAll { $0.record.member == provider.record.member || $0.record.expiry <= now }
        if before == 0, providers.count >= limits.recordsMax { return .refused(.full) }
        list.append(provider)
        list.sort { ($0.record.expiry, $0.record.member) > ($1.record.expiry, $1.record.member) }
        providers[provider.record.content] = Array(list.prefix(limits.providersPerContentMax))
        return .stored
    }

    package func providers(of content: CID, now: Timestamp) -> [SignedProvider] {
        (providers[content] ?? []).filter { $0.record.expiry > now }
    }

    /// Forgets what has expired (`K-7`).
    package mutating func expire(now: Timestamp) {
        for place in held.filter({ $0.value.record.record.expiry <= now }).keys { remove(place) }
        for (content, list) in providers {
            let live = list.filter { $0.record.expiry > now }
            providers[content] = live.isEmpty ? nil : live
        }
    }

    /// Records not handed on for `period` milliseconds, in the order of their places: each goes to the nodes that are
    /// closest now, so that a dead holder is replaced (`K-8`). At most `max` of them.
    package mutating func dueForHandOn(every period: UInt64, max: Int, now: Timestamp) -> [HandOn] {
        let due = held.filter { now.milliseconds(since: $0.value.handedOnAt) >= period }.keys
            .sorted { ($0.location, $0.kind.rawValue) < ($1.location, $1.kind.rawValue) }.prefix(max)
        return due.compactMap { place in
            guard var entry = held[place], entry.record.record.expiry > now else { return nil }
            entry.handedOnAt = now
            held[place] = entry
            return HandOn(record: entry.record, evidence: entry.evidence)
        }
    }

    private func live(at place: Place, now: Timestamp) -> Held? {
        guard let entry = held[place], entry.record.record.expiry > now else { return nil }
        return entry
    }

    private mutating func insert(_ entry: Held, at place: Place) {
        held[place] = entry
        byteCount += entry.byteCount
        countByStorer[entry.storer, default: 0] += 1
    }

    private mutating func remove(_ place: Place) {
        guard let entry = held.removeValue(forKey: place) else { return }
        byteCount -= entry.byteCount
        let left = countByStorer[entry.storer, default: 1] - 1
        countByStorer[entry.storer] = left == 0 ? nil : left
    }
}
