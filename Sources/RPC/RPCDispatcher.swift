internal import Crypto
internal import EventLoop
internal import HTTP
internal import Primitives
internal import Synchronization
internal import Wire

/// Executes requests, wherever they come from: finds the method, checks who asks, holds the limits, counts.
final class RPCDispatcher: Sendable {
    /// Subscribes or unsubscribes for the connection that a request came over; nil over plain HTTP.
    typealias Subscribing = @Sendable (RPCCall, RPCTopic?) async throws(RPCError) -> JSONValue

    private struct State {
        var guardian: RequestGuard
        var members: RateLimiter<MemberID>
        var addresses: RateLimiter<String>
        var callCount = 0
    }

    let registry: RPCRegistry
    let settings: RPCSettings
    private let node: RPCNode
    private let metrics: MetricsRegistry
    private let verifier = SignatureVerifier()
    private let state: Mutex<State>

    init(registry: RPCRegistry, settings: RPCSettings, node: RPCNode, metrics: MetricsRegistry) {
        self.registry = registry
        self.settings = settings
        self.node = node
        self.metrics = metrics
        state = Mutex(
            State(
                guardian: RequestGuard(node: node.id, start: SystemTime.utc),
                members: RateLimiter(perSecond: settings.memberTokensPerSecond, burst: settings.memberTokenBurst),
                addresses: RateLimiter(
                    perSecond: settings.addressTokensPerSecond, burst: settings.addressTokenBurst)))
    }

    /// The answer to one POST or one WebSocket message; nil when it held notifications only.
    @concurrent
    func answer(
        _ bytes: [UInt8], from address: Redacted<String>, subscribing: Subscribing? = nil
    ) async -> JSONValue? {
        var limits = JSONLimits()
        limits.byteCountMax = settings.bodyByteCountMax
        switch RPCMessage(parsing: bytes, limits: limits, batchMax: settings.batchCountMax) {
        case .unreadable(let response):
            count(response)
            return response.json
        case .single(let item): return await answer(item, address, subscribing)?.json
        case .batch(let items):
            var responses: [JSONValue] = []
            for item in items {
                if let response = await answer(item, address, subscribing) { responses.append(response.json) }
            }
            return responses.isEmpty ? nil : .list(responses)
        }
    }

    private func answer(
        _ item: RPCMessage.Item, _ address: Redacted<String>, _ subscribing: Subscribing?
    ) async -> RPCResponse? {
        switch item {
        case .malformed(let response):
            count(response)
            return response
        case .request(let request):
            let start = SystemTime.monotonic
            let outcome: Result<JSONValue, RPCError>
            do throws(RPCError) {
                outcome = .success(try await execute(request, address, subscribing))
            } catch {
                outcome = .failure(error)
            }
            metrics.observe(SystemTime.monotonic - start, in: .rpcRequestSeconds)
            let response = RPCResponse(id: request.id ?? .null, outcome)
            count(response)
            return request.id == nil ? nil : response
        }
    }

    private func execute(
        _ request: RPCRequest, _ address: Redacted<String>, _ subscribing: Subscribing?
    ) async throws(RPCError) -> JSONValue {
        guard let method = registry.method(request.method) else {
            metrics.add(to: .rpcRequestsTotal, label: "unknown")
            throw registry.unknownMethod(request.method)
        }
        metrics.add(to: .rpcRequestsTotal, label: method.name)
        try begin()
        defer { state.withLock { $0.callCount -= 1 } }
        let envelope = try RequestEnvelope.carried(by: request)
        let signer = try await authenticate(envelope, cost: method.rateClass.cost, address)
        guard signer != nil || method.authority == .anyone else {
            throw RPCError(.unauthorised, data: ["reason": "missing"])
        }
        // What is executed is what was signed.
        let params = envelope.map { JSONValue($0.request.params) } ?? request.params
        let arguments = try RPCArguments(params, declared: method.parameters)
        let call = RPCCall(arguments: arguments, member: signer?.member, key: signer?.key, address: address)
        switch method.name {
        case RPCRegistry.subscribeName:
            let name = try arguments.text("topic")
            guard let topic = registry.topic(name) else { throw RPCError(.notFound, "There is no topic \(name).") }
            guard let subscribing else { throw RPCError(.unsupported, "Subscriptions need a WebSocket.") }
            return try await subscribing(call, topic)
        case RPCRegistry.unsubscribeName:
            guard let subscribing else { throw RPCError(.unsupported, "Subscriptions need a WebSocket.") }
            return try await subscribing(call, nil)
        case RPCRegistry.identityName:
            return [
                "node": .string(node.id.hex), "chain": .string(node.chain.hex),
                "time": .unsigned(SystemTime.utc.rawValue), "version": .string(registry.version),
            ]
        case RPCRegistry.discoverName: return OpenRPCDocument(of: registry).json
        default: return try await method.handler(call)
        }
    }

    private func begin() throws(RPCError) {
        let isBusy = state.withLock { state in
            guard state.callCount < settings.callCountMax else { return true }
            state.callCount += 1
            return false
        }
        if isBusy { throw .later(.busy, retryAfter: .seconds(1)) }
    }

    /// Checks in the order of cost: limits and clock first, then the signature, then the ledger; the nonce is spent
    /// last, so that nobody can spend it for somebody else.
    private func authenticate(
        _ envelope: RequestEnvelope?, cost: Double, _ address: Redacted<String>
    ) async throws(RPCError) -> (member: MemberID, key: PublicKey)? {
        let wait = state.withLock { $0.addresses.take(cost, for: address.exposed, now: SystemTime.monotonic) }
        if let wait { throw .later(.rateLimited, retryAfter: wait) }
        guard let envelope else { return nil }
        let now = SystemTime.utc
        try state.withLock { state throws(RPCError) in try state.guardian.check(envelope.request, now: now) }
        guard let verified = verifier.verified(envelope, in: node.chain) else {
            throw RPCError(.unauthorised, "The signature does not hold.", data: ["reason": "signature"])
        }
        let (member, key) = (envelope.request.from, envelope.signed.key)
        let standing = await node.standing(member, key)
        guard standing == .active else {
            throw RPCError(.unauthorised, data: ["reason": .string(standing.rawValue)])
        }
        let memberWait = state.withLock { $0.members.take(cost, for: member, now: SystemTime.monotonic) }
        if let memberWait { throw .later(.rateLimited, retryAfter: memberWait) }
        try state.withLock { state throws(RPCError) in try state.guardian.admit(verified, now: now) }
        return (member, key)
    }

    private func count(_ response: RPCResponse) {
        guard case .failure(let error) = response.outcome else { return }
        metrics.add(to: .rpcErrorsTotal, label: error.code?.name ?? "\(error.number)")
    }
}
