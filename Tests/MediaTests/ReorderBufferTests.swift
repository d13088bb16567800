import Media
import Testing

@Suite struct ReorderBufferTests {
    private func packet(_ sequence: UInt16) -> RTPPacket {
        RTPPacket(marker: false, payloadType: 96, sequence: sequence, timestamp: 0, source: 1, payload: [1])
    }

    /// Sequence numbers modulo 2^16, gaps as negative counts.
    private func brief(_ outputs: [ReorderBuffer.Output]) -> [Int] {
        outputs.map { output in
            switch output {
            case .packet(let packet, _): Int(packet.sequence)
            case .gap(let count): -Int(count)
            }
        }
    }

    private func at(_ milliseconds: UInt64) -> MediaInstant { MediaInstant(microseconds: milliseconds * 1_000) }

    @Test("RO-1: packets leave in order, also across the wrap; late and repeated ones are dropped")
    func order() {
        var buffer = ReorderBuffer()
        #expect(brief(buffer.receive(packet(65_535), at: at(0))) == [65_535])
        #expect(brief(buffer.receive(packet(1), at: at(0))) == [])
        #expect(brief(buffer.receive(packet(1), at: at(0))) == [])
        #expect(brief(buffer.receive(packet(0), at: at(0))) == [0, 1])
        #expect(brief(buffer.receive(packet(0), at: at(0))) == [])
        #expect(buffer.deadline == nil)
    }

    @Test("RO-2: a gap is given up when its time has come")
    func expiry() {
        var buffer = ReorderBuffer(limits: .init(holdMicroseconds: 100_000))
        _ = buffer.receive(packet(10), at: at(0))
        #expect(brief(buffer.receive(packet(13), at: at(5))) == [])
        #expect(buffer.deadline == at(105))
        #expect(brief(buffer.advance(to: at(104))) == [])
        #expect(brief(buffer.advance(to: at(105))) == [-2, 13])
        #expect(brief(buffer.receive(packet(12), at: at(106))) == [])
    }

    @Test("RO-3: no more wait than the limit")
    func bound() {
        var buffer = ReorderBuffer(limits: .init(packetCountMax: 4))
        _ = buffer.receive(packet(0), at: at(0))
        for sequence in 2..<6 { #expect(brief(buffer.receive(packet(UInt16(sequence)), at: at(0))) == []) }
        #expect(brief(buffer.receive(packet(6), at: at(0))) == [-1, 2, 3, 4, 5, 6])
        #expect(buffer.waitingCount == 0)
    }

    @Test("RO-5: what cannot be the first waits for what can")
    func start() {
        var buffer = ReorderBuffer()
        #expect(brief(buffer.receive(packet(11), mayStart: false, at: at(0))) == [])
        #expect(brief(buffer.receive(packet(12), mayStart: false, at: at(0))) == [])
        #expect(brief(buffer.receive(packet(10), mayStart: true, at: at(1))) == [10, 11, 12])
        buffer = ReorderBuffer()
        _ = buffer.receive(packet(11), mayStart: false, at: at(0))
        #expect(brief(buffer.advance(to: at(250))) == [0, 11])
    }

    @Test("RO-4: a sender that restarts elsewhere is followed, behind a gap")
    func restart() {
        var buffer = ReorderBuffer()
        _ = buffer.receive(packet(100), at: at(0))
        #expect(brief(buffer.receive(packet(30_000), at: at(1))) == [-1, 30_000])
        #expect(brief(buffer.receive(packet(30_001), at: at(1))) == [30_001])
    }
}
