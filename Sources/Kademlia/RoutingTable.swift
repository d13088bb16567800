package import Primitives

/// The nodes we know and whether they answer.
///
/// The ledger names every node, so a full node's table holds them all and a lookup is one hop. A client may hold a part
/// and find the rest by ``Lookup``. Distance is exclusive or (Maymounkov and Mazières, IPTPS 2002, section 2.1).
package struct RoutingTable: Equatable, Sendable {
    /// What we know of a node's life. A node is dead after `failuresToDead` silent requests in a row and is tried
    /// again after a pause that doubles.
    private struct Health: Equatable, Sendable {
        var estimator = RoundTripEstimator()
        var failures = 0
        var retryAt: Duration?
    }

    package static let failuresToDead = 2
    package static let retryAfterMin = Duration.seconds(2)
    package static let retryAfterMax = Duration.seconds(120)

    private let limits: Limits
    private var contacts: [Contact] = []
    private var health: [DHTKey: Health] = [:]

    package init(limits: Limits = Limits()) { self.limits = limits }

    package var count: Int { contacts.count }
    package var all: [Contact] { contacts }

    /// Takes the nodes that the ledger names now, all but ourselves. Those that stay keep their health. Beyond the
    /// limit, the nodes closest to `own` are kept: they are the ones whose records we share (K-1).
    package mutating func replace(with members: [Contact], own: DHTKey) {
        let others = members.filter { $0.id != own }.sorted { ($0.id.raw ^ own.raw) < ($1.id.raw ^ own.raw) }
        contacts = Array(others.prefix(limits.contactsMax))
        let kept = Set(contacts.map(\.id))
        health = health.filter { kept.contains($0.key) }
    }

    /// Adds one node learned on the way; refused (false) when the table is full.
    @discardableResult
    package mutating func insert(_ contact: Contact) -> Bool {
        if contacts.contains(where: { $0.id == contact.id }) { return true }
        guard contacts.count < limits.contactsMax else { return false }
        contacts.append(contact)
        return true
    }

    /// The `count` nodes closest to `target` that are not known to be dead, nearest first (K-2).
    package func closestLive(to target: DHTKey, count: Int, now: Duration) -> [Contact] {
        closest(to: target, count: count) { isLive($0, now: now) }
    }

    /// The `count` closest, dead or alive.
    package func closest(to target: DHTKey, count: Int) -> [Contact] { closest(to: target, count: count) { _ in true } }

    private func closest(to target: DHTKey, count: Int, where accept: (Contact) -> Bool) -> [Contact] {
        guard count > 0 else { return [] }
        var best: [(distance: Bytes32, contact: Contact)] = []
        best.reserveCapacity(count + 1)
        for contact in contacts {
            let distance = contact.id.raw ^ target.raw
            if best.count == count, let last = best.last, last.distance < distance { continue }
            guard accept(contact) else { continue }
            let place = best.firstIndex { distance < $0.distance } ?? best.count
            best.insert((distance, contact), at: place)
            if best.count > count { best.removeLast() }
        }
        return best.map(\.contact)
    }

    package func isLive(_ contact: Contact, now: Duration) -> Bool {
        guard let retryAt = health[contact.id]?.retryAt else { return true }
        return now >= retryAt
    }

    package func timeout(for contact: Contact) -> Duration {
        health[contact.id]?.estimator.timeout ?? RoundTripEstimator.timeoutInitial
    }

    package mutating func answered(_ contact: Contact, after roundTrip: Duration) {
        var entry = health[contact.id] ?? Health()
        entry.estimator.answered(after: roundTrip)
        entry.failures = 0
        entry.retryAt = nil
        health[contact.id] = entry
    }

    /// Notes a request that went unanswered.
    package mutating func timedOut(_ contact: Contact, now: Duration) {
        guard contacts.contains(where: { $0.id == contact.id }) else { return }
        var entry = health[contact.id] ?? Health()
        entry.estimator.timedOut()
        entry.failures += 1
        if entry.failures >= Self.failuresToDead {
            let exponent = min(entry.failures - Self.failuresToDead, 6)
            entry.retryAt = now + min(Self.retryAfterMin * (1 << exponent), Self.retryAfterMax)
        }
        health[contact.id] = entry
    }
}
