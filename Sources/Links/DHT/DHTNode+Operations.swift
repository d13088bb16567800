import Crypto
import EventLoop
package import Kademlia
package import Primitives
package import Wire

/// What this node asks of others on behalf of its users.
extension DHTNode {
    /// Stores a record at the nodes closest to its location. The number of nodes that confirmed, this one included.
    package func put(
        _ object: SignedObject, evidence: [UInt8], expected: UInt64? = nil
    ) async throws(DHTError) -> Int {
        guard !isStopped else { throw .stopped }
        guard let record = try? StoredRecord(decoding: object.body) else { throw .refused }
        let isHolder = isHolder(of: record.location)
        if isHolder {
            switch await keep(object, evidence: evidence, expected: expected, from: own.contact.member) {
            case .stored, .unchanged: break
            case .refused(.stale), .refused(.conflict): throw .newerExists
            case .refused: throw .refused
            }
        }
        let candidates = table.closestLive(
            to: record.location, count: settings.limits.putCandidatesMax, now: SystemTime.monotonic)
        let operation = PutOperation(
            candidates: candidates, nodeCount: table.count + 1, heldHere: isHolder, limits: settings.limits)
        let request = Request.put(record: object, evidence: evidence, expected: expected, token: .none)
        let outcome = await run(operation, request)
        switch outcome {
        case .done(let confirmations): return confirmations + (isHolder ? 1 : 0)
        case .failed(_, _, newer: true): throw .newerExists
        case .failed(let confirmed, let needed, newer: false):
            throw .tooFewConfirmations(confirmed: confirmed, needed: needed)
        case .send: throw .stopped
        }
    }

    /// Reads the record of `kind` at `location`; nil when enough nodes say that there is none.
    package func get(
        _ location: DHTKey, _ kind: StoredRecord.Kind, care: GetOperation.Care
    ) async throws(DHTError) -> SignedRecord? {
        guard !isStopped else { throw .stopped }
        let candidates = table.closestLive(
            to: location, count: settings.limits.putCandidatesMax, now: SystemTime.monotonic)
        let operation = GetOperation(
            candidates: candidates, care: care, local: store.get(location, kind, now: SystemTime.utc),
            isHolder: isHolder(of: location), limits: settings.limits)
        switch await run(operation, location, kind) {
        case .found(let record): return record
        case .absent: return nil
        case .unreachable, .send: throw .unreachable
        }
    }

    /// Says, at the nodes closest to each content block, that this node holds it; renewed until `withdraw`.
    package func provide(_ contents: [CID]) {
        for content in contents where provided.count < settings.limits.recordsMax {
            if provided.insert(content).inserted { announce(content) }
        }
    }

    /// Stops renewing; what others hold expires.
    package func withdraw(_ contents: [CID]) { provided.subtract(contents) }

    /// The nodes that say they hold a content block, this one among them if it does.
    package func providers(of content: CID) async -> [MemberID] {
        var hash = SHA256()
        let location = ProviderRecord.location(of: content, with: &hash)
        var found = Set(store.providers(of: content, now: SystemTime.utc).map(\.record.member))
        if provided.contains(content) { found.insert(own.contact.member) }
        let contacts = table.closestLive(
            to: location, count: settings.limits.carefulReads, now: SystemTime.monotonic)
        for response in await askAll(contacts, .providers(content: content)) {
            guard case .providers(let records) = response else { continue }
            for record in records {
                guard let provider = try? SignedProvider(record), provider.record.content == content,
                    let peer = directory[provider.record.member],
                    verifier.verified(provider, in: SignedAddress.Context(chain: chain, key: peer.signing)) != nil,
                    provider.record.expiry > SystemTime.utc
                else { continue }
                found.insert(provider.record.member)
            }
        }
        return found.sorted()
    }

    /// Keeps a record alive: puts it now and again at half its life, each time with the next sequence, made by `make`
    /// from sequence and expiry.
    package func publish(
        at location: DHTKey, evidence: [UInt8], sequence: UInt64,
        make: @escaping @Sendable (UInt64, Timestamp) -> SignedObject
    ) async throws(DHTError) -> Int {
        guard published.count < settings.limits.recordsMax else { throw .busy }
        let now = SystemTime.utc
        published[location] = Published(
            make: make, evidence: evidence, sequence: sequence,
            renewAt: now.adding(milliseconds: settings.recordLife / 2))
        return try await put(
            make(sequence, now.adding(milliseconds: settings.recordLife)), evidence: evidence)
    }

    package func unpublish(_ location: DHTKey) { published[location] = nil }

    // MARK: Steps

    func isHolder(of location: DHTKey) -> Bool {
        let closest = table.closestLive(
            to: location, count: settings.limits.replicas, now: SystemTime.monotonic)
        guard closest.count == settings.limits.replicas, let last = closest.last else { return true }
        return (own.contact.id.raw ^ location.raw) < (last.id.raw ^ location.raw)
    }

    private func run(_ operation: PutOperation, _ request: Request) async -> PutOperation.Action {
        await withCheckedContinuation { continuation in
            let number = nextOperation()
            var operation = operation
            let actions = operation.start()
            puts[number] = PutRun(operation: operation, request: request, continuation: continuation)
            perform(actions, ofPut: number)
        }
    }

    private func receive(_ event: PutOperation.Event, ofPut number: UInt64) {
        guard let actions = puts[number]?.operation.receive(event) else { return }
        perform(actions, ofPut: number)
    }

    private func perform(_ actions: [PutOperation.Action], ofPut number: UInt64) {
        for action in actions {
            switch action {
            case .send(let contact): sendPut(to: contact, number, retries: 1)
            case .done, .failed: puts.removeValue(forKey: number)?.continuation.resume(returning: action)
            }
        }
    }

    private func sendPut(to contact: Contact, _ number: UInt64, retries: Int) {
        guard let request = puts[number]?.request else { return }
        ask(contact, request) { response in
            self.assumeIsolated { node in
                switch response {
                case .stored: node.receive(.confirmed(contact), ofPut: number)
                case .refused(.tokenNeeded, _) where retries > 0:
                    node.sendPut(to: contact, number, retries: retries - 1)
                case .refused(let reason, _): node.receive(.refused(contact, reason), ofPut: number)
                case .pong, .nodes, .record, .absent, .providers, .addresses:
                    node.receive(.refused(contact, .invalid), ofPut: number)
                case nil: node.receive(.timedOut(contact), ofPut: number)
                }
            }
        }
    }

    private func run(
        _ operation: GetOperation, _ location: DHTKey, _ kind: StoredRecord.Kind
    ) async -> GetOperation.Action {
        await withCheckedContinuation { continuation in
            let number = nextOperation()
            var operation = operation
            let actions = operation.start()
            gets[number] = GetRun(operation: operation, location: location, kind: kind, continuation: continuation)
            perform(actions, ofGet: number)
        }
    }

    private func perform(_ actions: [GetOperation.Action], ofGet number: UInt64) {
        guard let run = gets[number] else { return }
        for action in actions {
            guard case .send(let contact) = action else {
                gets.removeValue(forKey: number)?.continuation.resume(returning: action)
                continue
            }
            ask(contact, .get(location: run.location, kind: run.kind)) { response in
                self.assumeIsolated { node in
                    let event = node.event(response, of: contact, run.location, run.kind)
                    guard let actions = node.gets[number]?.operation.receive(event) else { return }
                    node.perform(actions, ofGet: number)
                }
            }
        }
    }

    /// What a holder's answer amounts to: a record that does not hold counts as none.
    private func event(
        _ response: Response?, of contact: Contact, _ location: DHTKey, _ kind: StoredRecord.Kind
    ) -> GetOperation.Event {
        guard let response else { return .timedOut(contact) }
        guard case .record(let object) = response, let record = try? SignedRecord(object),
            record.record.location == location, record.record.kind == kind, record.record.expiry > SystemTime.utc,
            let verified = verifier.verified(record, in: chain)
        else { return .absent(contact) }
        return .record(contact, verified)
    }

    /// Asks all of them at once; the answers that came.
    private func askAll(_ contacts: [Contact], _ request: Request) async -> [Response] {
        await withCheckedContinuation { continuation in
            guard !contacts.isEmpty else { return continuation.resume(returning: []) }
            let number = nextOperation()
            surveys[number] = Survey(open: contacts.count, continuation: continuation)
            for contact in contacts {
                ask(contact, request) { response in self.assumeIsolated { $0.took(response, ofSurvey: number) } }
            }
        }
    }

    private func took(_ response: Response?, ofSurvey number: UInt64) {
        guard var survey = surveys[number] else { return }
        survey.open -= 1
        if let response { survey.answers.append(response) }
        surveys[number] = survey.open == 0 ? nil : survey
        if survey.open == 0 { survey.continuation.resume(returning: survey.answers) }
    }

    private func nextOperation() -> UInt64 {
        operationCount += 1
        return operationCount
    }

    func announce(_ content: CID) {
        var hash = SHA256()
        let location = ProviderRecord.location(of: content, with: &hash)
        let record = ProviderRecord(
            content: content, member: own.contact.member,
            expiry: SystemTime.utc.adding(milliseconds: settings.recordLife))
        let object = signer.sign(.provider, chain: chain, body: record.encoded)
        if isHolder(of: location) { _ = keepProvider(object) }
        let contacts = table.closestLive(
            to: location, count: settings.limits.replicas, now: SystemTime.monotonic)
        for contact in contacts { sendProvider(object, to: contact, retries: 1) }
    }

    private func sendProvider(_ object: SignedObject, to contact: Contact, retries: Int) {
        ask(contact, .provide(record: object, token: .none)) { response in
            guard case .refused(.tokenNeeded, _) = response, retries > 0 else { return }
            self.assumeIsolated { $0.sendProvider(object, to: contact, retries: retries - 1) }
        }
    }
}
