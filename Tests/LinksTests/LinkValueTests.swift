import EventLoop
import Links
import Primitives
import Testing
import Wire

@Suite struct LinkValueTests {
    @Test("impossible settings are all named at once")
    func settings() {
        var settings = LinkSettings()
        settings.peerCountMax = 0
        settings.silenceMax = settings.pingInterval
        settings.sync.queuedByteCountMax = 1
        #expect(
            throws: LinkSettings.Faults(faults: [
                .notPositive("peerCountMax"), .queueShorterThanMessage(.sync), .silenceShorterThanPing,
            ])
        ) { try settings.validate() }
    }

    private static let hello = LinkHello(
        role: .node, chain: ChainID(raw: Bytes32(words: (1, 2, 3, 4))), member: MemberID(raw: .zero),
        instance: [1, 2, 3, 4, 5, 6, 7, 8], versions: [1, 2, 300])

    @Test("a hello has one encoding")
    func encoding() throws {
        let bytes = Self.hello.encoded
        #expect(try LinkHello(decoding: bytes) == Self.hello)
        #expect(Hex.encode(bytes.prefix(24)) == "a661760164726f6c650165636861696e5820000000000000")
        for count in 0..<bytes.count {
            #expect(throws: WireError.self) { _ = try LinkHello(decoding: Array(bytes.prefix(count))) }
        }
        for index in bytes.indices {
            var flipped = bytes
            flipped[index] ^= 1
            guard let decoded = try? LinkHello(decoding: flipped) else { continue }
            #expect(decoded != Self.hello && decoded.encoded == flipped)
        }
    }

    @Test("versions that do not rise are refused; the highest common one is chosen")
    func versions() throws {
        let falling = LinkHello(
            role: .node, chain: .zero, member: .zero, instance: [UInt8](repeating: 0, count: 8), versions: [2, 1])
        #expect(throws: WireError.badValue(field: "versions")) { _ = try LinkHello(decoding: falling.encoded) }
        #expect(Self.hello.commonVersion(with: Self.hello) == 300)
        #expect(Self.hello.commonVersion(with: falling) == 2)
    }
}
