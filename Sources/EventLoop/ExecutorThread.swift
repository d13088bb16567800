internal import CLinux
internal import Glibc
internal import Synchronization

/// The thread of an executor, and the answer to "am I on it?".
final class ExecutorThread: Sendable {
    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    private let name: String
    private let current = Atomic<UInt>(0)

    init(name: String) { self.name = String(name.prefix(15)) }

    /// True on the thread itself.
    var isCurrent: Bool { current.load(ordering: .acquiring) == UInt(pthread_self()) }

    /// Starts a thread that runs `body` once. One at a time.
    func start(_ body: @escaping @Sendable () -> Void) {
        let box = Body { [self] in
            current.store(UInt(pthread_self()), ordering: .releasing)
            _ = unsafe linux_pthread_setname_np(pthread_self(), name)
            body()
            current.store(0, ordering: .releasing)
        }
        var thread = pthread_t()
        let argument = unsafe Unmanaged.passRetained(box).toOpaque()
        let result = unsafe pthread_create(
            &thread, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, argument)
        guard result == 0 else { preconditionFailure("no thread for executor \(name): error \(result)") }
        pthread_detach(thread)
    }
}
