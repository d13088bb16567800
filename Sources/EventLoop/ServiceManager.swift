internal import CLinux
internal import Glibc

/// Tells the process's service manager how it stands, over the datagram socket that systemd names in NOTIFY_SOCKET.
/// Without that variable nothing is said.
package struct ServiceManager: Sendable {
    private let address: String?
    /// How often the manager wants to hear `WATCHDOG=1`; nil when it does not watch.
    package let watchdogInterval: Duration?

    /// - Parameter environment: of the process.
    package init(environment: [String: String]) {
        let path = environment["NOTIFY_SOCKET"] ?? ""
        address = path.isEmpty ? nil : path
        let isOurs = environment["WATCHDOG_PID"].map { $0 == "\(getpid())" } ?? true
        let microseconds = environment["WATCHDOG_USEC"].flatMap { Int64($0) } ?? 0
        watchdogInterval = isOurs && microseconds > 0 ? .microseconds(microseconds) : nil
    }

    /// What the manager can be told.
    package enum State: Sendable {
        /// It listens and takes part.
        case ready
        /// It is alive, and its work goes on.
        case alive
        case stopping
        /// One line for the manager's own status page.
        case status(String)

        var text: String {
            switch self {
            case .ready: "READY=1"
            case .alive: "WATCHDOG=1"
            case .stopping: "STOPPING=1"
            case .status(let line): "STATUS=" + line.filter { $0 != "\n" }
            }
        }
    }

    /// Says it, or does nothing when nobody listens. Does not block.
    package func tell(_ state: State) {
        guard let path = address.map({ Array($0.utf8) }) else { return }
        var target = sockaddr_un()
        let capacity = MemoryLayout.size(ofValue: target.sun_path)
        guard path.count < capacity else { return }
        target.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &target.sun_path) { field in
            // A name that begins with @ is no file: its first byte is zero.
            for (index, byte) in path.enumerated() {
                unsafe field[index] = index == 0 && byte == UInt8(ascii: "@") ? 0 : byte
            }
        }
        let descriptor = linux_socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | linux_accept_flags(), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + path.count)
        guard unsafe linux_connect(descriptor, &target, length) == 0 else { return }
        let bytes = Array(state.text.utf8)
        unsafe _ = bytes.withUnsafeBytes { unsafe send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    }
}
