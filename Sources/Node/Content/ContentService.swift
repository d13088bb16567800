package import ContentStore
import Crypto
import Ledger
import Links
package import Primitives
import RPC
import Recording
package import Wire

/// Bounds of a node's part in holding content.
package struct ContentSettings: Equatable, Sendable {
    /// Bytes that one member may hand in through this node in a day. Default 16 GiB.
    package var uploadBytesPerDay: UInt64 = 16 << 30
    /// How long another node may take to answer. Default 20 s: a block on a slow line.
    package var patience = Duration.seconds(20)
    /// Providers that are asked for one block, one after the other. Default 8.
    package var providersMax = 8

    package init() {}
}

/// Why a holder did not keep a block.
package enum KeepError: Error, Hashable, Sendable {
    /// The order is not signed by a participant, or does not name the block.
    case unauthorised
    /// This node is not an assigned holder of the recording.
    case notHolder
    /// The recording is published: its inner blocks are not taken any more.
    case closed
    case store(ContentStoreError)
}

/// Holds content blocks for recordings: takes what participants leave, makes the first outer layer over it, gives out
/// what the ledger lets it, and finds at other nodes what it does not have.
package final class ContentService: NodeServicing {
    package let store: any ContentStoring
    let node: NodeRuntime
    let settings: ContentSettings
    let meter: UploadMeter
    private let layers: LayerMaker
    private let verifier = SignatureVerifier()

    package init(
        node: NodeRuntime, store: any ContentStoring, keys: any OuterKeySource,
        settings: ContentSettings = ContentSettings()
    ) {
        self.node = node
        self.store = store
        self.settings = settings
        meter = UploadMeter(byteCountMax: settings.uploadBytesPerDay)
        let dht = node.dht
        layers = LayerMaker(node: node, store: store, keys: keys) { await dht.provide($0) }
    }

    package func install(on node: NodeRuntime) async {
        node.serve(.content) { [self] asker, body in await answer(body, to: asker) }
        node.serve(.keep) { [self] sender, body in await keep(body, from: sender) }
        await announce()
    }

    package func stop() async { await layers.stop() }

    /// Says to the DHT what is here; after a rotation, of the new blocks.
    package func announce() async {
        var place: KeptBlock?
        while let blocks = try? await store.all(after: place, limit: 1_024), let last = blocks.last {
            await node.dht.provide(blocks.filter { $0.tag.role.isOuter }.map(\.cid))
            place = last
        }
    }

    // MARK: Giving

    /// The bytes of a block, if they are here and `asker` may have them.
    package func content(of cid: CID, for asker: ContentGuard.Asker) async -> [UInt8]? {
        guard let tags = try? await store.tags(of: cid), !tags.isEmpty,
            await ContentGuard.mayServe(tags, to: asker, on: node.chain)
        else { return nil }
        do {
            return try await store.content(of: cid)
        } catch {
            node.log(.error, "content_failed", ["error": .word(String(describing: error))])
            return nil
        }
    }

    /// Blocks of a role from an index on, as many as one answer holds, if `asker` may have them.
    func index(from tag: BlockTag, for asker: ContentGuard.Asker) async -> ContentIndex? {
        guard await ContentGuard.mayServe([tag], to: asker, on: node.chain),
            let blocks = try? await store.blocks(
                of: tag.recording, epoch: tag.epoch, from: tag.role, index: tag.index, limit: ContentIndex.countMax)
        else { return nil }
        return ContentIndex(
            blocks.prefix { $0.tag.role == tag.role }
                .map { ContentIndex.Entry(index: $0.tag.index, cid: $0.cid, size: $0.size) })
    }

    private func answer(_ body: [UInt8], to asker: MemberID) async -> [UInt8]? {
        switch try? ContentQuestion(decoding: body) {
        case .block(let cid): await content(of: cid, for: .node(asker))
        case .index(let tag): await index(from: tag, for: .node(asker))?.encoded
        case nil: nil
        }
    }

    // MARK: Keeping

    private func keep(_ body: [UInt8], from sender: MemberID) async -> [UInt8]? {
        switch try? KeepRequest(decoding: body) {
        case .block(let order, let content):
            do throws(KeepError) {
                try await keep(order, content, from: sender)
                return [1]
            } catch {
                node.log(.debug, "block_refused", ["why": .word(String(describing: error)), "peer": .id(sender)])
                return nil
            }
        case .layer(let order): return await layer(order)?.encoded
        case nil: return nil
        }
    }

    /// Keeps a block that a participant of a recorded call ordered kept.
    /// - Parameter sender: the node that brings it, and pays.
    package func keep(_ object: SignedObject, _ content: [UInt8], from sender: MemberID) async throws(KeepError) {
        guard let signed = try? SignedKeepOrder(object),
            let verified = verifier.verified(signed, in: node.rules.chain)
        else { throw .unauthorised }
        let order = verified.value.order
        let digest = SHA256.hash(content)
        guard let cid = order.blocks.first(where: { $0.digest == digest }), let tag = order.tag(of: cid) else {
            throw .unauthorised
        }
        let entry: RecordingEntry?
        let call: CallEntry?
        let isPublished: Bool
        do throws(StateError) {
            entry = try await node.chain.entry(RecordingEntry.self, StateKey(.recording, order.recording))
            guard let entry else { throw .storeFailed }
            call = try await node.chain.entry(CallEntry.self, StateKey(.call, entry.call))
            isPublished =
                try await node.chain.entry(RightsEntry.self, StateKey(.rights, order.recording)) != nil
        } catch {
            throw .unauthorised
        }
        guard let entry, let call, call.seats.contains(where: { $0.key == object.key }) else { throw .unauthorised }
        guard entry.holders.contains(node.member) else { throw .notHolder }
        if order.role == .inner, isPublished { throw .closed }
        do {
            try await store.put(ContentBlock(cid: cid, tag: tag, payer: sender, content: content))
        } catch {
            throw .store(error)
        }
    }

    // MARK: The first layer

    /// Begins the first layer that the rights holder orders, or says how far it is; nil when it may not order it, or
    /// this node holds no part of the recording.
    func layer(_ object: SignedObject) async -> LayerState? {
        guard let signed = try? SignedLayerOrder(object),
            let verified = verifier.verified(signed, in: node.rules.chain)
        else { return nil }
        let order = verified.value.order
        guard let recording = try? await node.chain.entry(RecordingEntry.self, StateKey(.recording, order.recording)),
            recording.holders.contains(node.member), Set(recording.senders).isSuperset(of: order.senders),
            let owner = try? await node.chain.entry(MemberEntry.self, StateKey(.member, recording.owner)),
            owner.keys.sign == object.key
        else { return nil }
        return await layers.state(of: order)
    }

    // MARK: Finding

    /// A block from here, from the holders of its recording, or from whom the DHT names.
    package func find(_ cid: CID, recording: RecordingID? = nil) async -> [UInt8]? {
        if let content = await content(of: cid, for: .anyone) { return content }
        var asked: Set<MemberID> = [node.member]
        if let recording, let holders = try? await holders(of: recording) {
            for holder in holders where asked.insert(holder).inserted {
                if let content = await ask(holder, for: cid) { return content }
            }
        }
        let providers = await node.dht.providers(of: cid).filter { !asked.contains($0) }
        for provider in providers.prefix(settings.providersMax) {
            if let content = await ask(provider, for: cid) { return content }
        }
        return nil
    }

    /// Which blocks of a role there are, from here or from the first holder that says.
    func findIndex(from tag: BlockTag) async -> ContentIndex? {
        if let index = await index(from: tag, for: .anyone), !index.blocks.isEmpty { return index }
        guard let holders = try? await holders(of: tag.recording) else { return nil }
        for holder in holders where holder != node.member {
            guard
                let answer = try? await node.ask(
                    .content, ContentQuestion.index(tag).encoded, of: holder, within: settings.patience),
                let index = try? ContentIndex(decoding: answer), !index.blocks.isEmpty
            else { continue }
            return index
        }
        return ContentIndex([])
    }

    func holders(of recording: RecordingID) async throws(StateError) -> [MemberID] {
        try await node.chain.entry(RecordingEntry.self, StateKey(.recording, recording))?.holders ?? []
    }

    private func ask(_ holder: MemberID, for cid: CID) async -> [UInt8]? {
        guard
            let content = try? await node.ask(
                .content, ContentQuestion.block(cid).encoded, of: holder, within: settings.patience),
            content.count <= ContentBlock.byteCountMax, SHA256.hash(content) == cid.digest
        else { return nil }
        return content
    }
}
