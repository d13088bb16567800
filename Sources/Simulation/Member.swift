import Consensus
import Primitives
import Wire

/// One process: an engine, a disk and a ledger. Twins are two members in one seat.
struct Member<Ledger: SimulatedLedger>: Sendable {
    /// Its number, whatever its seat in a validator epoch; twins share one.
    let number: Int
    let nature: Scenario.Nature
    /// What its blocks begin with: 2 for the second twin.
    let variant: UInt8

    var engine: Engine
    var ledger: Ledger
    var disk = SimulatedDisk()
    var isUp = true
    /// It found its store damaged, and never starts again.
    var hasStopped = false
    /// Counts restarts: what was planned for an earlier life does not happen.
    var life = 0
    /// The number of the timer's last start; an earlier one was cancelled.
    var timers: [Engine.Timer: Int] = [:]
    var timersStarted = 0
    /// What the engine was last told of the mempool.
    var toldBacklog = Engine.Backlog.empty
    /// Blocks that can be served.
    var blocks: [Digest: Block] = [:]
    /// Own transactions not yet final.
    var own: Set<UInt64> = []
    /// Transactions that must become final here after the quorum was healed.
    var awaited: Set<UInt64> = []
    /// The highest block it told anybody to be final, and a digest of all up to there.
    var committed = Height.zero
    var export: Digest
    /// How far its wall clock is off, in milliseconds.
    var clockError: Int64 = 0
    /// How long a sync takes, in microseconds.
    var syncTime: ClosedRange<UInt64> = SyncTime.quick
    /// When each other member was last spoken to about another validator epoch than its own.
    var toldAt: [Int: UInt64] = [:]
    /// For flaws and lies: views given up, votes heard, and the last notarization.
    var nullified: Set<View> = []
    var heard: [Ballot: SeatSet] = [:]
    var notarization: Certificate?

    enum SyncTime {
        static var quick: ClosedRange<UInt64> { 50...3_000 }
        static var slow: ClosedRange<UInt64> { 50_000...1_000_000 }
    }
}
