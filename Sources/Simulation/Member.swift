import Consensus
import Primitives
import Wire

/// One process: an engine, a disk and a ledger. Twins are two members in one seat.
struct Member<Ledger: SimulatedLedger>: Sendable {
    let seat: Seat
    let nature: Scenario.Nature
    /// What its blocks begin with: 2 for the second twin.
    let variant: UInt8

    var engine: Engine
    var ledger: Ledger
    var disk = SimulatedDisk()
    var isUp = true
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
    /// For flaws: views given up, and votes heard.
    var nullified: Set<View> = []
    var heard: [Ballot: SeatSet] = [:]
}
