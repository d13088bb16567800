/// How fast the engine gives up and retries. Durations are the shell's clock; nothing here is part of the protocol's
/// safety, so validators may differ.
package struct Pace: Sendable, Equatable {
    /// Δ to start with: a message's time from one correct validator to another. Default 100 ms: twice a far link.
    package var delta: Duration = .milliseconds(100)
    /// Δ never grows beyond this. Default 5 s.
    package var deltaMax: Duration = .seconds(5)
    /// An idle chain grows by one empty block this often. Default 10 s.
    package var heartbeat: Duration = .seconds(10)

    package init() {}
}

/// Upper bounds of everything the engine remembers.
package struct Limits: Sendable, Equatable {
    /// Notarized blocks above the last finalised one before proposals must be empty.
    package var unfinalisedMax = 16
    /// Votes for views further ahead than this are dropped; a certificate is taken at any distance.
    package var viewsAhead: UInt64 = 32
    /// Votes of views further back than this are forgotten, certificates are not.
    package var viewsBehind: UInt64 = 64
    /// Views above the last finalised one whose certificates are kept; the lowest go first.
    package var certifiedViewsMax = 4096
    /// Blocks held above the last finalised one; the highest that were not executed go first.
    package var blocksMax = 1024
    /// Own votes above the last finalised view that are kept and said again; the oldest go first.
    package var ownVotesMax = 256
    /// Finalizations waiting for their blocks.
    package var targetsMax = 8

    package init() {}
}
