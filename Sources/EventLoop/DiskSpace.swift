internal import CLinux
internal import Glibc

/// Room on the file system under a path.
package struct DiskSpace: Sendable, Equatable {
    /// What an ordinary process may still write.
    package let freeByteCount: UInt64
    package let byteCount: UInt64

    /// Nil when the path does not exist or cannot be asked.
    package init?(at path: String) {
        var status = statvfs()
        guard unsafe statvfs(path, &status) == 0 else { return nil }
        freeByteCount = UInt64(status.f_bavail) * UInt64(status.f_frsize)
        byteCount = UInt64(status.f_blocks) * UInt64(status.f_frsize)
    }
}

/// How long a small write takes to become durable in a directory.
package struct SyncProbe: Sendable, Equatable {
    /// Each write's time, ascending.
    package let times: [Duration]

    /// Writes a file in `directory` again and again and syncs it each time, then removes it. Blocks on the disk.
    ///
    /// - Returns: nil when a file cannot be written and synced there.
    package init?(directory: String, rounds: Int = 64, byteCount: Int = 4096) {
        let path = directory + "/.sync-probe"
        unsafe _ = unlink(path)
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return nil }
        defer {
            close(descriptor)
            unsafe _ = unlink(path)
        }
        let page = [UInt8](repeating: 0x5a, count: byteCount)
        var times: [Duration] = []
        for _ in 0..<rounds {
            let before = SystemTime.monotonic
            let count = unsafe page.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
            guard count == byteCount, fdatasync(descriptor) == 0 else { return nil }
            times.append(SystemTime.monotonic - before)
        }
        self.times = times.sorted()
    }

    /// The time that this part of the writes stayed under.
    package func quantile(_ part: Double) -> Duration {
        guard let last = times.indices.last else { return .zero }
        return times[min(last, Int(Double(times.count) * part))]
    }
}

/// What the kernel knows of its clock.
package struct ClockDiscipline: Sendable, Equatable {
    /// Something, as a time daemon, keeps the clock to a reference.
    package let isSynchronised: Bool
    /// How far it may be off, at most, as far as the daemon knows.
    package let errorMax: Duration

    /// Nil when the kernel does not say.
    package init?() {
        var state = timex()
        let result = unsafe adjtimex(&state)
        guard result >= 0 else { return nil }
        isSynchronised = result != TIME_ERROR && state.status & Int32(STA_UNSYNC) == 0
        errorMax = .microseconds(Int64(state.maxerror))
    }
}
