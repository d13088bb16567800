import Crypto
import EventLoop
import Kademlia
import Primitives
import Wire

/// What happens by itself: gossip of addresses, renewal, expiry, handing on.
extension DHTNode {
    func renewOwnAddress() {
        let now = SystemTime.utc
        guard now >= addressRenewAt, let socket else { return }
        let addresses = settings.advertised.isEmpty ? [socket.address] : settings.advertised
        let endpoints = addresses.compactMap { AddressRecord.Endpoint(address: $0.ipBytes, port: $0.port) }
        guard !endpoints.isEmpty else { return }
        addressSequence = max(addressSequence + 1, now.rawValue)
        let record = AddressRecord(
            member: own.contact.member, sequence: addressSequence,
            expiry: now.adding(milliseconds: settings.addressLife),
            endpoints: Array(endpoints.prefix(AddressRecord.endpointsMax)))
        _ = keepAddress(signer.sign(.address, chain: chain, body: record.encoded))
        addressRenewAt = now.adding(milliseconds: settings.addressLife / 2)
    }

    func scheduleGossip(after delay: Duration) {
        loop.schedule(after: delay) { [weak self] in
            self?.assumeIsolated { $0.gossip() }
        }
    }

    /// Tells the next node in turn our own address and asks it for what differs. While some addresses are unknown, the
    /// rounds follow each other quickly.
    private func gossip() {
        guard !isStopped else { return }
        let now = SystemTime.utc
        let known = table.all.filter { book.address(of: $0.member, now: now) != nil }
        let isComplete = known.count == table.count
        scheduleGossip(after: isComplete ? settings.gossipEvery : min(settings.gossipEvery, .milliseconds(200)))
        guard !known.isEmpty else { return }
        gossipIndex = (gossipIndex + 1) % known.count
        let contact = known[gossipIndex]
        if let ownAddress { ask(contact, .announce([ownAddress])) { _ in } }
        pull(from: contact, after: .zero)
    }

    private func pull(from contact: Contact, after member: MemberID) {
        var hash = SHA256()
        let digest = book.digest(now: SystemTime.utc, with: &hash)
        ask(contact, .addresses(digest: digest, after: member)) { response in
            guard case .addresses(let records, let more) = response else { return }
            self.assumeIsolated { node in
                for record in records { _ = node.keepAddress(record) }
                guard more, let last = records.last, let next = try? SignedAddress(last).record.member, next > member
                else { return }
                node.pull(from: contact, after: next)
            }
        }
    }

    func scheduleUpkeep() {
        loop.schedule(after: settings.upkeepEvery) { [weak self] in
            self?.assumeIsolated { $0.upkeep() }
        }
    }

    private func upkeep() {
        guard !isStopped else { return }
        scheduleUpkeep()
        let now = SystemTime.utc
        renewOwnAddress()
        store.expire(now: now)
        served = served.filter { $0.value.second >= SystemTime.monotonic.components.seconds - 1 }
        renewPublished(now)
        for record in store.dueForHandOn(every: settings.handOnEvery, max: 256, now: now) { handOn(record) }
    }

    private func renewPublished(_ now: Timestamp) {
        for (location, var entry) in published.sorted(by: { $0.key < $1.key }) where entry.renewAt <= now {
            entry.sequence += 1
            entry.renewAt = now.adding(milliseconds: settings.recordLife / 2)
            published[location] = entry
            let object = entry.make(entry.sequence, now.adding(milliseconds: settings.recordLife))
            let evidence = entry.evidence
            Task { _ = try? await put(object, evidence: evidence) }  // Ends with the put; the next renewal repairs.
        }
        // Provider records live as long as own records, and are renewed on the same beat.
        if now >= provideRenewAt {
            provideRenewAt = now.adding(milliseconds: settings.recordLife / 2)
            for content in provided.sorted() { announce(content) }
        }
    }

    /// Puts a record that lies here at the nodes that are closest now.
    private func handOn(_ record: RecordStore.HandOn) {
        let contacts = table.closestLive(
            to: record.record.record.location, count: settings.limits.replicas, now: SystemTime.monotonic)
        for contact in contacts {
            sendHandOn(record, to: contact, retries: 1)
        }
    }

    private func sendHandOn(_ record: RecordStore.HandOn, to contact: Contact, retries: Int) {
        let request = Request.put(
            record: record.record.object, evidence: record.evidence, expected: nil, token: .none)
        ask(contact, request) { response in
            guard case .refused(.tokenNeeded, _) = response, retries > 0 else { return }
            self.assumeIsolated { $0.sendHandOn(record, to: contact, retries: retries - 1) }
        }
    }
}
