import EventLoop
import Links
import Primitives
import Synchronization

/// Keeps the account of what peers do, for the threads that see it, and has the mesh drop those who overdo it.
final class PeerWatch: Sendable {
    private struct State {
        var conduct: PeerConduct
        var dropped: [String: UInt64] = [:]
        /// Since when each link stands.
        var connected: [MemberID: Duration] = [:]
    }

    private let mesh: LinkMesh
    private let log: Log
    private let answerTime: Duration
    private let state: Mutex<State>

    init(mesh: LinkMesh, limits: PeerConduct.Limits, log: Log) {
        self.mesh = mesh
        answerTime = limits.answerTime
        state = Mutex(State(conduct: PeerConduct(limits: limits)))
        self.log = log
    }

    /// Peers dropped since the start, by reason, in order.
    var droppedCounts: [(reason: String, count: UInt64)] {
        state.withLock { $0.dropped }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    func connected(_ member: MemberID) { state.withLock { $0.connected[member] = SystemTime.monotonic } }
    func disconnected(_ member: MemberID) { state.withLock { $0.connected[member] = nil } }

    /// A peer did what an honest one does not.
    func report(_ offence: Offence, by member: MemberID) {
        let now = SystemTime.monotonic
        let verdict: PeerConduct.Verdict = state.withLock { state in
            // Who had no link could not answer.
            let since = state.connected[member]
            if offence == .stalledSync, since.map({ now - $0 < answerTime }) ?? true { return .borne }
            return state.conduct.receive(offence, by: member, at: now)
        }
        act(on: verdict, against: member)
    }

    /// A message about consensus came. False when it is one too many, and is to be left.
    func hears(_ member: MemberID) -> Bool {
        let now = SystemTime.monotonic
        let (verdict, isAway) = state.withLock { state in
            (state.conduct.heard(from: member, at: now), state.conduct.isAway(member, at: now))
        }
        act(on: verdict, against: member)
        // What a dropped peer had on its way is left, too.
        return !isAway
    }

    private func act(on verdict: PeerConduct.Verdict, against member: MemberID) {
        guard case .drop(let offence, let pause) = verdict else { return }
        state.withLock { $0.dropped[offence.rawValue, default: 0] += 1 }
        log(
            .warning, "peer_dropped",
            [
                "peer": .id(member), "why": .word(offence.rawValue), "seconds": .count(Int(pause / .seconds(1))),
            ])
        Task { [mesh] in await mesh.shun(member, for: pause) }  // Ends when the link is closed.
    }
}
