import EventLoop
import Testing

@Suite struct SocketAddressTests {
    @Test(
        "text round-trips in its one form",
        arguments: [
            ("127.0.0.1:80", "127.0.0.1:80"), ("[::1]:65535", "[::1]:65535"), ("0.0.0.0:0", "0.0.0.0:0"),
            ("[2001:DB8:0:0:0:0:0:1]:7400", "[2001:db8::1]:7400"), ("[::ffff:10.1.2.3]:9", "10.1.2.3:9"),
        ])
    func roundTrip(_ input: String, _ expected: String) throws {
        let address = try #require(SocketAddress(input))
        #expect(address.text == expected)
        #expect(SocketAddress(address.text) == address)
        #expect(SocketAddress(ip: address.ipBytes, port: address.port) == address)
    }

    @Test(
        "what is not an address and a port is refused",
        arguments: [
            "", ":", "1.2.3.4", "1.2.3.4:", "1.2.3.4:65536", "1.2.3.4:-1", "1.2.3.4:+1", "1.2.3:80", "::1:80", "[::1]",
            "[::1]80", "[1.2.3.4]:80", "localhost:80", "1.2.3.4:080080", "[::g]:1", "[fe80::1%eth0]:1", "01.2.3.4:1",
        ])
    func refused(_ input: String) { #expect(SocketAddress(input) == nil) }

    @Test(
        "each address knows its reach",
        arguments: [
            ("127.9.9.9:1", true, false), ("[::1]:1", true, false), ("10.0.0.1:1", false, true),
            ("172.31.0.1:1", false, true), ("172.32.0.1:1", false, false), ("192.168.1.1:1", false, true),
            ("100.64.0.1:1", false, true), ("169.254.1.1:1", false, true), ("[fd00::1]:1", false, true),
            ("[fe80::1]:1", false, true), ("8.8.8.8:1", false, false), ("[2001:db8::1]:1", false, false),
        ])
    func reach(_ text: String, _ isLoopback: Bool, _ isPrivate: Bool) throws {
        let address = try #require(SocketAddress(text))
        #expect(address.isLoopback == isLoopback)
        #expect(address.isPrivate == isPrivate)
    }

    @Test("printing an address shows nothing")
    func redacted() throws {
        let address = try #require(SocketAddress("203.0.113.7:4242"))
        var dumped = ""
        dump(address, to: &dumped)
        for text in ["\(address)", String(reflecting: address), dumped] {
            #expect(!text.contains("203") && !text.contains("4242"))
        }
    }
}
