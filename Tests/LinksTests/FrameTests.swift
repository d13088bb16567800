import Links
import Testing

@Suite struct FrameTests {
    private let settings: LinkSettings

    init() {
        var settings = LinkSettings()
        settings.consensus = .init(messageByteCountMax: 200_000, queuedByteCountMax: 400_000, queuedMessageCountMax: 4)
        settings.transactions = .init(messageByteCountMax: 100, queuedByteCountMax: 200, queuedMessageCountMax: 3)
        self.settings = settings
    }

    private func lane(_ channel: LinkChannel) -> Int { Int(channel.rawValue) }

    private func assemble(_ bytes: [UInt8], step: Int = .max) throws -> [FrameAssembler.Message] {
        var assembler = FrameAssembler(settings: settings)
        var messages: [FrameAssembler.Message] = []
        for start in stride(from: 0, to: bytes.count, by: min(step, bytes.count)) {
            assembler.input += bytes[start..<min(bytes.count, start + min(step, bytes.count))]
            while let message = try assembler.next() { messages.append(message) }
        }
        return messages
    }

    @Test("a vote passes a long message that is half sent, and a transaction waits for both")
    func priority() throws {
        var queue = OutboundQueue(settings: settings)
        let long = [UInt8](repeating: 1, count: 150_000)
        #expect(queue.append(lane: lane(.transactions), kind: .message, [9]) == .queued)
        #expect(queue.append(lane: lane(.sync), kind: .message, long) == .queued)
        var bytes = queue.takeFrames(budget: 1).bytes
        #expect(queue.append(lane: lane(.service), kind: .request, [UInt8](repeating: 0, count: 8)) == .queued)
        #expect(queue.append(lane: lane(.consensus), kind: .message, [2]) == .queued)
        bytes += queue.takeFrames(budget: .max).bytes
        #expect(queue.isEmpty)
        let order = try assemble(bytes).map(\.lane)
        #expect(order == [lane(.consensus), lane(.sync), lane(.service), lane(.transactions)])
    }

    @Test("bytes may come in pieces of any size", arguments: [1, 2, 4, 5, 6, 1_000, 65_541])
    func pieces(step: Int) throws {
        var queue = OutboundQueue(settings: settings)
        let first = (0..<130_000).map { UInt8(truncatingIfNeeded: $0) }
        _ = queue.append(lane: lane(.consensus), kind: .message, first)
        _ = queue.append(lane: lane(.transactions), kind: .message, [])
        _ = queue.append(lane: lane(.transactions), kind: .response, [1, 2])
        let expected = [
            FrameAssembler.Message(lane: lane(.consensus), kind: .message, bytes: first),
            FrameAssembler.Message(lane: lane(.transactions), kind: .message, bytes: []),
            FrameAssembler.Message(lane: lane(.transactions), kind: .response, bytes: [1, 2]),
        ]
        #expect(try assemble(queue.takeFrames(budget: .max).bytes, step: step) == expected)
    }

    @Test(
        "what is no frame is refused before its payload comes",
        arguments: [
            ([0, 1, 0, 1, 1], .malformed), ([0xff, 0xff, 0xff, 0xff, 1], .malformed), ([0, 0, 0, 1, 0x41], .malformed),
            ([0, 0, 0, 1, 5], .malformed), ([0, 0, 0, 1, 0x21], .malformed), ([0, 0, 0, 0, 0x81], .malformed),
            ([0, 0, 0, 0x6d, 4], .oversize), ([0, 0, 4, 1, 0], .oversize),
            ([0, 0, 0, 1, 0x84, 7, 0, 0, 0, 1, 0x0c, 7], .malformed),
        ] as [([UInt8], LinkRefusal)])
    func refused(bytes: [UInt8], reason: LinkRefusal) {
        #expect(throws: reason) { _ = try assemble(bytes) }
    }

    @Test("pieces that add up above the bound are refused")
    func pieces() {
        var bytes: [UInt8] = []
        for _ in 0..<4 {
            LinkFrame(payloadByteCount: 65_536, lane: 1, kind: .message, hasMore: true).append(to: &bytes)
            bytes += [UInt8](repeating: 0, count: 65_536)
        }
        #expect(throws: LinkRefusal.oversize) { _ = try assemble(bytes) }
    }

    @Test("a full lane refuses by count and by bytes, and says when it has room again")
    func bounds() {
        var queue = OutboundQueue(settings: settings)
        for _ in 0..<3 { #expect(queue.append(lane: lane(.transactions), kind: .message, [1]) == .queued) }
        #expect(queue.append(lane: lane(.transactions), kind: .message, [1]) == .full)
        #expect(queue.takeDrained().isEmpty)
        _ = queue.takeFrames(budget: .max)
        #expect(queue.takeDrained() == [.transactions])
        #expect(queue.takeDrained().isEmpty)
        let big = [UInt8](repeating: 0, count: 150)
        #expect(queue.append(lane: lane(.transactions), kind: .message, big) == .queued)
        #expect(queue.append(lane: lane(.transactions), kind: .message, big) == .full)
        #expect(queue.byteCount(of: .transactions) == 150)
    }

    @Test("a message takes the place of the one that waits under its key, unless that is half sent")
    func superseding() throws {
        var queue = OutboundQueue(settings: settings)
        let lane = lane(.consensus)
        let long = [UInt8](repeating: 1, count: 100_000)
        #expect(queue.append(lane: lane, kind: .message, key: 5, [1]) == .queued)
        #expect(queue.append(lane: lane, kind: .message, key: 6, [2]) == .queued)
        #expect(queue.append(lane: lane, kind: .message, key: 5, long) == .superseded)
        #expect(queue.messageCount(of: .consensus) == 2)
        #expect(queue.byteCount(of: .consensus) == 100_001)
        var bytes = queue.takeFrames(budget: 1).bytes
        #expect(queue.append(lane: lane, kind: .message, key: 5, [3]) == .queued)
        bytes += queue.takeFrames(budget: .max).bytes
        #expect(try assemble(bytes).map(\.bytes) == [long, [2], [3]])
    }

    @Test("a queue that gives way keeps what it began and hands over the rest, in order")
    func adoption() throws {
        var old = OutboundQueue(settings: settings)
        let long = [UInt8](repeating: 1, count: 100_000)
        for payload in [long, [2], [3]] { _ = old.append(lane: lane(.consensus), kind: .message, payload) }
        var bytes = old.takeFrames(budget: 1).bytes
        var new = OutboundQueue(settings: settings)
        new.adopt(&old)
        #expect(try assemble(new.takeFrames(budget: .max).bytes).map(\.bytes) == [[2], [3]])
        bytes += old.takeBegun().bytes
        #expect(old.isEmpty)
        #expect(try assemble(bytes).map(\.bytes) == [long])
    }
}
