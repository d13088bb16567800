import Crypto
import Primitives
import Recording
import Wire

/// Opens the frames of one group with the keys that were released for it, and drops the keys with itself.
struct GroupOpener: Sendable {
    private struct Track: Hashable, Sendable {
        let sender: PublicKey
        let track: UInt8
    }

    /// A key that is wiped with its last reference.
    private final class HeldKey: Sendable {
        let key: SecretKey
        init(_ key: consuming SecretKey) { self.key = key }
    }

    private let chain: ChainID
    private var keys: [Track: HeldKey] = [:]
    private var opened: [PlayedFrame] = []

    init(chain: ChainID) { self.chain = chain }

    /// In the order in which they are shown; see `PlaybackOrder`.
    var frames: [PlayedFrame] {
        opened.enumerated().sorted { left, right in
            let (a, b) = (left.element, right.element)
            if a.microseconds != b.microseconds { return a.microseconds < b.microseconds }
            if a.sender != b.sender { return a.sender < b.sender }
            if a.track != b.track { return a.track < b.track }
            return left.offset < right.offset
        }.map(\.element)
    }

    /// Takes the key in a wrap. One that does not unwrap opens nothing.
    mutating func add(_ wrap: GroupKeyWrap, combined: GroupElement, by seal: WrapSeal) {
        guard let key = try? seal.unwrap(wrap, combined: combined) else { return }
        keys[Track(sender: wrap.subject.sender, track: wrap.subject.track)] = HeldKey(key)
    }

    /// Opens the segments of one track of one group, in their order. How many frames did not open.
    mutating func open(_ segments: [Segment]) -> Int {
        var closedCount = 0
        for segment in segments {
            let group = keys[Track(sender: segment.sender, track: segment.key.track)]
            guard let group, let key = Self.key(of: segment, from: group.key) else {
                closedCount += segment.frames.count
                continue
            }
            let verifier = SignatureVerifier()
            var hash = SHA256()
            let lists = segment.lists.compactMap { verifier.verified($0, in: chain) }
            let proven = segment.proven(by: lists, with: &hash)
            for (index, frame) in segment.frames.enumerated() {
                guard let bytes = Self.open(frame, with: key), let time = segment.microseconds(ofFrame: index) else {
                    closedCount += 1
                    continue
                }
                opened.append(
                    PlayedFrame(
                        microseconds: time, sender: segment.sender, track: segment.key.track, kind: segment.kind,
                        bytes: bytes, isProven: proven[index]))
            }
        }
        return closedCount
    }

    private static func key(of segment: Segment, from group: borrowing SecretKey) -> SFrameKey? {
        let base = GroupKey.segmentKey(of: group, track: segment.key.track, segment: segment.key.segment)
        return base.withBytes { bytes in
            try? SFrameKey(suite: .aes256GCM, keyID: segment.key.rawValue, baseKey: bytes)
        }
    }

    /// The clear bytes, which are authenticated with the rest, and the opened ones.
    private static func open(_ frame: RecordedFrame, with key: SFrameKey) -> [UInt8]? {
        let split = Int(frame.clearByteCount)
        var output = Array(frame.bytes[..<split])
        do throws(CryptoError) {
            try key.decrypt(
                metadata: frame.bytes.span.extracting(first: split),
                ciphertext: frame.bytes.span.extracting(droppingFirst: split), appendingTo: &output)
        } catch {
            return nil
        }
        return output
    }
}
