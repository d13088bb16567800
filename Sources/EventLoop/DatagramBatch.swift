internal import CLinux
internal import Glibc

/// The memory of `recvmmsg` and `sendmmsg`: 32 datagrams with their addresses, allocated once.
///
/// The pointers inside the message headers point into the three runs of memory this object owns and never moves.
@safe
final class DatagramBatch {
    static let capacity = 32
    private static let addressByteCount = SocketAddress.systemByteCountMax

    private let datagramByteCountMax: Int
    private let mapped: Bool
    private let payloads: UnsafeMutableRawBufferPointer
    private let addresses: UnsafeMutableRawBufferPointer
    private let vectors: UnsafeMutablePointer<iovec>
    private let headers: UnsafeMutablePointer<linux_mmsghdr>

    /// `mapped`: the socket is IPv6, and IPv4 addresses are dressed for it.
    init(datagramByteCountMax: Int, mapped: Bool) {
        self.datagramByteCountMax = datagramByteCountMax
        self.mapped = mapped
        unsafe payloads = .allocate(byteCount: datagramByteCountMax * Self.capacity, alignment: 16)
        unsafe addresses = .allocate(byteCount: Self.addressByteCount * Self.capacity, alignment: 16)
        unsafe vectors = .allocate(capacity: Self.capacity)
        unsafe headers = .allocate(capacity: Self.capacity)
        for index in 0..<Self.capacity {
            let payload = unsafe payloads.baseAddress?.advanced(by: index * datagramByteCountMax)
            unsafe vectors.advanced(by: index).initialize(to: iovec(iov_base: payload, iov_len: 0))
            var header = unsafe linux_mmsghdr()
            unsafe header.msg_hdr.msg_name = addresses.baseAddress?.advanced(by: index * Self.addressByteCount)
            unsafe header.msg_hdr.msg_iov = vectors.advanced(by: index)
            unsafe header.msg_hdr.msg_iovlen = 1
            unsafe headers.advanced(by: index).initialize(to: header)
        }
    }

    deinit {
        unsafe headers.deallocate()
        unsafe vectors.deallocate()
        unsafe addresses.deallocate()
        unsafe payloads.deallocate()
    }

    /// Fills the batch; the number of datagrams, or -1.
    func receive(from socket: Int32) -> Int {
        for index in 0..<Self.capacity {
            unsafe headers[index].msg_hdr.msg_namelen = socklen_t(Self.addressByteCount)
            unsafe headers[index].msg_hdr.msg_flags = 0
            unsafe vectors[index].iov_len = datagramByteCountMax
        }
        return Int(unsafe linux_recvmmsg(socket, headers, UInt32(Self.capacity), 0))
    }

    /// A datagram received; nil when it was longer than the limit.
    func datagram(_ index: Int) -> (SocketAddress, [UInt8])? {
        let header = unsafe headers[index]
        let addressLength = unsafe min(Int(header.msg_hdr.msg_namelen), Self.addressByteCount)
        guard unsafe header.msg_hdr.msg_flags & Int32(MSG_TRUNC) == 0,
            let address = SocketAddress(
                systemBytes: unsafe [UInt8](slice(addresses, index * Self.addressByteCount, addressLength)).span)
        else { return nil }
        return (address, unsafe [UInt8](slice(payloads, index * datagramByteCountMax, Int(header.msg_len))))
    }

    /// Puts a datagram of at most the limit in place `index`.
    func set(_ index: Int, to address: SocketAddress, _ bytes: [UInt8]) {
        precondition(bytes.count <= datagramByteCountMax, "datagram above the limit")
        let system = address.systemBytes(mapped: mapped)
        unsafe slice(addresses, index * Self.addressByteCount, system.count).copyBytes(from: system)
        unsafe slice(payloads, index * datagramByteCountMax, bytes.count).copyBytes(from: bytes)
        unsafe headers[index].msg_hdr.msg_namelen = socklen_t(system.count)
        unsafe vectors[index].iov_len = bytes.count
    }

    /// Sends the first `count`; how many went, or -1.
    func send(count: Int, on socket: Int32) -> Int {
        Int(unsafe linux_sendmmsg(socket, headers, UInt32(count), Int32(MSG_NOSIGNAL)))
    }

    private func slice(
        _ memory: UnsafeMutableRawBufferPointer, _ start: Int, _ count: Int
    ) -> UnsafeMutableRawBufferPointer {
        unsafe UnsafeMutableRawBufferPointer(rebasing: memory[start..<start + count])
    }
}
