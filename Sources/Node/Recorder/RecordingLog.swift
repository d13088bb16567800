import ContentStore
import Crypto
package import EventLoop
internal import Glibc
package import KeyValue
package import Primitives
package import Recording
package import Wire

/// Why a sender's own log could not be written or read.
package enum RecordingLogError: Error, Equatable, Sendable {
    case store(KeyValueError)
    /// What is on disk is not what was written.
    case damaged
    /// The log is of another recording.
    case otherRecording
    case recording(RecordingError)
}

/// What one sender recorded, on its own disk: closed groups and their blocks, until the holders have them.
///
/// Keys of groups are never here, only wraps. What the process had not closed when it died is lost, at most a minute;
/// the rest can be sealed by the next one.
package actor RecordingLog {
    /// How far a log is.
    package enum Stage: UInt8, CaseIterable, Comparable, Sendable {
        case open = 0
        /// The seal stands on the ledger.
        case sealed = 1
        /// The holders have all blocks.
        case handedOver = 2

        package static func < (left: Stage, right: Stage) -> Bool { left.rawValue < right.rawValue }
    }

    package nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }
    package nonisolated let recording: RecordingID
    package nonisolated let sender: PublicKey
    private nonisolated let executor: BlockingThreadExecutor
    private let store: KeyValueStore
    private var hash = SHA256()

    private static let headKey: [UInt8] = [0x68]
    private static let stageKey: [UInt8] = [0x73]
    private static let groupPrefix: UInt8 = 0x67
    private static let blockPrefix: UInt8 = 0x62

    /// Opens the log in the directory `path`, or begins it; makes the directory above, for the owner alone.
    package init(
        path: String, recording: RecordingID, sender: PublicKey, on executor: BlockingThreadExecutor
    ) throws(RecordingLogError) {
        self.recording = recording
        self.sender = sender
        self.executor = executor
        var options = KeyValueStore.Options()
        options.isCompressed = false
        let head = recording.bytes + sender.bytes
        let known: [UInt8]?
        if let slash = path.lastIndex(of: "/") {
            // One that is there already is as good; one that cannot be made shows below.
            _ = unsafe mkdir(String(path[..<slash]), 0o700)
        }
        do throws(KeyValueError) {
            store = try KeyValueStore(path: path, options: options)
            known = try store.value(for: Self.headKey)
            if known == nil {
                var batch = WriteBatch()
                batch.put(Self.headKey, head)
                try store.write(batch, synced: true)
            }
        } catch {
            throw .store(error)
        }
        guard known == nil || known == head else { throw .otherRecording }
    }

    /// The recording and sender of a log that lies in `path`; nil when none does.
    package static func inspect(path: String) -> (recording: RecordingID, sender: PublicKey)? {
        var options = KeyValueStore.Options()
        options.createsIfMissing = false
        guard let store = try? KeyValueStore(path: path, options: options),
            let head = try? store.value(for: headKey), head.count == 64, let recording = RecordingID(head[..<32]),
            let sender = PublicKey(head[32...])
        else { return nil }
        return (recording, sender)
    }

    package func close() {
        store.close()
        executor.stop()
    }

    // MARK: Writing

    /// Keeps closed groups; durable when it returns.
    package func add(_ groups: [FinishedGroup]) throws(RecordingLogError) {
        for finished in groups {
            var batch = WriteBatch()
            for block in finished.blocks { batch.put([Self.blockPrefix] + block.link.cid.bytes, block.content) }
            batch.put(Self.key(of: finished.group.manifest), finished.group.encoded)
            try write(batch)
        }
    }

    package func setStage(_ stage: Stage) throws(RecordingLogError) {
        var batch = WriteBatch()
        batch.put(Self.stageKey, [stage.rawValue])
        try write(batch)
    }

    private func write(_ batch: WriteBatch) throws(RecordingLogError) {
        do throws(KeyValueError) { try store.write(batch, synced: true) } catch { throw .store(error) }
    }

    // MARK: Reading

    package func stage() throws(RecordingLogError) -> Stage {
        guard let bytes = try value(Self.stageKey) else { return .open }
        guard bytes.count == 1, let stage = Stage(rawValue: bytes[0]) else { throw .damaged }
        return stage
    }

    /// Everything that is closed, with its manifests; nil when nothing is.
    package func recorded() throws(RecordingLogError) -> RecordedSender? {
        let entries: [KeyValueCursor.Entry]
        do throws(KeyValueError) {
            entries = try store.entries(in: .prefix([Self.groupPrefix]), limit: .max)
        } catch {
            throw .store(error)
        }
        var groups: [ClosedGroup] = []
        for entry in entries {
            guard let group = try? ClosedGroup(decoding: entry.value), Self.key(of: group.manifest) == entry.key else {
                throw .damaged
            }
            groups.append(group)
        }
        guard !groups.isEmpty else { return nil }
        do throws(RecordingError) {
            return try RecordedSender(groups: groups, sender: sender, recording: recording, with: &hash)
        } catch {
            throw .recording(error)
        }
    }

    /// A content block of a segment.
    package func block(_ cid: CID) throws(RecordingLogError) -> [UInt8] {
        guard let content = try value([Self.blockPrefix] + cid.bytes), hash.digest(content) == cid.digest else {
            throw .damaged
        }
        return content
    }

    private func value(_ key: [UInt8]) throws(RecordingLogError) -> [UInt8]? {
        do throws(KeyValueError) { return try store.value(for: key) } catch { throw .store(error) }
    }

    private static func key(of manifest: GroupManifest) -> [UInt8] {
        [groupPrefix, manifest.track]
            + (0..<8).reversed().map { UInt8(truncatingIfNeeded: manifest.group.rawValue >> ($0 * 8)) }
    }
}
