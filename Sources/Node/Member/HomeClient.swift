import Consensus
package import Crypto
import EventLoop
package import HTTP
package import Ledger
package import Primitives
package import RPC
import Synchronization
package import Wire

/// The keys that a member's own device holds.
package struct DeviceKeys: Sendable {
    /// Signs for the member: its signing key on the ledger.
    package let sign: any Signing
    /// What is sealed to the member opens with this: its agreement key on the ledger.
    package let agreement: AgreementSecret

    package init(sign: SigningKey, agreement: AgreementSecret) {
        self.init(signing: sign, agreement: agreement)
    }

    /// With a signing key that lies elsewhere.
    package init(signing: any Signing, agreement: AgreementSecret) {
        sign = signing
        self.agreement = agreement
    }
}

/// Why a request of a member brought nothing.
package enum HomeError: Error, Sendable {
    case rpc(RPCClientError)
    /// The node's answer is not of the form that its method promises.
    case malformedAnswer(method: String)
    /// The node says something that its proof does not prove: it lies, or speaks for another network.
    case unproven(method: String)
    /// What the node proves is older than a network that lives would have it, or than what it proved before.
    case outdated(method: String)
    /// The transaction was recorded as a failure.
    case refused(TransactionOutcome)
    /// The node is of another network than the member's genesis document.
    case otherNetwork
}

/// A member's device as it talks to the member's home node: signed requests, transactions, and facts of the ledger that
/// it checks against the validators that follow from the genesis document. The node is not trusted to tell the truth,
/// only to answer.
package final class HomeClient: Sendable {
    package let rules: RuleBook
    package let member: MemberID
    package let keys: DeviceKeys
    package let node: MemberID
    package let rpc: RPCClient
    private let http: HTTPClient
    private let url: String
    private let ledger: ProvenLedger
    private let signer: RequestSigner
    /// The highest record that was proven to this client: a node may not lead it back behind it.
    private let highest = Mutex(Height.zero)

    package var chain: ChainID { rules.chain }
    package var genesis: Genesis { rules.genesis }

    /// How long to wait for finality, in milliseconds.
    package static let patience: UInt64 = 20_000

    /// Reaches the node at `url` and holds its network against `rules`.
    package init(
        url: String, http: HTTPClient, rules: RuleBook, member: MemberID, keys: DeviceKeys
    ) async throws(HomeError) {
        self.rules = rules
        self.member = member
        self.keys = keys
        self.http = http
        self.url = url
        rpc = RPCClient(http: http, url: url)
        guard let ledger = try? ProvenLedger(rules, node: NodeLedger(rpc)) else { throw .otherNetwork }
        self.ledger = ledger
        let identity: JSONValue
        do throws(RPCClientError) {
            identity = try await rpc.call("rpc.identity")
        } catch {
            throw .rpc(error)
        }
        guard identity["chain"]?.string == rules.chain.hex,
            let node = identity["node"]?.string.flatMap({ MemberID(hex: $0) })
        else { throw .otherNetwork }
        self.node = node
        signer = RequestSigner(member: member, key: keys.sign, node: node, chain: rules.chain)
    }

    /// Calls a method that anyone may call.
    package func call(_ method: String, _ params: JSONValue = .object([])) async throws(HomeError) -> JSONValue {
        do throws(RPCClientError) {
            return try await rpc.call(method, params)
        } catch {
            throw .rpc(error)
        }
    }

    /// Calls a method for the member, by a signed request.
    package func signed(_ method: String, _ params: JSONValue = .object([])) async throws(HomeError) -> JSONValue {
        do throws(RPCClientError) {
            return try await rpc.call(method, params, for: signer)
        } catch {
            throw .rpc(error)
        }
    }

    // MARK: Transactions

    /// Signs an operation as the member, hands it in, waits until it is final, and checks the proof.
    ///
    /// - Throws: `refused` when the ledger recorded it as a failure.
    @discardableResult
    package func submit(
        _ operation: Ledger.Operation, after: TransactionID? = nil, nonce: [UInt8]? = nil
    ) async throws(HomeError) -> TransactionOutcome {
        let transaction = Transaction(
            operation, from: AuthorID(member), after: after, chain: chain,
            nonce: nonce ?? SecureRandom.bytes(count: Transaction.nonceByteCount), until: deadline)
        return try await submit(envelope: keys.sign.sign(.transaction, chain: chain, body: transaction.encoded).encoded)
    }

    /// Signs an operation with a per-call key, hands it in, waits until it is final, and checks the proof.
    @discardableResult
    package func submit(
        _ operation: Ledger.Operation, by callKey: SigningKey
    ) async throws(HomeError) -> TransactionOutcome {
        let transaction = Transaction(
            operation, from: AuthorID(callKey.publicKey), chain: chain,
            nonce: SecureRandom.bytes(count: Transaction.nonceByteCount), until: deadline)
        return try await submit(envelope: callKey.sign(.transaction, chain: chain, body: transaction.encoded).encoded)
    }

    /// Hands in a signed transaction, waits until it is final, and checks that it is where the node says it is.
    @discardableResult
    package func submit(envelope: [UInt8]) async throws(HomeError) -> TransactionOutcome {
        let answer = try await call(
            "ledger.submit", ["envelope": .string(Hex.encode(envelope)), "wait": .unsigned(Self.patience)])
        guard let outcome = TransactionOutcome(json: answer) else { throw .malformedAnswer(method: "ledger.submit") }
        try await check(outcome, of: envelope)
        guard outcome.result == .succeeded else { throw .refused(outcome) }
        return outcome
    }

    private var deadline: Timestamp { SystemTime.utc.adding(milliseconds: genesis.limits.untilWindow / 2) }

    /// Holds an outcome against an inclusion proof in a final record.
    private func check(_ outcome: TransactionOutcome, of envelope: [UInt8]) async throws(HomeError) {
        let bundle = try await proven { () throws(LightError) in try await ledger.inclusion(of: outcome.id) }
        var hash = SHA256()
        let expected = LogLeaf(
            height: outcome.height, index: outcome.index, envelope: CID(of: envelope, .dagCBOR, with: &hash).digest,
            code: outcome.result.code)
        guard bundle.leaf == expected else { throw .unproven(method: "ledger.proof") }
    }

    private func proven<Value>(_ body: () async throws(LightError) -> Value) async throws(HomeError) -> Value {
        do throws(LightError) {
            return try await body()
        } catch {
            switch error {
            case .rpc(let error): throw .rpc(error)
            case .malformedAnswer(let method): throw .malformedAnswer(method: method)
            case .unproven(let method, _): throw .unproven(method: method)
            }
        }
    }

    // MARK: State

    /// What stands under a key in the newest final state; nil when it is proven that nothing does.
    package func entry<Entry: WireObject>(
        _ type: Entry.Type = Entry.self, _ key: StateKey
    ) async throws(HomeError) -> Entry? {
        guard let bytes = try await value(key) else { return nil }
        do throws(WireError) {
            return try Entry(decoding: bytes)
        } catch {
            throw .malformedAnswer(method: "ledger.state")
        }
    }

    /// The bytes under a key, proven; and the record that proves them.
    package func value(_ key: StateKey) async throws(HomeError) -> [UInt8]? { try await fact(key).value }

    package func fact(_ key: StateKey) async throws(HomeError) -> (value: [UInt8]?, record: Record) {
        let fact = try await proven { () throws(LightError) in try await ledger.fact(key) }
        try checkAge(of: fact.record, "ledger.state")
        return (fact.value, fact.record)
    }

    /// Refuses a state that is older than one seen before, or than a network that lives would have: a node could hide
    /// behind it a key that was replaced, or a consent that was withdrawn. Within the bound it still could.
    private func checkAge(of record: Record, _ method: String) throws(HomeError) {
        let isForward = highest.withLock { highest in
            guard record.height >= highest else { return false }
            highest = record.height
            return true
        }
        let ageMax = max(60_000, 6 * genesis.limits.heartbeat) + genesis.limits.clockSkew
        guard isForward else { throw .outdated(method: method) }
        // Before its first block a network has no younger record than its beginning.
        guard record.height == .zero || SystemTime.utc.milliseconds(since: record.time) <= ageMax else {
            throw .outdated(method: method)
        }
    }

    /// A member as the ledger has it.
    package func memberEntry(_ member: MemberID) async throws(HomeError) -> MemberEntry? {
        try await entry(MemberEntry.self, StateKey(.member, member))
    }

    /// Opens a WebSocket to the home node: for topics, and for calls that must not wait for a connection.
    package func socket() async throws(HomeError) -> RPCSocket {
        do throws(RPCClientError) {
            return try await RPCSocket.open("ws" + url.dropFirst("http".count), http: http)
        } catch {
            throw .rpc(error)
        }
    }

    /// Follows a topic of the member's own on a socket.
    package func follow(_ topic: String, on socket: RPCSocket) async throws(HomeError) -> AsyncStream<RPCSocket.Event> {
        do throws(RPCClientError) {
            return try await socket.subscribe(topic, for: signer)
        } catch {
            throw .rpc(error)
        }
    }

    /// A signed request over a socket.
    package func signed(
        _ method: String, _ params: JSONValue = .object([]), on socket: RPCSocket
    ) async throws(HomeError) -> JSONValue {
        do throws(RPCClientError) {
            return try await socket.call(signer.envelope(method, params))
        } catch {
            throw .rpc(error)
        }
    }
}
