package import HTTP

/// Calls methods and follows topics of a node over one WebSocket.
package actor RPCSocket {
    /// What a subscription brings: values, and at a forced end the reason, after which nothing follows.
    package enum Event: Equatable, Sendable {
        case value(JSONValue)
        case ended(RPCError)
    }

    /// Values that wait for whoever follows a topic; a follower that lags further loses the newest.
    private static let eventCountMax = 1024

    private struct Waiter {
        let continuation: CheckedContinuation<Result<JSONValue, RPCClientError>, Never>
        let timeout: Task<Void, Never>
    }

    private let connection: WebSocketConnection
    private let patience: Duration
    private var lastID: UInt64 = 0
    private var waiters: [UInt64: Waiter] = [:]
    private var subscriptions: [String: AsyncStream<Event>.Continuation] = [:]
    /// Events of a subscription whose id the caller does not know yet.
    private var early: [String: [Event]] = [:]
    private var isClosed = false

    private init(_ connection: WebSocketConnection, patience: Duration) {
        self.connection = connection
        self.patience = patience
    }

    /// Connects to a node's `/rpc` at a `ws` or `wss` URL.
    ///
    /// - Parameter patience: how long a call waits for its answer, which then comes to nobody. Default 60 s, longer
    ///   than any method takes.
    package static func open(
        _ url: String, http: HTTPClient, patience: Duration = .seconds(60)
    ) async throws(RPCClientError) -> RPCSocket {
        let connection: WebSocketConnection
        do { connection = try await http.openWebSocket(url) } catch { throw .unreachable(error) }
        let socket = RPCSocket(connection, patience: patience)
        // Ends when the connection does.
        Task { await socket.receive() }
        return socket
    }

    package func call(_ method: String, _ params: JSONValue? = nil) async throws(RPCClientError) -> JSONValue {
        lastID += 1
        return try await send(RPCRequest(id: .number(lastID), method: method, params: params), id: lastID)
    }

    /// Calls a method with an envelope of a `RequestSigner`.
    package func call(_ envelope: RequestEnvelope) async throws(RPCClientError) -> JSONValue {
        lastID += 1
        return try await send(envelope.carrier(id: .number(lastID)), id: lastID)
    }

    /// Follows a topic. A topic for members takes a signer.
    package func subscribe(
        _ topic: String, for signer: RequestSigner? = nil
    ) async throws(RPCClientError) -> AsyncStream<Event> {
        let params: JSONValue = ["topic": .string(topic)]
        let result =
            if let signer {
                try await call(signer.envelope("rpc.subscribe", params))
            } else {
                try await call("rpc.subscribe", params)
            }
        guard let id = result.string else { throw .notRPC(status: 101) }
        let (stream, continuation) = AsyncStream.makeStream(
            of: Event.self, bufferingPolicy: .bufferingOldest(Self.eventCountMax))
        subscriptions[id] = continuation
        for event in early.removeValue(forKey: id) ?? [] { deliver(event, to: id) }
        if isClosed { continuation.finish() }
        return stream
    }

    package func close() async { await connection.close() }

    private func send(_ request: RPCRequest, id: UInt64) async throws(RPCClientError) -> JSONValue {
        let outcome = await withCheckedContinuation { continuation in
            // Ends with the answer.
            let timeout = Task { [patience] in
                guard (try? await Task.sleep(for: patience)) != nil else { return }
                finish(id, .failure(.unreachable(.timedOut)))
            }
            waiters[id] = Waiter(continuation: continuation, timeout: timeout)
            // Ends when the message is queued.
            Task {
                do throws(HTTPError) {
                    try await connection.send(.text(request.json.text))
                } catch {
                    finish(id, .failure(.unreachable(error)))
                }
            }
        }
        return try outcome.get()
    }

    private func receive() async {
        for await message in connection.messages {
            guard case .text(let text) = message, let json = try? JSONValue(parsing: text) else { continue }
            if let response = RPCResponse(json: json), case .number(let id) = response.id {
                finish(id, response.outcome.mapError { .refused($0) })
            } else if json["method"]?.string == RPCNotification.method, let params = json["params"],
                let id = params["subscription"]?.string
            {
                if let value = params["value"] { deliver(.value(value), to: id) }
                if let error = params["ended"].flatMap(RPCError.init(json:)) { deliver(.ended(error), to: id) }
            }
        }
        isClosed = true
        for id in waiters.keys.sorted() { finish(id, .failure(.unreachable(.closed))) }
        for continuation in subscriptions.values { continuation.finish() }
        subscriptions = [:]
    }

    private func deliver(_ event: Event, to id: String) {
        guard let continuation = subscriptions[id] else {
            if early.count < 64, early[id, default: []].count < Self.eventCountMax {
                early[id, default: []].append(event)
            }
            return
        }
        continuation.yield(event)
        if case .ended = event {
            continuation.finish()
            subscriptions[id] = nil
        }
    }

    private func finish(_ id: UInt64, _ outcome: Result<JSONValue, RPCClientError>) {
        guard let waiter = waiters.removeValue(forKey: id) else { return }
        waiter.timeout.cancel()
        waiter.continuation.resume(returning: outcome)
    }
}
