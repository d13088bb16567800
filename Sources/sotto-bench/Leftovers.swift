internal import FoundationEssentials
internal import Glibc
internal import Synchronization

/// What must be gone when the program ends, however it ends: directories and processes that it made.
final class Leftovers: Sendable {
    static let shared = Leftovers()

    private struct State {
        var directories: [String] = []
        var processes: [pid_t] = []
    }

    private let state = Mutex(State())

    /// An empty directory for one section.
    func directory() throws -> String {
        let path = FileManager.default.temporaryDirectory.path + "/sotto-bench-\(UUID().uuidString)"
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        state.withLock { $0.directories.append(path) }
        return path
    }

    /// Starts a program; what it writes goes into the file `log`.
    @discardableResult
    func start(_ program: String, _ arguments: [String], log: String) throws -> pid_t {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe _ = posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        unsafe posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
        var words: [UnsafeMutablePointer<CChar>?] = unsafe ([program] + arguments).map { unsafe strdup($0) } + [nil]
        defer { unsafe words.forEach { unsafe free($0) } }
        var process: pid_t = 0
        // Under the lock: a signal that comes now finds the process in the list.
        let code = state.withLock { state in
            let code = unsafe posix_spawn(&process, program, &actions, nil, &words, environ)
            if code == 0 { state.processes.append(process) }
            return code
        }
        guard code == 0 else { throw BenchError("\(program) does not start (error \(code)); was it built?") }
        return process
    }

    /// Runs a program to its end.
    func run(_ program: String, _ arguments: [String], log: String) throws {
        let process = try start(program, arguments, log: log)
        var status: Int32 = 0
        while unsafe waitpid(process, &status, 0) < 0 && errno == EINTR {}
        state.withLock { $0.processes.removeAll { $0 == process } }
        guard status == 0 else {
            let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
            throw BenchError("\(program) \(arguments.first ?? "") failed: \(text)")
        }
    }

    /// Ends the processes, by force after five seconds, and removes the directories.
    func clear() {
        let state = state.withLock { state in
            defer { state = State() }
            return state
        }
        for process in state.processes { kill(process, SIGTERM) }
        for process in state.processes {
            var tries = 0
            while waitpid(process, nil, WNOHANG) == 0 {
                tries += 1
                if tries == 500 { kill(process, SIGKILL) }
                usleep(10_000)
            }
        }
        for directory in state.directories { try? FileManager.default.removeItem(atPath: directory) }
    }
}
