internal import CLinux
internal import Glibc

/// An IP address and a port, IPv4 or IPv6. An IPv4 address in IPv6 clothes (`::ffff:a.b.c.d`) becomes IPv4, so one
/// place has one value. Its `description` shows nothing: who talks to whom must not reach a log; `text` shows it.
package struct SocketAddress: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
    private enum Host: Hashable, Sendable {
        case version4(UInt32)
        case version6(UInt64, UInt64, scope: UInt32)
    }

    private let host: Host
    package let port: UInt16

    private init(host: Host, port: UInt16) {
        if case .version6(0, let low, _) = host, low >> 32 == 0xffff {
            self.host = .version4(UInt32(truncatingIfNeeded: low))
        } else {
            self.host = host
        }
        self.port = port
    }

    /// Reads `1.2.3.4:80` or `[::1]:80`; names, ports above 65535 and anything else give nil.
    package init?(_ text: some StringProtocol) {
        let text = String(text)
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let digits = text[text.index(after: colon)...]
        guard (1...5).contains(digits.utf8.count), digits.utf8.allSatisfy({ 0x30...0x39 ~= $0 }),
            let port = UInt16(digits)
        else { return nil }
        let host = text[..<colon]
        if host.first == "[", host.last == "]", host.contains(":") {
            self.init(ip: host.dropFirst().dropLast(), port: port)
        } else if !host.contains(":") {
            self.init(ip: host, port: port)
        } else {
            return nil
        }
    }

    /// Takes an address without a port, in the strict textual forms: `1.2.3.4` or `2001:db8::1`.
    package init?(ip text: some StringProtocol, port: UInt16) {
        var bytes = [UInt8](repeating: 0, count: 16)
        let text = String(text)
        if unsafe inet_pton(AF_INET, text, &bytes) == 1 {
            self.init(ip: bytes[..<4], port: port)
        } else if unsafe inet_pton(AF_INET6, text, &bytes) == 1 {
            self.init(ip: bytes, port: port)
        } else {
            return nil
        }
    }

    /// Takes 4 or 16 bytes in network order; any other count gives nil.
    package init?(ip bytes: some Collection<UInt8>, port: UInt16) {
        func number(_ part: some Collection<UInt8>) -> UInt64 { part.reduce(0) { $0 << 8 | UInt64($1) } }
        switch bytes.count {
        case 4: self.init(host: .version4(UInt32(number(bytes))), port: port)
        case 16:
            self.init(host: .version6(number(bytes.prefix(8)), number(bytes.dropFirst(8)), scope: 0), port: port)
        default: return nil
        }
    }

    /// This machine only, IPv4.
    package static func loopback(port: UInt16) -> SocketAddress {
        SocketAddress(host: .version4(0x7f00_0001), port: port)
    }

    /// The address bytes in network order: 4 or 16.
    package var ipBytes: [UInt8] {
        switch host {
        case .version4(let word): (0..<4).map { UInt8(truncatingIfNeeded: word >> (24 - 8 * UInt32($0))) }
        case .version6(let high, let low, _):
            [high, low].flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * UInt64($0))) } }
        }
    }

    package var isIPv6: Bool { if case .version6 = host { true } else { false } }

    /// 127.0.0.0/8 or ::1.
    package var isLoopback: Bool {
        switch host {
        case .version4(let word): word >> 24 == 127
        case .version6(let high, let low, _): high == 0 && low == 1
        }
    }

    /// 0.0.0.0 or ::, which stands for every address of the machine.
    package var isUnspecified: Bool {
        switch host {
        case .version4(let word): word == 0
        case .version6(let high, let low, _): high == 0 && low == 0
        }
    }

    /// Addresses that mean something on one network only: RFC 1918, RFC 6598, link-local and unique local.
    package var isPrivate: Bool {
        switch host {
        case .version4(let word):
            word >> 24 == 10 || word >> 20 == 0xac1 || word >> 16 == 0xc0a8 || word >> 16 == 0xa9fe
                || word >> 22 == 0x191
        case .version6(let high, _, _): high >> 57 == 0x7e || high >> 54 == 0x3fa
        }
    }

    /// The same host with another port.
    package func with(port: UInt16) -> SocketAddress { SocketAddress(host: host, port: port) }

    /// The textual form that `init` reads; IPv6 as RFC 5952 writes it. Not for logs.
    package var text: String { isIPv6 ? "[\(ipText)]:\(port)" : "\(ipText):\(port)" }

    /// The address without the port. Not for logs.
    package var ipText: String {
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        _ = unsafe inet_ntop(isIPv6 ? AF_INET6 : AF_INET, ipBytes, &buffer, socklen_t(buffer.count))
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    package var description: String { "(redacted)" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// The kernel's form. Every platform this runs on is little-endian.
extension SocketAddress {
    static let systemByteCountMax = 28

    var family: Int32 { isIPv6 ? AF_INET6 : AF_INET }

    /// `struct sockaddr_in` or `sockaddr_in6`; `mapped` dresses IPv4 as IPv6, for a socket that serves both.
    func systemBytes(mapped: Bool = false) -> [UInt8] {
        func little(_ word: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
        let portBytes = [UInt8(port >> 8), UInt8(truncatingIfNeeded: port)]
        switch host {
        case .version4 where !mapped:
            return [UInt8(AF_INET), 0] + portBytes + ipBytes + [UInt8](repeating: 0, count: 8)
        case .version4:
            let prefix = [UInt8](repeating: 0, count: 10) + [0xff, 0xff]
            return [UInt8(AF_INET6), 0] + portBytes + little(0) + prefix + ipBytes + little(0)
        case .version6(_, _, let scope):
            return [UInt8(AF_INET6), 0] + portBytes + little(0) + ipBytes + little(scope)
        }
    }

    init?(systemBytes bytes: Span<UInt8>) {
        guard bytes.count >= 16 else { return nil }
        func number(_ range: Range<Int>) -> UInt64 {
            var value: UInt64 = 0
            for index in range { value = value << 8 | UInt64(bytes[index]) }
            return value
        }
        let port = UInt16(number(2..<4))
        switch Int32(bytes[0]) {
        case AF_INET: self.init(host: .version4(UInt32(number(4..<8))), port: port)
        case AF_INET6 where bytes.count >= Self.systemByteCountMax:
            let scope = UInt32(number(24..<28)).byteSwapped
            self.init(host: .version6(number(8..<16), number(16..<24), scope: scope), port: port)
        default: return nil
        }
    }
}

extension SocketAddress {
    /// Looks a host name up with the system's resolver. Blocks: call it on a `BlockingThreadExecutor`.
    package static func resolve(host: String, port: UInt16) throws(SocketError) -> [SocketAddress] {
        if let literal = SocketAddress(ip: host, port: port) { return [literal] }
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = 1
        var list: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(host, nil, &hints, &list) == 0 else { throw .unknownHost }
        defer { unsafe freeaddrinfo(list) }
        var addresses: [SocketAddress] = []
        var next = unsafe list
        while let entry = unsafe next {
            if let raw = unsafe entry.pointee.ai_addr {
                let buffer = unsafe UnsafeRawBufferPointer(start: raw, count: Int(entry.pointee.ai_addrlen))
                let bytes = unsafe [UInt8](buffer)
                if let address = SocketAddress(systemBytes: bytes.span)?.with(port: port) { addresses.append(address) }
            }
            unsafe next = entry.pointee.ai_next
        }
        return addresses
    }
}
