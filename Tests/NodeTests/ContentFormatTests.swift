import ContentStore
import Crypto
import Ledger
import Node
import Primitives
import Recording
import Testing
import Wire

@Suite("What nodes say to each other about content")
struct ContentFormatTests {
    private static let recording = RecordingID(raw: Bytes32(words: (1, 2, 3, 4)))
    private static let cid = CID(.raw, SHA256.hash([1, 2, 3]))
    private static let key = SigningKey.generate()
    private static let chain = ChainID(raw: Bytes32(words: (4, 3, 2, 1)))

    private static func signed(_ kind: SigningKind, _ body: [UInt8]) -> SignedObject {
        key.sign(kind, chain: chain, body: body)
    }

    private static var order: KeepOrder {
        KeepOrder(recording: recording, role: .inner, first: 7, blocks: [cid, CID(.dagCBOR, SHA256.hash([4]))])
    }

    @Test("Each form has one encoding: prefixes are refused, and a flipped bit is refused or another value")
    func strictness() throws {
        let layer = LayerOrder(recording: Self.recording, senders: [PublicKey(raw: Bytes32(words: (0, 0, 0, 9)))])
        try strict(Self.order)
        try strict(layer)
        try strict(LayerState(.done, root: SHA256.hash([9])))
        try strict(KeepRequest.block(order: Self.signed(.keepOrder, Self.order.encoded), content: [1, 2, 3]))
        try strict(KeepRequest.layer(Self.signed(.layerOrder, layer.encoded)))
        try strict(ContentQuestion.block(Self.cid))
        try strict(
            ContentQuestion.index(
                BlockTag(recording: Self.recording, epoch: RightsEpoch(2), role: .page, index: 3)))
        try strict(ContentIndex([.init(index: 4, cid: Self.cid, size: 100)]))
        for page in WrapPage.pages(of: [[1, 2], [], [3]], sender: Self.key.publicKey, recording: Self.recording) {
            try strict(page)
        }
        let statement = Self.signed(.consent, [1, 2])
        let messages: [RecordingMessage] = [
            .opened, .seated, .ask(roster: SHA256.hash([1])), .answer(statement, .zero), .begin(Timestamp(99)),
            .groupKey(sender: 4, track: 1, group: GroupIndex(7), key: Redacted(Array(repeating: 3, count: 32))), .end,
        ]
        for message in messages { try strict(message) }
    }

    private func strict<Value: WireObject & Equatable>(_ value: Value) throws {
        let bytes = value.encoded
        #expect(try Value(decoding: bytes) == value)
        for count in bytes.indices { #expect((try? Value(decoding: Array(bytes[..<count]))) == nil) }
        for index in bytes.indices {
            for bit in [0, 3, 7] {
                var flipped = bytes
                flipped[index] ^= 1 << bit
                guard let other = try? Value(decoding: flipped) else { continue }
                #expect(other != value && other.encoded == flipped, "bit \(bit) of byte \(index)")
            }
        }
    }

    @Test("A keep order names its blocks in order, and no outer block can be ordered kept")
    func orders() throws {
        let order = Self.order
        #expect(order.tag(of: order.blocks[1])?.index == 8)
        #expect(order.tag(of: CID(.raw, SHA256.hash([77]))) == nil)
        let outer = KeepOrder(recording: Self.recording, role: .shard, first: 0, blocks: [Self.cid])
        #expect(throws: WireError.self) { _ = try KeepOrder(decoding: outer.encoded) }
    }

    @Test("Outer blocks of the standing rights epoch are for all, older ones for holders, inner ones for nobody")
    func whoMayHave() {
        let holder = MemberID(raw: Bytes32(words: (1, 0, 0, 0)))
        let stranger = MemberID(raw: Bytes32(words: (2, 0, 0, 0)))
        let entry = RecordingEntry(call: .zero, owner: .zero, holders: [holder], senders: [])
        func rights(_ epoch: UInt64, rooted: UInt64) -> RightsEntry {
            RightsEntry(
                root: .zero, epoch: RightsEpoch(epoch), floor: RightsEpoch(1), policy: [], rooted: RightsEpoch(rooted))
        }
        func who(_ role: BlockRole, _ epoch: UInt64, _ rights: RightsEntry?, _ entry: RecordingEntry?) -> [Bool] {
            let tag = BlockTag(recording: Self.recording, epoch: RightsEpoch(epoch), role: role, index: 0)
            return [.anyone, .node(stranger), .node(holder)].map {
                ContentGuard.mayServe(tag, to: $0, recording: entry, rights: rights)
            }
        }
        let nobody = [false, false, false]
        let holders = [false, false, true]
        let all = [true, true, true]
        #expect(who(.shard, 1, nil, entry) == holders)
        #expect(who(.shard, 2, nil, entry) == nobody)
        #expect(who(.shard, 3, rights(3, rooted: 3), entry) == all)
        #expect(who(.page, 3, rights(3, rooted: 3), entry) == all)
        #expect(who(.shard, 2, rights(3, rooted: 3), entry) == nobody)
        #expect(who(.shard, 2, rights(3, rooted: 2), entry) == holders)
        #expect(who(.shard, 1, rights(3, rooted: 2), entry) == nobody)
        #expect(who(.shard, 4, rights(3, rooted: 3), entry) == nobody)
        #expect(who(.wraps, 0, nil, entry) == all)
        #expect(who(.inner, 0, nil, entry) == nobody)
        #expect(who(.inner, 0, rights(1, rooted: 1), entry) == nobody)
        #expect(who(.shard, 3, rights(3, rooted: 3), nil) == nobody)
    }
}
