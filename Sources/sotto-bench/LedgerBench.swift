internal import Crypto
internal import EventLoop
internal import HTTP
internal import Ledger
internal import Node
internal import Primitives
internal import RPC
internal import Synchronization
internal import Wire

/// Transactions over the RPC of four validators, from being handed in to being final.
enum LedgerBench {
    /// What one WebSocket of a node works on at once.
    private static let callsPerSocket = 16
    private static let validatorCount = 4

    static func run(for time: Duration, into report: Report) async throws {
        let network = try LedgerNetwork(validatorCount: validatorCount)
        let http = HTTPClient(loop: GLibLoop(name: "bench"))
        try await network.wait(http)
        let makers = try network.homes.map { try TransactionMaker(home: $0, chain: network.chain) }
        report.fact(
            "ledger.network",
            "\(validatorCount) validators as processes on this machine, the load beside them; fsync on")
        report.fact(
            "ledger.transaction",
            "call.open by \(makers.count) home nodes, \(makers[0].make().count) bytes signed; "
                + "RPC rate limit raised; unloaded at one node, else spread over all")

        let load = LedgerLoad(network: network, makers: makers, http: http)
        let unloaded = try await load.run(window: 1, sockets: 1, for: time)
        report.latency("ledger.unloaded.latency", unloaded.latencies)
        for window in [200, 1_000] {
            let sockets = (window + callsPerSocket - 1) / callsPerSocket
            let result = try await load.run(window: window, sockets: sockets, for: time)
            let name = "ledger.window\(window)"
            report.row(name + ".rate", result.rate, "final transactions/s")
            report.latency(name + ".latency", result.latencies)
            report.row(name + ".refused", Double(result.refused), "of \(result.refused + result.latencies.count)")
            if let fault = result.fault { report.fact(name + ".firstRefusal", fault) }
        }
    }
}

/// Keeps a number of transactions under way.
struct LedgerLoad {
    let network: LedgerNetwork
    let makers: [TransactionMaker]
    let http: HTTPClient

    struct Result: Sendable {
        /// Became final in the time of the measurement, per second.
        var rate = 0.0
        var latencies = Sample()
        var refused = 0
        var fault: String?
    }

    private struct Attempt: Sendable {
        let began: Duration
        let ended: Duration
        let fault: String?
    }

    /// Signed in advance, handed out once each.
    private actor Stock {
        /// Well below the time after which a transaction may stand in no block.
        private static let freshness = Duration.seconds(60)
        private let maker: TransactionMaker
        private var envelopes: [String] = []
        private var signedAt = Duration.zero

        init(maker: TransactionMaker) { self.maker = maker }

        func fill(_ count: Int) {
            envelopes = (0..<count).map { _ in Hex.encode(maker.make()) }
            signedAt = SystemTime.monotonic
        }

        /// Signed on the spot when the stock has run out or is old.
        func next() -> String {
            if SystemTime.monotonic - signedAt > Self.freshness { envelopes = [] }
            return envelopes.popLast() ?? Hex.encode(maker.make())
        }
    }

    /// When the measurement begins and ends: it begins when every place of the window has had its turn on average, so
    /// that the first burst is no part of it; after a minute in any case.
    private final class Clock: Sendable {
        private struct State {
            var finals = 0
            var began: Duration?
        }

        private static let patience = Duration.seconds(60)
        private let state = Mutex(State())
        private let made = SystemTime.monotonic
        private let window: Int
        private let time: Duration

        init(window: Int, time: Duration) { (self.window, self.time) = (window, time) }

        func tick() {
            let now = SystemTime.monotonic
            state.withLock { state in
                state.finals += 1
                if state.began == nil, state.finals >= window || now - made > Self.patience { state.began = now }
            }
        }

        var began: Duration? { state.withLock { $0.began } }
        var isOver: Bool { began.map { SystemTime.monotonic - $0 >= time } ?? false }
    }

    /// Keeps `window` transactions under way for `time`; those that are under way at its end are waited for, and count
    /// for latency but not for the rate.
    func run(window: Int, sockets count: Int, for time: Duration) async throws -> Result {
        var sockets: [RPCSocket] = []
        for index in 0..<count {
            let port = network.homes[index % network.homes.count].rpcPort
            sockets.append(try await RPCSocket.open("ws://127.0.0.1:\(port)/rpc", http: http))
        }
        let stocks = makers.map { Stock(maker: $0) }
        for stock in stocks { await stock.fill(window + min(10_000, Int(time / .seconds(1)) * window)) }
        let clock = Clock(window: window, time: time)
        let attempts = await withTaskGroup(of: [Attempt].self) { group in
            for index in 0..<window {
                let (socket, stock) = (sockets[index % count], stocks[index % count % stocks.count])
                group.addTask { await Self.submit(on: socket, from: stock, until: clock) }
            }
            var all: [Attempt] = []
            for await attempts in group { all += attempts }
            return all
        }
        for socket in sockets { await socket.close() }
        return try tally(attempts, from: clock.began ?? .zero, for: time)
    }

    private func tally(_ attempts: [Attempt], from began: Duration, for time: Duration) throws -> Result {
        var result = Result()
        var inTime = 0
        for attempt in attempts where attempt.ended >= began {
            if let fault = attempt.fault {
                result.refused += 1
                result.fault = result.fault ?? fault
            } else {
                result.latencies.add(attempt.ended - attempt.began)
                if attempt.ended <= began + time { inTime += 1 }
            }
        }
        guard result.latencies.count > 0 else { throw BenchError("no transaction became final: \(result.fault ?? "")") }
        result.rate = Double(inTime) / (time / .seconds(1))
        return result
    }

    /// One place of the window.
    private static func submit(on socket: RPCSocket, from stock: Stock, until clock: Clock) async -> [Attempt] {
        var attempts: [Attempt] = []
        while !clock.isOver {
            let envelope = await stock.next()
            let began = SystemTime.monotonic
            var fault: String?
            do throws(RPCClientError) {
                let answer = try await socket.call(
                    "ledger.submit", ["envelope": .string(envelope), "wait": .unsigned(60_000)])
                if TransactionOutcome(json: answer)?.result != .succeeded { fault = answer.text }
            } catch {
                fault = "\(error)"
                // A node that is busy is not asked again at once.
                try? await Task.sleep(for: .milliseconds(100))
            }
            attempts.append(Attempt(began: began, ended: SystemTime.monotonic, fault: fault))
            clock.tick()
        }
        return attempts
    }
}

/// Signs transactions of one home node: each opens a recorded call with one fresh seat.
struct TransactionMaker: Sendable {
    private let member: MemberID
    private let key: SigningKey
    private let chain: ChainID

    init(home: LedgerNetwork.Home, chain: ChainID) throws {
        (member, key, self.chain) = (home.member, home.key, chain)
    }

    func make() -> [UInt8] {
        var hash = SHA256()
        let call = CallID(raw: SHA256.hash(SecureRandom.bytes(count: 32)).raw)
        let seatKey = SigningKey.generate().publicKey
        let now = SystemTime.utc
        let seat = CallSeat(
            key: seatKey, certificate: SHA256.hash(SecureRandom.bytes(count: 32)),
            roster: CallSeat.rosterHash(call: call, keys: [seatKey], with: &hash), minute: now.rawValue / 60_000)
        let transaction = Transaction(
            .callOpen(CallOpen(call: call, seat: seat, owner: member)), from: AuthorID(member), chain: chain,
            nonce: SecureRandom.bytes(count: Transaction.nonceByteCount), until: now.adding(milliseconds: 110_000))
        return key.sign(.transaction, chain: chain, body: transaction.encoded).encoded
    }
}
