import ContentStore
import Crypto
import Ledger
import Primitives
import Recording
import Wire

/// Makes first layers, one recording at a time, and says how far each is.
actor LayerMaker {
    /// Recordings whose state is remembered; beyond it, finished ones are forgotten and read from the store again.
    static let statesMax = 256

    private let node: NodeRuntime
    private let store: any ContentStoring
    private let keys: any OuterKeySource
    private var states: [RecordingID: LayerState] = [:]
    private var tasks: [RecordingID: Task<Void, Never>] = [:]
    private let onDone: @Sendable ([CID]) async -> Void

    /// - Parameter onDone: hears the CIDs that others may now ask for.
    init(
        node: NodeRuntime, store: any ContentStoring, keys: any OuterKeySource,
        onDone: @escaping @Sendable ([CID]) async -> Void
    ) {
        self.node = node
        self.store = store
        self.keys = keys
        self.onDone = onDone
    }

    /// How far the layer is that this order asks for; begins to make it. Who may order is checked before.
    func state(of order: LayerOrder) -> LayerState {
        let recording = order.recording
        if tasks[recording] != nil { return LayerState(.working) }
        if let state = states[recording] {
            if state.step == .done { return state }
            // What failed is tried again with the next question; this one hears what happened.
            states[recording] = nil
            return state
        }
        if states.count >= Self.statesMax { states = states.filter { $0.value.step != .done } }
        guard states.count + tasks.count < Self.statesMax else { return LayerState(.failed) }
        tasks[recording] = Task { await run(order) }  // Ends with the layer, or with `stop`.
        return LayerState(.working)
    }

    func stop() {
        for task in tasks.values { task.cancel() }
    }

    private func run(_ order: LayerOrder) async {
        let state = await make(order)
        tasks[order.recording] = nil
        states[order.recording] = state
        node.log(
            state.step == .done ? .info : .warning, "first_layer",
            ["recording": .id(order.recording), "state": .word(String(describing: state.step))])
    }

    private func make(_ order: LayerOrder) async -> LayerState {
        var hash = SHA256()
        var seals: [PublicKey: SealEntry] = [:]
        for sender in order.senders {
            let key = StateKey(.seal, order.recording, sender)
            guard let seal = try? await node.chain.entry(SealEntry.self, key) else { return LayerState(.incomplete) }
            seals[sender] = seal
        }
        let layer = FirstLayer(store: store, recording: order.recording, seals: seals, payer: node.member)
        do throws(LayerFault) {
            if let manifest = try await layer.existing() {
                return LayerState(.done, root: manifest.root(with: &hash))
            }
            let inventory = try await layer.inventory()
            let key: SecretKey
            do throws(OuterKeyError) {
                key = try await keys.outerKey(of: order.recording, epoch: FirstLayer.epoch)
            } catch {
                return LayerState(.noKey)
            }
            let manifest = try await layer.make(inventory, under: key)
            await onDone(
                manifest.shards.map(\.link.cid) + OuterManifestPage.pages(of: manifest).map { $0.cid(with: &hash) })
            return LayerState(.done, root: manifest.root(with: &hash))
        } catch {
            return LayerState(error == .incomplete ? .incomplete : .failed)
        }
    }
}
