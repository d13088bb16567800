/// The socket of a TCP connection that nobody reads yet, as a listener hands it over: make one `TCPStream` of it, on
/// this or another loop, or let it go, which closes it.
package final class TCPConnection: Sendable {
    let socket: FileDescriptor
    package let remoteAddress: SocketAddress

    init(socket: consuming FileDescriptor, remoteAddress: SocketAddress) {
        self.socket = socket
        self.remoteAddress = remoteAddress
    }
}
