internal import CLinux
internal import Glibc

/// What this process takes of the machine, as the kernel counts it.
package struct ProcessUsage: Sendable, Equatable {
    /// Time on processors, user and system together.
    package let processorTime: Duration
    package let residentByteCount: UInt64
    package let openFileCount: Int
    /// The soft limit.
    package let openFileCountMax: UInt64

    /// As it is now; what cannot be read is zero.
    package init() {
        var usage = rusage()
        let hasUsage = unsafe getrusage(RUSAGE_SELF.rawValue, &usage) == 0
        processorTime = hasUsage ? Self.duration(usage.ru_utime) + Self.duration(usage.ru_stime) : .zero
        var limit = rlimit()
        let hasLimit = unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0
        openFileCountMax = hasLimit ? UInt64(limit.rlim_cur) : 0
        residentByteCount = Self.residentPages() * UInt64(max(0, sysconf(Int32(_SC_PAGESIZE))))
        openFileCount = Self.openFiles()
    }

    /// How long this process runs already.
    package static var age: Duration {
        // The 22nd value of `stat`: clock ticks from the machine's start to the process's.
        guard let text = read("/proc/self/stat"), let end = text.lastIndex(of: UInt8(ascii: ")")) else { return .zero }
        let words = text[(end + 1)...].split(separator: UInt8(ascii: " "))
        guard words.count > 19 else { return .zero }
        let ticks = number(words[19])
        let perSecond = max(1, sysconf(Int32(_SC_CLK_TCK)))
        var time = timespec()
        guard unsafe clock_gettime(CLOCK_BOOTTIME, &time) == 0 else { return .zero }
        let now = Duration.seconds(Int64(time.tv_sec)) + .nanoseconds(Int64(time.tv_nsec))
        return max(.zero, now - .milliseconds(Int64(ticks) * 1_000 / Int64(perSecond)))
    }

    private static func duration(_ time: timeval) -> Duration {
        .seconds(Int64(time.tv_sec)) + .microseconds(Int64(time.tv_usec))
    }

    /// The second number of `statm`.
    private static func residentPages() -> UInt64 {
        let words = read("/proc/self/statm")?.split(separator: UInt8(ascii: " ")) ?? []
        return words.count > 1 ? number(words[1]) : 0
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> UInt64 {
        digits.reduce(0) { $0 &* 10 &+ UInt64($1 &- UInt8(ascii: "0")) }
    }

    /// The beginning of one of the kernel's files.
    private static func read(_ path: String) -> [UInt8]? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 1_024)
        let count = unsafe bytes.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
        return count > 0 ? Array(bytes[..<count]) : nil
    }

    private static func openFiles() -> Int {
        guard let directory = unsafe opendir("/proc/self/fd") else { return 0 }
        defer { unsafe _ = closedir(directory) }
        var count = 0
        while unsafe readdir(directory) != nil { count += 1 }
        // Itself and the two dots.
        return max(0, count - 3)
    }
}
