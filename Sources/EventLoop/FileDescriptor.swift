internal import Glibc

/// One open file descriptor with one owner; closed when the owner goes.
package struct FileDescriptor: ~Copyable, Sendable {
    package let number: Int32

    /// Takes what a system call returned; -1 gives the error the call left behind.
    package init(_ number: Int32) throws(SocketError) {
        guard number >= 0 else { throw SocketError(code: errno) }
        self.number = number
    }

    deinit { _ = close(number) }
}
