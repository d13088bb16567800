internal import Crypto
internal import EventLoop
internal import Ledger
internal import Primitives
internal import Synchronization
internal import Wire

/// What is under way: handed in and not seen final yet. Shared by those who hand in and the one who watches.
///
/// A call is opened and ended: half of the transactions are `call.open`, which registers a key and writes three facts,
/// half `call.end`, which changes one. An end is handed in when its open is final.
final class LedgerFlow: Sendable {
    struct Item: Sendable {
        let id: TransactionID
        let envelope: String
        /// The call's end, for its open.
        let next: [Item]
    }

    private struct State {
        var fresh: [Item] = []
        var ready: [Item] = []
        var pending: [TransactionID: (item: Item, began: Duration)] = [:]
        var waiters: [CheckedContinuation<Void, Never>] = []
        var finals = 0
        var latencies = Sample()
        var refused = 0
        var fault: String?
        var isRecording = false
        var isOver = false
        var lastFinal: Duration?
        var gaps: [(at: Duration, length: Duration)] = []
        /// Nothing can be handed out before something becomes final.
        var isDry: Bool { fresh.isEmpty && ready.isEmpty }
    }

    private let state = Mutex(State())
    private let window: Int

    init(window: Int, stock: [Item]) {
        self.window = window
        state.withLock { $0.fresh = stock }
    }

    /// At most `count` items when there is room for all of them; waits for it. Empty when the run is over.
    func take(_ count: Int) async -> [Item] {
        while true {
            let taken: [Item]? = state.withLock { state in
                if state.isOver { return [] }
                guard state.pending.count + count <= window else { return nil }
                var items = Array(state.ready.suffix(count))
                state.ready.removeLast(items.count)
                // Copied at once: a slice that lives on would make the removal copy the whole stock.
                let more = Array(state.fresh.suffix(count - items.count))
                items += more
                state.fresh.removeLast(more.count)
                guard !items.isEmpty else { return nil }
                let now = SystemTime.monotonic
                for item in items { state.pending[item.id] = (item, now) }
                return items
            }
            if let taken { return taken }
            await withCheckedContinuation { continuation in
                let isLate = state.withLock { state in
                    guard !state.isOver, state.pending.count + count > window || state.isDry else {
                        return true
                    }
                    state.waiters.append(continuation)
                    return false
                }
                if isLate { continuation.resume() }
            }
        }
    }

    /// Notes what a node said of an item that it did not take.
    func refuse(_ item: Item, _ fault: String) {
        change { state in
            guard state.pending.removeValue(forKey: item.id) != nil else { return }
            state.refused += 1
            state.fault = state.fault ?? fault
        }
    }

    /// Notes a block that the watching node saw become final.
    func finalised(_ ids: [TransactionID]) {
        let now = SystemTime.monotonic
        change { state in
            if let last = state.lastFinal { state.gaps.append((last, now - last)) }
            state.lastFinal = now
            for id in ids {
                guard let (item, began) = state.pending.removeValue(forKey: id) else { continue }
                state.ready += item.next
                guard state.isRecording else { continue }
                state.finals += 1
                state.latencies.add(now - began)
            }
        }
    }

    func begin() { change { $0.isRecording = true } }

    /// Stops recording and gives out nothing more.
    func end() {
        change { state in
            state.isRecording = false
            state.isOver = true
        }
    }

    var isIdle: Bool { state.withLock { $0.pending.isEmpty } }
    var finals: Int { state.withLock { $0.finals } }
    var latencies: Sample { state.withLock { $0.latencies } }
    var refusals: (count: Int, first: String?) { state.withLock { ($0.refused, $0.fault) } }
    /// Times without a final transaction that began after a moment, longest first.
    func gaps(after moment: Duration) -> [Duration] {
        state.withLock { $0.gaps.filter { $0.at + $0.length >= moment }.map(\.length).sorted(by: >) }
    }
    var lastFinal: Duration? { state.withLock { $0.lastFinal } }

    private func change(_ body: (inout State) -> Void) {
        let waiters = state.withLock { state in
            body(&state)
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }
}

/// Signs transactions of one home node: each call has one fresh seat, and is opened and ended.
struct TransactionMaker: Sendable {
    private let member: MemberID
    private let key: SigningKey
    private let chain: ChainID

    init(home: LedgerNetwork.Home, chain: ChainID) { (member, key, self.chain) = (home.member, home.key, chain) }

    func make() -> LedgerFlow.Item {
        var hash = SHA256()
        let call = CallID(raw: SHA256.hash(SecureRandom.bytes(count: 32)).raw)
        let seatKey = SigningKey.generate().publicKey
        let now = SystemTime.utc
        let seat = CallSeat(
            key: seatKey, certificate: SHA256.hash(SecureRandom.bytes(count: 32)),
            roster: CallSeat.rosterHash(call: call, keys: [seatKey], with: &hash), minute: now.rawValue / 60_000)
        let end = item(.callEnd(CallEnd(call: call, minute: seat.minute)), at: now, next: [])
        return item(.callOpen(CallOpen(call: call, seat: seat, owner: member)), at: now, next: [end])
    }

    /// Bytes signed and bytes in all of an open and its end.
    var sizes: (signed: Int, all: Int) {
        let item = make()
        let all = ([item] + item.next).map { $0.envelope.utf8.count / 2 }
        return (all.reduce(0) { $0 + $1 - Self.envelopeByteCount }, all.reduce(0, +))
    }

    /// Key, signature and the heads around them.
    private static let envelopeByteCount = 114

    private func item(
        _ operation: Ledger.Operation, at now: Timestamp, next: [LedgerFlow.Item]
    ) -> LedgerFlow.Item {
        let body = Transaction(
            operation, from: AuthorID(member), chain: chain,
            nonce: SecureRandom.bytes(count: Transaction.nonceByteCount), until: now.adding(milliseconds: 110_000)
        ).encoded
        let envelope = key.sign(.transaction, chain: chain, body: body).encoded
        let id = TransactionID(raw: SHA256.hash(SigningKind.transaction.preimage(chain: chain, body: body)).raw)
        return LedgerFlow.Item(id: id, envelope: Hex.encode(envelope), next: next)
    }
}
