internal import CSodium

/// Comparisons whose duration tells nothing about the contents.
package enum ConstantTime {
    /// True when both have the same length and the same bytes. Only the lengths show in the time taken.
    package static func isEqual(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
        guard left.count == right.count else { return false }
        return unsafe left.withUnsafeBufferPointer { left in
            unsafe right.withUnsafeBufferPointer { right in
                guard let first = left.baseAddress, let second = right.baseAddress else { return true }
                return unsafe sodium_memcmp(first, second, left.count) == 0
            }
        }
    }

    /// True when both have the same length and the same bytes.
    package static func isEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool { isEqual(left.span, right.span) }

    /// Overwrites a secret that had to lie in an array. Copies made by others stay.
    package static func wipe(_ bytes: inout [UInt8]) {
        let count = bytes.count
        unsafe bytes.withUnsafeMutableBytes { buffer in
            if let start = buffer.baseAddress { unsafe sodium_memzero(start, count) }
        }
        bytes.removeAll()
    }
}
