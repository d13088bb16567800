import Consensus
import Crypto
import EventLoop
import KeyValue
package import Ledger
package import Primitives
package import RPC
import Wire

/// Begins a node's ledger with a snapshot that other nodes hand out, instead of with the first block.
///
/// No node is believed. From the genesis document the sets of validators are followed by handovers, as a light client
/// follows them; a snapshot is fetched only if its record is final by the set that decided it, each chunk is held
/// against the list in the snapshot, and the whole against the record while it is restored. Who says what does not
/// hold is named and asked nothing more, and the snapshot of another is taken. So one honest node is enough.
///
/// One snapshot lies on the disk at a time. What was fetched stays when the process is killed, and is not fetched
/// again.
package actor Bootstrap {
    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    /// Nodes that are asked.
    package static let sourcesMax = 16
    /// What a restored store may take on the disk, as a multiple of its snapshot, which lies there beside it.
    private static let growth = 3

    /// A node that is asked, and what to call it.
    package struct Source: Sendable {
        package let name: String
        package let ledger: NodeLedger

        package init(_ name: String, _ rpc: RPCClient) {
            self.name = name
            ledger = NodeLedger(rpc)
        }
    }

    /// What an operator is told on the way.
    package enum Notice: Sendable, Equatable {
        /// The node is asked nothing more.
        case left(String, why: String)
        /// The node has no snapshot.
        case empty(String)
        /// A snapshot was not taken, and nobody is to blame.
        case passed(Height, why: String)
        case chosen(Height, chunkCount: Int, byteCount: Int, from: [String])
        /// So many of the chunks are here; `fetched` of them came in this run.
        case chunk(Int, of: Int, fetched: Int)
        case restoring(Height)
    }

    package enum Fault: Error, Sendable {
        /// Nobody has one that could be taken: the notices say why.
        case noSnapshot
        /// Two nodes prove two records of one height: there are two ledgers.
        case forked(ForkAlarm, String, String)
        /// The disk of this machine, or a ledger that is there already.
        case store(SnapshotFault)
        /// The task was cancelled; another run goes on from there.
        case stopped
    }

    private nonisolated let executor: BlockingThreadExecutor
    private let rules: RuleBook
    private let directory: SnapshotDirectory
    private let notice: @Sendable (Notice) -> Void
    private var asking: SnapshotAsking
    private var trail: ValidatorTrail
    private var fetched = 0

    /// - Parameters:
    ///   - sources: nodes to ask; those beyond `sourcesMax` are not.
    ///   - path: the directory for what is fetched; it goes when the ledger is there.
    /// - Throws: when the genesis document makes no state, or there is no thread.
    package init(
        from sources: [Source], into path: String, rules: RuleBook,
        _ notice: @escaping @Sendable (Notice) -> Void = { _ in }
    ) throws(Fault) {
        do throws(SocketError) {
            executor = try BlockingThreadExecutor(name: "bootstrap")
        } catch {
            throw .store(SnapshotFault(.store, "no thread: \(error)"))
        }
        guard let trail = try? ValidatorTrail(rules) else {
            throw .store(SnapshotFault(.manifest, "the genesis document has no first block"))
        }
        self.rules = rules
        self.trail = trail
        self.notice = notice
        directory = SnapshotDirectory(path)
        asking = SnapshotAsking(Array(sources.prefix(Self.sourcesMax)))
    }

    /// Ends its thread.
    package nonisolated func stop() { executor.stop() }

    /// Makes the ledger in `path`, where none is yet.
    package func run(to path: String) async throws(Fault) -> SnapshotManifest {
        do throws(SnapshotFault) {
            try directory.make()
        } catch {
            throw .store(error)
        }
        for index in asking.sources.indices { await meet(index) }
        for offer in await offers() {
            if let manifest = try await take(offer, to: path) { return manifest }
            if Task.isCancelled { throw .stopped }
        }
        throw .noSnapshot
    }

    private func leave(_ index: Int, _ why: String) {
        guard asking.leave(index) else { return }
        notice(.left(asking.sources[index].name, why: why))
    }

    // MARK: Who is asked

    /// Follows the handovers that a node shows, as far as it has any, and sees whether its newest record is final.
    private func meet(_ index: Int) async {
        let ledger = asking.sources[index].ledger
        do throws(LightError) {
            let head = try await SnapshotAsking.patiently { () async throws(LightError) in
                try await ledger.record().proven
            }
            while trail.newest.epoch < head.record.epoch {
                let epoch = trail.newest.epoch
                let handovers = try await SnapshotAsking.patiently { () async throws(LightError) in
                    try await ledger.handovers(from: epoch)
                }
                guard !handovers.isEmpty else {
                    throw .unproven(method: "ledger.handovers", .unknownEpoch(head.record.epoch))
                }
                for handover in handovers { try follow(handover) }
            }
            try check(head)
        } catch {
            leave(index, SnapshotAsking.explain(error))
        }
    }

    private func follow(_ handover: Handover) throws(LightError) {
        var hash = SHA256()
        do throws(ProofFault) {
            try trail.follow(handover, with: &hash)
        } catch {
            throw .unproven(method: "ledger.handovers", error)
        }
    }

    private func check(_ proven: ProvenRecord) throws(LightError) {
        var hash = SHA256()
        do throws(ProofFault) {
            try trail.check(proven.record, proven.finality, with: &hash)
        } catch {
            throw .unproven(method: "ledger.record", error)
        }
    }

    // MARK: What there is

    /// First the one that an earlier run began to fetch, then the newest.
    private func offers() async -> [SnapshotOffer] {
        var holders: [SnapshotOffer.Name: [Int]] = [:]
        for index in asking.open {
            do throws(SnapshotAsking.Refusal) {
                let list = try await asking.list(index)
                if list.isEmpty { notice(.empty(asking.sources[index].name)) }
                for name in list { holders[name, default: []].append(index) }
            } catch {
                leave(index, error.why)
            }
        }
        var offers = holders.map { SnapshotOffer(name: $0.key, holders: $0.value.sorted()) }.sorted()
        guard let begun = directory.begun() else { return offers }
        let name = SnapshotOffer.Name(height: begun.height, hash: SHA256.hash(begun.encoded))
        let known = offers.firstIndex { $0.name == name }.map { offers.remove(at: $0) }
        offers.insert(known ?? SnapshotOffer(name: name, holders: []), at: 0)
        return offers
    }

    /// Nil when it cannot be had, or does not hold.
    private func take(_ offer: SnapshotOffer, to path: String) async throws(Fault)
        -> SnapshotManifest?
    {
        guard let manifest = await manifest(of: offer) else { return nil }
        try await compare(manifest, offer)
        guard hasRoom(for: manifest) else {
            notice(
                .passed(manifest.height, why: "its \(manifest.byteCount >> 20) MiB do not fit on the disk"))
            return nil
        }
        notice(
            .chosen(
                manifest.height, chunkCount: manifest.chunks.count, byteCount: manifest.byteCount,
                from: offer.holders.filter(asking.isOpen).map { asking.sources[$0].name }))
        do throws(SnapshotFault) {
            try directory.begin(manifest)
            for (index, part) in manifest.chunks.enumerated() {
                guard try await fetch(index, part, offer) else {
                    notice(.passed(manifest.height, why: "nobody hands out chunk \(index) of it any more"))
                    return nil
                }
                notice(.chunk(index + 1, of: manifest.chunks.count, fetched: fetched))
                if Task.isCancelled { return nil }
            }
            try directory.put(manifest)
        } catch {
            throw .store(error)
        }
        return try restore(manifest, offer, to: path)
    }

    private func manifest(of offer: SnapshotOffer) async -> SnapshotManifest? {
        var found = directory.begun().flatMap { SHA256.hash($0.encoded) == offer.name.hash ? $0 : nil }
        for index in offer.holders where found == nil && asking.isOpen(index) {
            do throws(SnapshotAsking.Refusal) {
                found = try await asking.manifest(offer.name, index)
            } catch {
                leave(index, error.why)
            }
        }
        guard let found else { return nil }
        var hash = SHA256()
        do throws(ProofFault) {
            guard found.chain == rules.chain, found.height == offer.name.height,
                found.tip.recordID == found.tip.record.cid(with: &hash)
            else { throw .otherChain }
            try trail.check(found.tip.record, found.proof, with: &hash)
            return found
        } catch {
            if case .unknownEpoch = error {
                notice(.passed(found.height, why: "its validators are too far back, or not known yet"))
            } else {
                for index in offer.holders {
                    leave(index, "the record of its snapshot is not proven: \(error)")
                }
                directory.forget()
            }
            return nil
        }
    }

    /// What the others prove of that height must be the same record.
    private func compare(_ manifest: SnapshotManifest, _ offer: SnapshotOffer) async throws(Fault) {
        let mine = ProvenRecord(record: manifest.tip.record, finality: manifest.proof)
        for index in asking.open where !offer.holders.contains(index) {
            // A node may be behind.
            let (ledger, height) = (asking.sources[index].ledger, manifest.height)
            let answer = try? await SnapshotAsking.patiently { () async throws(LightError) in
                try await ledger.record(at: height).proven
            }
            guard let other = answer else { continue }
            do throws(LightError) {
                try check(other)
            } catch {
                leave(index, SnapshotAsking.explain(error))
                continue
            }
            guard other.record.height == manifest.height, other.record != mine.record else { continue }
            let name = offer.holders.first.map { asking.sources[$0].name } ?? "what was fetched before"
            throw .forked(ForkAlarm(mine, other, in: trail.context), name, asking.sources[index].name)
        }
    }

    private func hasRoom(for manifest: SnapshotManifest) -> Bool {
        guard let space = DiskSpace(at: directory.path) else { return true }
        let here = UInt64(max(0, DurableDirectory.byteCount(of: directory.path)))
        return space.freeByteCount + here > UInt64((1 + Self.growth) * manifest.byteCount)
    }

    // MARK: Fetching

    /// False when nobody has the chunk.
    private func fetch(
        _ index: Int, _ part: SnapshotManifest.Part, _ offer: SnapshotOffer
    ) async throws(SnapshotFault) -> Bool {
        if directory.has(index, part) { return true }
        for holder in offer.holders where asking.isOpen(holder) {
            let bytes: [UInt8]
            do throws(SnapshotAsking.Refusal) {
                bytes = try await asking.chunk(index, part, of: offer.name, holder)
            } catch {
                leave(holder, error.why)
                continue
            }
            try directory.put(bytes, at: index)
            fetched += 1
            return true
        }
        return false
    }

    /// Nil when what was fetched is not what its record says: then all who hand it out are left.
    private func restore(
        _ manifest: SnapshotManifest, _ offer: SnapshotOffer, to path: String
    ) throws(Fault) -> SnapshotManifest? {
        notice(.restoring(manifest.height))
        do throws(SnapshotFault) {
            try SnapshotRestore.run(directory, to: path, rules: rules)
            directory.remove()
            return manifest
        } catch {
            if error.step == .store || error.step == .swap { throw .store(error) }
            let place = error.chunk.map { ", chunk \($0)" } ?? ""
            let why = "its snapshot does not hold, step \(error.step.rawValue)\(place): \(error.why)"
            if offer.holders.isEmpty { notice(.passed(manifest.height, why: why)) }
            for index in offer.holders { leave(index, why) }
            directory.remove()
            do throws(SnapshotFault) {
                try directory.make()
            } catch {
                throw .store(error)
            }
            return nil
        }
    }
}
