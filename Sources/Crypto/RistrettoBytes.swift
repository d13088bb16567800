extension UInt64 {
    /// Eight bytes, most significant first, as numbers stand in a transcript.
    var bigEndianBytes: [UInt8] {
        stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: self >> UInt64($0)) }
    }
}
