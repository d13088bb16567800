import SecureMedia
import Testing

enum RTP {
    static func packet(sequence: UInt16, source: UInt32 = 0x1234_5678, count: Int = 100) -> [UInt8] {
        [0x80, 96, UInt8(sequence >> 8), UInt8(sequence & 255), 0, 0, 0, 1] + bytes(source)
            + (0..<count).map { UInt8(truncatingIfNeeded: $0) }
    }

    /// A receiver report without blocks.
    static func report(source: UInt32 = 0x1234_5678) -> [UInt8] { [0x80, 201, 0, 1] + bytes(source) }

    private static func bytes(_ word: UInt32) -> [UInt8] {
        [UInt8(word >> 24), UInt8(word >> 16 & 255), UInt8(word >> 8 & 255), UInt8(word & 255)]
    }

    static func open(_ packet: [UInt8], by session: SRTPSession) throws(SecureMediaError) -> [UInt8] {
        var copy = packet
        var span = copy.mutableSpan
        let count = try session.unprotectRTP(&span)
        return [UInt8](copy[..<count])
    }

    static func openReport(_ packet: [UInt8], by session: SRTPSession) throws(SecureMediaError) -> [UInt8] {
        var copy = packet
        var span = copy.mutableSpan
        let count = try session.unprotectRTCP(&span)
        return [UInt8](copy[..<count])
    }
}

@Suite struct SRTPSessionTests {
    private func pair(_ profile: SRTPProfile = .aes256GCM) throws -> (SRTPSession, SRTPSession) {
        let count = profile.keyByteCount + profile.saltByteCount
        let first = [UInt8](repeating: 1, count: count)
        let second = [UInt8](repeating: 2, count: count)
        return (
            try SRTPSession(profile: profile, localKey: first.span, remoteKey: second.span),
            try SRTPSession(profile: profile, localKey: second.span, remoteKey: first.span)
        )
    }

    @Test("what is protected opens again and grew by the overhead", arguments: SRTPProfile.allCases)
    func roundTrip(profile: SRTPProfile) throws {
        let (sender, receiver) = try pair(profile)
        for count in [0, 1, 100, 1188] {
            let plain = RTP.packet(sequence: UInt16(count), count: count)
            var packet = plain
            try sender.protectRTP(&packet)
            #expect(packet.count == plain.count + profile.rtpOverhead)
            #expect(try RTP.open(packet, by: receiver) == plain)
        }
        var report = RTP.report()
        try sender.protectRTCP(&report)
        #expect(report.count == RTP.report().count + profile.rtcpOverhead)
        #expect(try RTP.openReport(report, by: receiver) == RTP.report())
    }

    @Test("every flipped bit and every cut is refused, and harms nothing")
    func tampering() throws {
        let (sender, receiver) = try pair()
        var packet = RTP.packet(sequence: 5, count: 20)
        try sender.protectRTP(&packet)
        for index in packet.indices {
            var changed = packet
            changed[index] ^= 1
            #expect(throws: SecureMediaError.self) { try RTP.open(changed, by: receiver) }
            #expect(throws: SecureMediaError.self) { try RTP.open(Array(packet[..<index]), by: receiver) }
        }
        #expect(try RTP.open(packet, by: receiver) == RTP.packet(sequence: 5, count: 20))
    }

    @Test("every flipped bit and every cut of a report is refused")
    func tamperingReport() throws {
        let (sender, receiver) = try pair()
        var packet = RTP.report()
        try sender.protectRTCP(&packet)
        for index in packet.indices {
            var changed = packet
            changed[index] ^= 1
            #expect(throws: SecureMediaError.self) { try RTP.openReport(changed, by: receiver) }
            #expect(throws: SecureMediaError.self) { try RTP.openReport(Array(packet[..<index]), by: receiver) }
        }
        #expect(try RTP.openReport(packet, by: receiver) == RTP.report())
    }

    @Test("a packet opens once")
    func replay() throws {
        let (sender, receiver) = try pair()
        var packet = RTP.packet(sequence: 5)
        try sender.protectRTP(&packet)
        _ = try RTP.open(packet, by: receiver)
        #expect(throws: SecureMediaError.replayed) { try RTP.open(packet, by: receiver) }
    }

    @Test("packets may come in any order within the window, and not beyond it")
    func order() throws {
        let (sender, receiver) = try pair()
        var packets: [[UInt8]] = []
        for sequence in 1...UInt16(1200) {
            var packet = RTP.packet(sequence: sequence, count: 1)
            try sender.protectRTP(&packet)
            packets.append(packet)
        }
        _ = try RTP.open(packets[1199], by: receiver)
        _ = try RTP.open(packets[300], by: receiver)
        #expect(throws: SecureMediaError.replayed) { try RTP.open(packets[0], by: receiver) }
    }

    @Test("a sequence number is used for one packet only")
    func nonceReuse() throws {
        let (sender, _) = try pair()
        var first = RTP.packet(sequence: 5)
        try sender.protectRTP(&first)
        var second = RTP.packet(sequence: 5, count: 50)
        #expect(throws: SecureMediaError.replayed) { try sender.protectRTP(&second) }
        #expect(second == RTP.packet(sequence: 5, count: 50))
    }

    @Test("a packet under another key does not open")
    func otherKey() throws {
        let (sender, _) = try pair()
        var packet = RTP.packet(sequence: 5)
        try sender.protectRTP(&packet)
        #expect(throws: SecureMediaError.authenticationFailed) { try RTP.open(packet, by: sender) }
    }

    @Test("only so many sources are kept, and a forged one takes no place")
    func sources() throws {
        let (sender, receiver) = try pair()
        for source in 0..<UInt32(SRTPSession.sourceCountMax) {
            var forged = RTP.packet(sequence: 1, source: source + 1000) + [UInt8](repeating: 0, count: 16)
            forged[1] = 97
            #expect(throws: SecureMediaError.authenticationFailed) { try RTP.open(forged, by: receiver) }
            var packet = RTP.packet(sequence: 1, source: source)
            try sender.protectRTP(&packet)
            _ = try RTP.open(packet, by: receiver)
        }
        var packet = RTP.packet(sequence: 1, source: 999_999)
        try sender.protectRTP(&packet)
        #expect(throws: SecureMediaError.tooManySources) { try RTP.open(packet, by: receiver) }
    }

    @Test("keys of the wrong length are refused")
    func keyLength() {
        let key = [UInt8](repeating: 1, count: 44)
        let short = [UInt8](repeating: 1, count: 43)
        #expect(throws: SecureMediaError.sessionFailed) {
            try SRTPSession(profile: .aes256GCM, localKey: key.span, remoteKey: short.span)
        }
        #expect(throws: SecureMediaError.sessionFailed) {
            try SRTPSession(profile: .aes256GCM, localKey: short.span, remoteKey: key.span)
        }
    }
}
