import ContentStore
import Crypto
import EventLoop
package import Ledger
package import Primitives
import RPC
import Recording
import Wire

/// Why what was recorded did not get to the ledger or to the holders.
package enum HandoverError: Error, Sendable {
    case home(HomeError)
    case log(RecordingLogError)
    /// The ledger has no such recording.
    case unknownRecording
    /// No node is active that could hold it.
    case noHolders
    /// The home node or the holders took a block too often for too much.
    case tooSlow
}

/// A sender's steps after a recording has ended: seal on the ledger, then hand every block to the holders. Each step
/// can be taken again after a crash.
package struct RecordingHandover: Sendable {
    /// Nodes that hold one recording; fewer where the network has fewer or allows fewer.
    package static let holderCountMax = 8
    /// How often a block is handed in that is not taken for now: about a minute.
    static let triesMax = 32

    private let home: HomeClient
    private let callKey: any Signing

    /// - Parameter callKey: the sender's per-call key.
    package init(home: HomeClient, callKey: any Signing) {
        self.home = home
        self.callKey = callKey
    }

    /// Seals what the log holds and hands it over. What the ledger made of the seal; nil when nothing was recorded or
    /// it was sealed before.
    /// - Throws: `HandoverError`; calling again goes on from there.
    @discardableResult
    package func finish(_ log: RecordingLog) async throws(HandoverError) -> TransactionOutcome? {
        let recorded: RecordedSender?
        let stage: RecordingLog.Stage
        do throws(RecordingLogError) {
            recorded = try await log.recorded()
            stage = try await log.stage()
        } catch {
            throw .log(error)
        }
        guard let recorded, stage < .handedOver else { return nil }
        let outcome = stage == .open ? try await seal(recorded) : nil
        try await set(.sealed, log)
        try await handOver(recorded, log)
        try await set(.handedOver, log)
        return outcome
    }

    private func set(_ stage: RecordingLog.Stage, _ log: RecordingLog) async throws(HandoverError) {
        do throws(RecordingLogError) { try await log.setStage(stage) } catch { throw .log(error) }
    }

    // MARK: The seal

    private func seal(_ recorded: RecordedSender) async throws(HandoverError) -> TransactionOutcome? {
        var attempts = 3
        while true {
            let entry = try await read { () async throws(HomeError) in
                try await home.entry(RecordingEntry.self, StateKey(.recording, recorded.recording))
            }
            guard let entry else { throw .unknownRecording }
            // A crash may have come between the seal and the note of it.
            if entry.senders.contains(callKey.publicKey) { return nil }
            let holders = entry.holders.isEmpty ? try await nearest(to: recorded.recording) : entry.holders
            var hash = SHA256()
            let seal = recorded.seal(owner: entry.owner, holders: holders, with: &hash)
            do throws(HomeError) {
                return try await home.submit(.recordingSeal(seal), signedBy: callKey)
            } catch {
                // Another sender's seal may have named other holders in between: then theirs hold.
                attempts -= 1
                guard attempts > 0, entry.holders.isEmpty else { throw .home(error) }
            }
        }
    }

    private func nearest(to recording: RecordingID) async throws(HandoverError) -> [MemberID] {
        var nodes: [MemberID] = []
        var after: MemberID?
        while true {
            var params: [JSONValue.Member] = [JSONValue.Member("role", "node")]
            if let after { params.append(JSONValue.Member("after", .string(after.hex))) }
            let answer = try await read { () async throws(HomeError) in
                try await home.call("member.list", .object(params))
            }
            let members = answer["members"]?.list ?? []
            let ids = members.filter { $0["standing"]?.string == "active" }
                .compactMap { $0["id"]?.string.flatMap { MemberID(hex: $0) } }
            nodes += ids
            after = members.last?["id"]?.string.flatMap { MemberID(hex: $0) }
            guard answer["more"]?.boolean == true, after != nil, nodes.count < CeilingOf.members else { break }
        }
        guard !nodes.isEmpty else { throw .noHolders }
        let countMax = min(Self.holderCountMax, Int(home.genesis.limits.holders))
        return RecordedSender.holders(of: recording, among: nodes, countMax: countMax)
    }

    // MARK: The blocks

    private func handOver(_ recorded: RecordedSender, _ log: RecordingLog) async throws(HandoverError) {
        var hash = SHA256()
        let pages = WrapPage.pages(of: recorded.wraps, sender: callKey.publicKey, recording: recorded.recording)
        let wraps = pages.map { (cid: $0.cid(with: &hash), content: $0.encoded) }
        try await put(
            recorded.recording, .wraps, first: WrapPage.index(of: 0, sender: callKey.publicKey), wraps.map(\.cid)
        ) { cid throws(HandoverError) in wraps.first { $0.cid == cid }?.content ?? [] }
        let manifests = Dictionary(recorded.manifests.map { ($0.cid, $0.content) }) { first, _ in first }
        let cids = recorded.manifests.map(\.cid) + recorded.segmentBlocks
        try await put(recorded.recording, .inner, first: 0, cids) { cid throws(HandoverError) in
            if let manifest = manifests[cid] { return manifest }
            do throws(RecordingLogError) { return try await log.block(cid) } catch { throw .log(error) }
        }
    }

    private func put(
        _ recording: RecordingID, _ role: BlockRole, first: UInt64, _ cids: [CID],
        content: (CID) async throws(HandoverError) -> [UInt8]
    ) async throws(HandoverError) {
        for start in stride(from: 0, to: cids.count, by: KeepOrder.blockCountMax) {
            let part = Array(cids[start..<min(start + KeepOrder.blockCountMax, cids.count)])
            let order = KeepOrder(recording: recording, role: role, first: first + UInt64(start), blocks: part)
            let signed = callKey.sign(.keepOrder, chain: home.chain, body: order.encoded)
            let encoded = Hex.encode(signed.encoded)
            for cid in part {
                let bytes = Hex.encode(try await content(cid))
                try await put(["order": .string(encoded), "content": .string(bytes)])
            }
        }
    }

    private func read<Value>(_ body: () async throws(HomeError) -> Value) async throws(HandoverError) -> Value {
        do throws(HomeError) { return try await body() } catch { throw .home(error) }
    }

    /// Hands in one block; waits when the node says that it comes too fast, or that holders cannot be reached for now.
    private func put(_ params: JSONValue) async throws(HandoverError) {
        var pause = Duration.milliseconds(100)
        for _ in 0..<Self.triesMax {
            do throws(HomeError) {
                _ = try await home.signed("content.put", params)
                return
            } catch {
                guard case .rpc(.refused(let refusal)) = error, refusal.code?.isTemporary == true else {
                    throw .home(error)
                }
            }
            guard (try? await Task.sleep(for: pause)) != nil else { break }
            pause = min(pause * 2, .seconds(2))
        }
        throw .tooSlow
    }
}

extension HomeClient {
    /// Signs an operation with a per-call key, hands it in and waits until it is final.
    @discardableResult
    package func submit(
        _ operation: Ledger.Operation, signedBy callKey: any Signing
    ) async throws(HomeError) -> TransactionOutcome {
        let transaction = Transaction(
            operation, from: AuthorID(callKey.publicKey), chain: chain,
            nonce: SecureRandom.bytes(count: Transaction.nonceByteCount),
            until: SystemTime.utc.adding(milliseconds: genesis.limits.untilWindow / 2))
        return try await submit(envelope: callKey.sign(.transaction, chain: chain, body: transaction.encoded).encoded)
    }
}
