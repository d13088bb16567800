internal import CLinux
internal import Glibc

/// Signals as events on a loop. `block` must be called at the very start of the program, before a second thread
/// exists: a signal that some thread does not block ends the process.
package final class SignalWatch: ReadinessHandler {
    /// The signals a node listens to.
    package enum Signal: Int32, CaseIterable, Sendable {
        /// An operator at the terminal (SIGINT).
        case interrupt = 2
        /// systemd and `kill` (SIGTERM).
        case terminate = 15
        /// Read the configuration again (SIGHUP).
        case hangUp = 1
    }

    private let loop: EpollLoop
    private let descriptor: FileDescriptor
    private var handler: ((Signal) -> Void)?

    /// Keeps these signals from ending the process, on this thread and on all it starts; and writing to a closed pipe
    /// from doing so.
    package static func block(_ signals: [Signal]) {
        var set = set(of: signals)
        _ = unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
        _ = signal(SIGPIPE, SIG_IGN)
    }

    /// Calls `handler` on the loop for each of the signals, which were blocked before.
    package init(
        on loop: EpollLoop, signals: [Signal], handler: @escaping (Signal) -> Void
    ) throws(SocketError) {
        loop.checkIsolated()
        self.loop = loop
        self.handler = handler
        var set = Self.set(of: signals)
        descriptor = try FileDescriptor(unsafe signalfd(-1, &set, linux_signalfd_flags()))
        try loop.add(descriptor.number, .readable, self)
    }

    /// Stops telling; the signals stay blocked.
    package func close() {
        guard handler != nil else { return }
        handler = nil
        loop.remove(descriptor.number)
    }

    package func ready(_ readiness: Readiness) {
        var info = signalfd_siginfo()
        while unsafe read(descriptor.number, &info, MemoryLayout<signalfd_siginfo>.size) > 0 {
            if let signal = Signal(rawValue: Int32(info.ssi_signo)) { handler?(signal) }
        }
    }

    private static func set(of signals: [Signal]) -> sigset_t {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        for signal in signals { unsafe sigaddset(&set, signal.rawValue) }
        return set
    }
}
