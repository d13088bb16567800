import Crypto
import EventLoop
import Kademlia
import Primitives
import Wire

/// What this node does for others.
extension DHTNode {
    func serve(_ request: Request, _ number: UInt32, in session: DHTSession) {
        func reply(_ response: Response) { send(Message(number: number, .response(response)), in: session) }
        let now = SystemTime.utc
        guard isWithinRate(session.peer.contact.member) else {
            return reply(.refused(.busy, token: session.ownToken))
        }
        switch request {
        case .ping: reply(.pong(token: session.ownToken))
        case .find(let target): reply(.nodes(addresses(closeTo: target, now: now), token: session.ownToken))
        case .get(let location, let kind):
            if let record = store.get(location, kind, now: now) {
                reply(.record(record.object))
            } else {
                reply(.absent(addresses(closeTo: location, now: now)))
            }
        case .put(let object, let evidence, let expected, let token):
            guard token == session.ownToken else { return reply(.refused(.tokenNeeded, token: session.ownToken)) }
            let storer = session.peer.contact.member
            Task {  // Ends with the ledger's answer; the number of them is bounded by the peer's rate.
                switch await keep(object, evidence: evidence, expected: expected, from: storer) {
                case .stored, .unchanged: reply(.stored(sequence: sequence(of: object)))
                case .refused(let reason): reply(.refused(reason, token: session.ownToken))
                }
            }
        case .providers(let content):
            reply(.providers(store.providers(of: content, now: now).prefix(Message.providersMax).map(\.object)))
        case .provide(let object, let token):
            guard token == session.ownToken else { return reply(.refused(.tokenNeeded, token: session.ownToken)) }
            switch keepProvider(object) {
            case .stored, .unchanged: reply(.stored(sequence: 0))
            case .refused(let reason): reply(.refused(reason, token: session.ownToken))
            }
        case .addresses(let digest, let after):
            var hash = SHA256()
            if digest == book.digest(now: now, with: &hash) { return reply(.addresses([], more: false)) }
            let page = book.records(after: after, count: Message.addressesMax, now: now)
            reply(.addresses(page.records.map(\.object), more: page.more))
        case .announce(let records):
            for record in records { _ = keepAddress(record) }
            reply(.pong(token: session.ownToken))
        }
    }

    /// Stores a record if its signature holds and the ledger lets its writer write.
    func keep(
        _ object: SignedObject, evidence: [UInt8], expected: UInt64?, from storer: MemberID
    ) async -> RecordStore.PutResult {
        guard let record = try? SignedRecord(object), let verified = verifier.verified(record, in: chain) else {
            return .refused(.invalid)
        }
        let current = store.get(record.record.location, record.record.kind, now: SystemTime.utc)
        if let current, current == record { return .unchanged }
        let other = current.flatMap { $0.writer == record.writer ? nil : $0.writer }
        guard case .allowed(let replaces) = await authority(record.record, record.writer, evidence, other) else {
            return .refused(.notAuthorised)
        }
        return store.put(
            verified, evidence: evidence, expected: expected, from: storer, writerMayReplace: replaces,
            now: SystemTime.utc)
    }

    func keepProvider(_ object: SignedObject) -> RecordStore.PutResult {
        guard let provider = try? SignedProvider(object), let key = signingKey(of: provider.record.member),
            let verified = verifier.verified(provider, in: SignedAddress.Context(chain: chain, key: key))
        else { return .refused(.invalid) }
        return store.provide(verified, now: SystemTime.utc)
    }

    /// Keeps an address record of a node that the ledger names. True when it was news.
    func keepAddress(_ object: SignedObject) -> Bool {
        guard let address = try? SignedAddress(object), let key = signingKey(of: address.record.member) else {
            return false
        }
        let now = SystemTime.utc
        if let held = book.address(of: address.record.member, now: now),
            held.record.sequence >= address.record.sequence
        {
            return false
        }
        guard let verified = verifier.verified(address, in: SignedAddress.Context(chain: chain, key: key)) else {
            return false
        }
        return book.insert(verified, now: now)
    }

    private func signingKey(of member: MemberID) -> PublicKey? {
        member == own.contact.member ? signer.publicKey : directory[member]?.signing
    }

    private func addresses(closeTo target: DHTKey, now: Timestamp) -> [SignedObject] {
        table.closestLive(to: target, count: Message.addressesMax, now: SystemTime.monotonic)
            .compactMap { book.address(of: $0.member, now: now)?.object }
    }

    private func sequence(of object: SignedObject) -> UInt64 {
        (try? StoredRecord(decoding: object.body).sequence) ?? 0
    }

    private func isWithinRate(_ member: MemberID) -> Bool {
        let second = SystemTime.monotonic.components.seconds
        var entry = served[member] ?? (second, 0)
        if entry.second != second { entry = (second, 0) }
        entry.count += 1
        served[member] = entry
        return entry.count <= settings.requestsPerSecond
    }
}
