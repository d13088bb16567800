/// Upper bounds of the DHT. Every one of them is checked before memory is taken.
package struct Limits: Equatable, Sendable {
    /// Storers of one record (R). With fewer nodes, all of them store.
    package var replicas = 8
    /// Storers that must confirm before a put counts as done, out of `replicas`.
    package var putQuorum = 6
    /// How far down the list of closest nodes a put goes when nodes do not answer.
    package var putCandidatesMax = 16
    /// Answers that a read of what decides a call waits for.
    package var carefulReads = 3
    /// Nodes asked at once by any other read.
    package var quickReads = 2
    /// Requests under way at once in an iterative lookup (α).
    package var parallelism = 3
    /// Disjoint paths of an iterative lookup.
    package var paths = 3
    /// Nodes that one lookup asks before it gives up.
    package var lookupQueriesMax = 64
    /// Nodes in the routing table.
    package var contactsMax = 4096
    /// Signed address records held, one for each node.
    package var addressesMax = 4096
    /// Records held for others.
    package var recordsMax = 100_000
    /// Bytes of records held for others.
    package var recordBytesMax = 64 << 20
    /// Records held for one storing node, so that nobody fills a neighbour alone.
    package var recordsPerStorerMax = 20_000
    /// Providers remembered for one content block.
    package var providersPerContentMax = 16
    /// How far ahead a record's expiry may lie, in milliseconds: one day.
    package var expiryAheadMax: UInt64 = 24 * 3_600_000
    /// How far ahead an address record's expiry may lie, in milliseconds: one hour.
    package var addressExpiryAheadMax: UInt64 = 3_600_000

    package init() {}

    /// Confirmations that make a put done when `count` nodes exist: six of eight, and the same share of fewer.
    package func quorum(of count: Int) -> Int {
        let storers = min(count, replicas)
        return storers == replicas ? putQuorum : (storers * putQuorum + replicas - 1) / replicas
    }
}
