internal import Crypto
package import Media
package import Primitives

/// Encrypts the frames of one track: clear codec bytes ‖ SFrame header ‖ ciphertext ‖ tag.
///
/// The clear bytes are what packetisers must see (`MediaCodec.clearByteCount(of:)`); they are authenticated as
/// metadata. Not `Sendable`: it lives inside one actor.
package final class FrameSealer {
    package let codec: MediaCodec
    private let key: SFrameKey
    private var counter: UInt64 = 0

    package init(codec: MediaCodec, keyID: MediaKeyID, baseKey: [UInt8]) throws(PipelineError) {
        self.codec = codec
        do { key = try SFrameKey(suite: .aes256GCM, keyID: keyID.rawValue, baseKey: baseKey) } catch {
            throw .badKey
        }
    }

    /// The frame as it travels. A frame that is encrypted takes the next counter.
    ///
    /// - Throws: `.media(.truncated)` for a frame shorter than its clear bytes: no VP8 frame is, and the receiver, who
    ///   sees the longer sealed one, would look for the header elsewhere.
    package func seal(_ frame: [UInt8]) throws(PipelineError) -> [UInt8] {
        let split = codec.clearByteCount(of: frame)
        let whole = codec.clearByteCount(
            of: frame.prefix(1) + [UInt8](repeating: 0, count: SFrameKey.overheadByteCountMax))
        guard split == whole else { throw .media(.truncated) }
        var output: [UInt8] = []
        output.reserveCapacity(frame.count + SFrameKey.overheadByteCountMax)
        output += frame[..<split]
        let number = counter
        counter += 1
        do {
            try key.encrypt(
                counter: number, metadata: frame.span.extracting(first: split),
                plaintext: frame.span.extracting(droppingFirst: split), appendingTo: &output)
        } catch { throw .badKey }
        return output
    }
}

/// Decrypts the frames of one received source. Frames come in order, so a counter must rise: a frame that somebody in
/// between plays again is refused.
///
/// Not `Sendable`: it lives inside one actor.
package final class FrameOpener {
    /// Keys kept at once: old ones while the last frames under them arrive, new ones before the first.
    package static let keyCountMax = 64

    private struct Entry {
        let key: SFrameKey
        var lowestCounter: UInt64 = 0
    }

    private var entries: [UInt64: Entry] = [:]
    private var order: [UInt64] = []

    /// Asked for the base key of an id that was not added; nil when nobody knows it.
    package typealias Finder = @Sendable (MediaKeyID) -> [UInt8]?
    package var finder: Finder?

    package init() {}

    /// Adds a key; beyond the limit the oldest is forgotten. A key that is known already keeps its counter.
    package func add(keyID: MediaKeyID, baseKey: [UInt8]) throws(PipelineError) {
        guard entries[keyID.rawValue] == nil else { return }
        do {
            insert(
                Entry(key: try SFrameKey(suite: .aes256GCM, keyID: keyID.rawValue, baseKey: baseKey)), keyID.rawValue)
        } catch { throw .badKey }
    }

    /// Forgets a key: frames under it no longer open.
    package func remove(keyID: MediaKeyID) {
        entries[keyID.rawValue] = nil
        order.removeAll { $0 == keyID.rawValue }
    }

    /// - Throws: `.unknownKey`, or `.refusedFrame` for one that is not authentic or came before.
    package func open(_ frame: [UInt8], codec: MediaCodec) throws(PipelineError) -> [UInt8] {
        let split = codec.clearByteCount(of: frame)
        let sealed = frame.span.extracting(droppingFirst: split)
        guard let header = try? SFrameHeader(startOf: sealed) else { throw .refusedFrame }
        let entry: Entry
        if let known = entries[header.keyID] { entry = known } else { entry = try found(header.keyID) }
        guard header.counter >= entry.lowestCounter, header.counter < .max else { throw .refusedFrame }
        var output = Array(frame[..<split])
        do {
            try entry.key.decrypt(
                metadata: frame.span.extracting(first: split), ciphertext: sealed, appendingTo: &output)
        } catch { throw .refusedFrame }
        // A key that was found is kept once a frame proved it: a made-up id pushes out nothing.
        if entries[header.keyID] == nil { insert(entry, header.keyID) }
        entries[header.keyID]?.lowestCounter = header.counter + 1
        return output
    }

    private func found(_ keyID: UInt64) throws(PipelineError) -> Entry {
        guard let base = finder?(MediaKeyID(rawValue: keyID)) else { throw .unknownKey }
        do { return Entry(key: try SFrameKey(suite: .aes256GCM, keyID: keyID, baseKey: base)) } catch { throw .badKey }
    }

    private func insert(_ entry: Entry, _ keyID: UInt64) {
        entries[keyID] = entry
        order.append(keyID)
        if order.count > Self.keyCountMax { entries[order.removeFirst()] = nil }
    }
}
