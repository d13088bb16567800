import ICE
import Primitives
import Testing

@Suite struct ICECandidateTests {
    @Test(
        "a line is taken with and without a=, IPv4 and IPv6",
        arguments: [
            ("candidate:1 1 UDP 2130706431 192.0.2.1 3478 typ host", ICECandidate.Kind.host),
            ("a=candidate:4 1 udp 1677721855 2001:db8::1 999 typ srflx raddr 10.0.0.1 rport 5", .serverReflexive),
            ("candidate:9 1 udp 5 192.0.2.7 1 typ relay raddr 0.0.0.0 rport 0 generation 0 ufrag x", .relayed),
        ])
    func taken(line: String, kind: ICECandidate.Kind) throws {
        let candidate = try ICECandidate(Redacted(line))
        #expect(candidate.kind == kind)
        #expect(candidate.line.exposed.hasPrefix("candidate:"))
        #expect(!"\(candidate)".contains("192.0.2"))
    }

    @Test(
        "what would harm libnice or names a host is refused by name",
        arguments: [
            ("candidate:1 1 udp 0 192.0.2.1 3478 typ host", ICECandidate.Rejection.zeroPriority),
            ("candidate:1 1 udp 5 3f2a.local 3478 typ host", .hostName),
            ("candidate:1 1 udp 5 example.org 3478 typ host", .hostName),
            ("candidate:1 1 udp 5 1.2.3.256 3478 typ host", .hostName),
            ("candidate:1 1 tcp 5 192.0.2.1 9 typ host tcptype active", .unsupported),
            ("candidate:1 2 udp 5 192.0.2.1 9 typ host", .unsupported),
            ("candidate:1 1 udp 5 192.0.2.1 0 typ host", .malformed),
            ("candidate:1 1 udp 5 192.0.2.1 70000 typ host", .malformed),
            ("candidate:1 1 udp 5 192.0.2.1 9 typ else", .malformed),
            ("candidate:1 1 udp 5 192.0.2.1 9 typ host\r\na=x", .malformed),
            ("candidate:1 1 udp 5 192.0.2.1 9", .malformed),
            ("candidate: 1 udp 5 192.0.2.1 9 typ host", .malformed),
            ("", .malformed),
            ("candidate:1 1 udp 5 192.0.2.1 9 typ host " + String(repeating: "x", count: 600), .malformed),
        ])
    func refused(line: String, reason: ICECandidate.Rejection) {
        #expect(throws: reason) { try ICECandidate(Redacted(line)) }
    }

    @Test("credentials keep to the lengths and letters of RFC 8839")
    func credentials() {
        let password = String(repeating: "p", count: 22)
        #expect(ICECredentials(userFragment: "ab+/", password: Redacted(password)) != nil)
        #expect(ICECredentials(userFragment: "abc", password: Redacted(password)) == nil)
        #expect(ICECredentials(userFragment: "abcd", password: Redacted(String(password.dropLast()))) == nil)
        #expect(ICECredentials(userFragment: "ab d", password: Redacted(password)) == nil)
        #expect(ICECredentials(userFragment: String(repeating: "a", count: 257), password: Redacted(password)) == nil)
    }
}
