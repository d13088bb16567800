import Consensus
import Crypto
import EventLoop
import KeyValue
import Ledger
package import Primitives
import Wire

/// Why what a light client remembers cannot be used.
package enum LightStoreError: Error, Hashable, Sendable {
    /// The directory cannot be read or written.
    case failed(String)
    /// It belongs to another network.
    case otherChain
    case damaged
}

/// What a light client keeps: the newest checkpoint, the handovers on the way to it, and the alarm, if there was one.
/// No block and no state.
package actor LightStore {
    package nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

    /// The first byte of each key. The numbers never change.
    private enum Table: UInt8 {
        /// – → chain id
        case chain = 0x01
        /// – → `LightCheckpoint`
        case checkpoint = 0x02
        /// validator epoch u64 → `Handover`
        case handover = 0x03
        /// – → `ForkAlarm`
        case alarm = 0x04
    }

    private nonisolated let executor: BlockingThreadExecutor
    private let store: KeyValueStore

    /// Opens the store of a network's light client in `path`, or makes it.
    package init(path: String, chain: ChainID) throws(LightStoreError) {
        do throws(SocketError) {
            executor = try BlockingThreadExecutor(name: "light")
        } catch {
            throw .failed("no thread")
        }
        let known: [UInt8]?
        do throws(KeyValueError) {
            store = try KeyValueStore(path: path)
            known = try store.value(for: [Table.chain.rawValue])
            var batch = WriteBatch()
            batch.put([Table.chain.rawValue], chain.bytes)
            if known == nil { try store.write(batch, synced: true) }
        } catch {
            throw .failed(String(describing: error))
        }
        guard known == nil || known == chain.bytes else { throw .otherChain }
    }

    package func close() {
        store.close()
        executor.stop()
    }

    /// Where the client stood.
    package func checkpoint() throws(LightStoreError) -> LightCheckpoint? { try object(.checkpoint) }

    /// What stopped it.
    package func alarm() throws(LightStoreError) -> ForkAlarm? { try object(.alarm) }

    /// How validator epochs handed over, from `epoch` on, at most `limit`.
    package func handovers(from epoch: ValidatorEpoch, limit: Int) throws(LightStoreError) -> [Handover] {
        let range = KeyRange(
            from: [Table.handover.rawValue] + bigEndian(epoch.rawValue), upTo: [Table.handover.rawValue + 1])
        do {
            return try store.entries(in: range, limit: limit).map { try Handover(decoding: $0.value) }
        } catch let error as KeyValueError {
            throw .failed(String(describing: error))
        } catch {
            throw .damaged
        }
    }

    /// Remembers where the client stands, durably; `handover` is how it came into this validator epoch.
    package func save(_ checkpoint: LightCheckpoint, after handover: Handover? = nil) throws(LightStoreError) {
        var batch = WriteBatch()
        batch.put([Table.checkpoint.rawValue], checkpoint.encoded)
        if let handover {
            batch.put([Table.handover.rawValue] + bigEndian(handover.record.epoch.rawValue), handover.encoded)
        }
        try write(batch)
    }

    /// Remembers an alarm, durably. The first one stays.
    package func save(_ alarm: ForkAlarm) throws(LightStoreError) {
        guard try self.alarm() == nil else { return }
        var batch = WriteBatch()
        batch.put([Table.alarm.rawValue], alarm.encoded)
        try write(batch)
    }

    /// Forgets everything but the network, so that the client begins anew. An alarm stays.
    package func forget() throws(LightStoreError) {
        var batch = WriteBatch()
        batch.delete([Table.checkpoint.rawValue])
        for handover in try handovers(from: .zero, limit: .max) {
            batch.delete([Table.handover.rawValue] + bigEndian(handover.record.epoch.rawValue))
        }
        try write(batch)
    }

    private func write(_ batch: WriteBatch) throws(LightStoreError) {
        do throws(KeyValueError) {
            try store.write(batch, synced: true)
        } catch {
            throw .failed(String(describing: error))
        }
    }

    private func object<Value: WireObject>(_ table: Table) throws(LightStoreError) -> Value? {
        let bytes: [UInt8]?
        do throws(KeyValueError) {
            bytes = try store.value(for: [table.rawValue])
        } catch {
            throw .failed(String(describing: error))
        }
        guard let bytes else { return nil }
        do throws(WireError) {
            return try Value(decoding: bytes)
        } catch {
            throw .damaged
        }
    }
}
