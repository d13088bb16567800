import Consensus
import Primitives

/// What the chain's thread knows of its store without looking, so that a commit scans nothing: LevelDB walks over what
/// was deleted until it is compacted.
struct StoreLedge: Sendable {
    enum Sweeps: Sendable { case none, running, again }

    /// The lowest height whose transactions are here.
    var floor = Height(1)
    /// The lowest height whose body lies in LevelDB.
    var unmoved = Height(1)
    /// About how many bytes lie there.
    var unmovedByteCount = 0
    /// Blocks whose transactions are remembered on disk.
    var replays = ReplayRows()
    /// When the next erasure is due; nil when all are done.
    var nextErasure: Timestamp?
    /// Whether LevelDB's files are being swept, and whether more came meanwhile.
    var sweeps = Sweeps.none
    /// Bodies on disk that are not final.
    var pending: [Digest: View] = [:]
    /// Keys of certificates and of own votes on disk.
    var certificates: [[UInt8]: View] = [:]
    var votes: [[UInt8]: View] = [:]

    /// Takes out everything: the validator epoch is over.
    mutating func forgetConsensus() -> (pending: [(Digest, View)], keys: [[UInt8]]) {
        let keys = Array(certificates.keys) + Array(votes.keys)
        let bodies = pending.map { ($0.key, $0.value) }
        pending = [:]
        certificates = [:]
        votes = [:]
        return (bodies.sorted { $0.0 < $1.0 }, keys.sorted { $0.lexicographicallyPrecedes($1) })
    }

    /// Takes out what a finalised view makes superfluous.
    mutating func dropConsensus(upTo view: View) -> (pending: [(Digest, View)], keys: [[UInt8]]) {
        let bodies = pending.filter { $0.value <= view }
        for hash in bodies.keys { pending[hash] = nil }
        let watermark = votes.values.max() ?? .zero
        let oldCertificates = certificates.filter { $0.value <= view }
        for key in oldCertificates.keys { certificates[key] = nil }
        let oldVotes = votes.filter { $0.value <= view && $0.value != watermark }
        for key in oldVotes.keys { votes[key] = nil }
        let keys = Array(oldCertificates.keys) + Array(oldVotes.keys)
        return (
            bodies.map { ($0.key, $0.value) }.sorted { $0.0 < $1.0 },
            keys.sorted { $0.lexicographicallyPrecedes($1) }
        )
    }
}
