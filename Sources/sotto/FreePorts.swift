internal import Glibc

/// Ports of the loopback address that nothing listens on now.
enum FreePorts {
    /// The first of `count` ports in a row, free for TCP and UDP; nil when none was found.
    static func base(count: Int) -> Int? {
        let start = 20_000 + Int(getpid()) % 400 * 100
        for offset in stride(from: 0, to: 40_000, by: 100) {
            let base = 20_000 + (start - 20_000 + offset) % 40_000
            if (base..<base + count).allSatisfy(isFree) { return base }
        }
        return nil
    }

    static func isFree(_ port: Int) -> Bool {
        [SOCK_STREAM, SOCK_DGRAM].allSatisfy { kind in
            let socket = Glibc.socket(AF_INET, Int32(kind.rawValue), 0)
            guard socket >= 0 else { return false }
            defer { close(socket) }
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = in_port_t(port).bigEndian
            address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
            return unsafe withUnsafePointer(to: &address) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
                }
            }
        }
    }
}
