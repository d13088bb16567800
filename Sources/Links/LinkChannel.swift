/// What a message is for. A channel goes before all that follow it: nothing of a later channel is sent while something
/// of an earlier one waits. Each has a queue of its own.
package enum LinkChannel: UInt8, CaseIterable, Sendable {
    /// Votes, certificates, proposals. A full queue closes the link: a vote is never dropped in silence.
    case consensus = 1
    /// Blocks, proofs and snapshots for those who lag behind.
    case sync = 2
    /// Requests between nodes: signalling, key shares, content blocks.
    case service = 3
    /// Transactions on their way into a block.
    case transactions = 4
}

/// What became of a message handed to the mesh.
package enum LinkSendResult: Hashable, Sendable {
    case queued
    /// Took the place of a queued message with the same key.
    case superseded
    /// Not taken: the queue is full. A `drained` event follows when there is room.
    case busy
    /// Not taken: there is no link to this member now.
    case notConnected
    /// Not taken: longer than the channel allows.
    case tooLarge
    /// Not taken, and the link was closed: the member does not read what consensus must tell it.
    case overflowed
}
