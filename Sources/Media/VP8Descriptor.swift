/// The VP8 payload descriptor that opens each RTP payload, RFC 7741 section 4.2.
///
/// ```
/// X R N S R PID(3)
/// I L T K RSV(4)          when X
/// M PictureID (7 or 15)   when I
/// TL0PICIDX               when L
/// TID(2) Y KEYIDX(5)      when T or K
/// ```
/// Reserved bits are written as 0 and ignored when read, as the RFC says.
package struct VP8Descriptor: Equatable, Sendable {
    package static let byteCountMax = 6

    /// No later frame depends on this one.
    package var isDiscardable = false
    /// The payload begins a partition; with partition 0, a frame.
    package var startsPartition = false
    /// 0 through 7.
    package var partition: UInt8 = 0
    package var pictureID: PictureID?
    /// TL0PICIDX.
    package var baseLayerIndex: UInt8?
    package var temporalLayer: TemporalLayer?
    /// KEYIDX, 0 through 31.
    package var keyIndex: UInt8?

    /// A frame's number, in the 7-bit or the 15-bit form.
    package enum PictureID: Equatable, Sendable {
        case short(UInt8)
        case long(UInt16)

        package static let longMax: UInt16 = 0x7fff
    }

    /// TID, 0 through 3, and Y.
    package struct TemporalLayer: Equatable, Sendable {
        package let id: UInt8
        package let isSyncPoint: Bool

        package init(id: UInt8, isSyncPoint: Bool) {
            self.id = id & 3
            self.isSyncPoint = isSyncPoint
        }
    }

    package init() {}

    package var startsFrame: Bool { startsPartition && partition == 0 }

    /// Reads the descriptor and tells where the payload behind it begins.
    package static func decode(_ payload: [UInt8]) throws(MediaError) -> (descriptor: Self, payloadStart: Int) {
        var cursor = ByteCursor(payload)
        var descriptor = VP8Descriptor()
        let first = try cursor.byte()
        descriptor.isDiscardable = first & 0x20 != 0
        descriptor.startsPartition = first & 0x10 != 0
        descriptor.partition = first & 0x07
        guard first & 0x80 != 0 else { return (descriptor, cursor.offset) }
        let flags = try cursor.byte()
        if flags & 0x80 != 0 {
            let high = try cursor.byte()
            if high & 0x80 != 0 {
                descriptor.pictureID = .long(UInt16(high & 0x7f) << 8 | UInt16(try cursor.byte()))
            } else {
                descriptor.pictureID = .short(high)
            }
        }
        if flags & 0x40 != 0 { descriptor.baseLayerIndex = try cursor.byte() }
        if flags & 0x30 != 0 {
            let layers = try cursor.byte()
            if flags & 0x20 != 0 {
                descriptor.temporalLayer = TemporalLayer(id: layers >> 6, isSyncPoint: layers & 0x20 != 0)
            }
            if flags & 0x10 != 0 { descriptor.keyIndex = layers & 0x1f }
        }
        return (descriptor, cursor.offset)
    }

    package func append(to output: inout [UInt8]) {
        var flags: UInt8 = 0
        if pictureID != nil { flags |= 0x80 }
        if baseLayerIndex != nil { flags |= 0x40 }
        if temporalLayer != nil { flags |= 0x20 }
        if keyIndex != nil { flags |= 0x10 }
        var first = partition & 0x07
        if flags != 0 { first |= 0x80 }
        if isDiscardable { first |= 0x20 }
        if startsPartition { first |= 0x10 }
        output.append(first)
        guard flags != 0 else { return }
        output.append(flags)
        switch pictureID {
        case .short(let id): output.append(id & 0x7f)
        case .long(let id):
            output.append(0x80 | UInt8(truncatingIfNeeded: id >> 8))
            output.append(UInt8(truncatingIfNeeded: id))
        case nil: break
        }
        if let baseLayerIndex { output.append(baseLayerIndex) }
        if flags & 0x30 != 0 {
            let layer = temporalLayer.map { $0.id << 6 | ($0.isSyncPoint ? 0x20 : 0) } ?? 0
            output.append(layer | (keyIndex ?? 0) & 0x1f)
        }
    }
}
