/// Reads what stands before the first cluster: EBML header, segment info, track list.
enum WebMHead {
    private static let textByteCountMax = 64

    static func check(header: EBMLChildren) throws(MediaError) {
        var children = header
        var docType: String?
        while let child = try children.next() {
            switch child.id {
            case EBML.readVersion: guard try children.unsigned(child.body) == 1 else { throw .badVersion }
            case EBML.idLengthMax: guard try children.unsigned(child.body) <= 4 else { throw .unsupported }
            case EBML.sizeLengthMax: guard try children.unsigned(child.body) <= 8 else { throw .unsupported }
            case EBML.docType: docType = try children.text(child.body, max: textByteCountMax)
            case EBML.docTypeReadVersion: guard try children.unsigned(child.body) <= 4 else { throw .badVersion }
            default: break
            }
        }
        guard docType == "webm" || docType == "matroska" else { throw .unsupported }
    }

    static func info(_ body: EBMLChildren) throws(MediaError) -> (timestampScale: UInt64, duration: Double?) {
        var children = body
        var scale: UInt64 = 1_000_000
        var duration: Double?
        while let child = try children.next() {
            switch child.id {
            case EBML.timestampScale: scale = try children.unsigned(child.body)
            case EBML.duration: duration = try children.float(child.body)
            default: break
            }
        }
        guard (1...1_000_000_000).contains(scale) else { throw .badValue }
        return (scale, duration)
    }

    static func tracks(_ body: EBMLChildren, in bytes: [UInt8], countMax: Int) throws(MediaError) -> [WebMTrack] {
        var children = body
        var tracks: [WebMTrack] = []
        while let child = try children.next() {
            guard child.id == EBML.trackEntry else { continue }
            guard tracks.count < countMax else { throw .limitExceeded(limit: UInt64(countMax)) }
            let track = try self.track(EBMLChildren(bytes, child.body), in: bytes)
            guard !tracks.contains(where: { $0.number == track.number }) else { throw .badValue }
            tracks.append(track)
        }
        return tracks
    }

    private static func track(_ body: EBMLChildren, in bytes: [UInt8]) throws(MediaError) -> WebMTrack {
        var children = body
        var number: UInt64 = 0
        var codecID = ""
        var codecPrivate: [UInt8] = []
        var codecDelay: UInt64 = 0
        var defaultDuration: UInt64?
        var width: UInt64 = 0
        var height: UInt64 = 0
        while let child = try children.next() {
            switch child.id {
            case EBML.trackNumber: number = try children.unsigned(child.body)
            case EBML.codecID: codecID = try children.text(child.body, max: textByteCountMax)
            case EBML.codecPrivate: codecPrivate = try children.bytes(child.body, max: 1 << 16)
            case EBML.codecDelay: codecDelay = try children.unsigned(child.body)
            case EBML.defaultDuration: defaultDuration = try children.unsigned(child.body)
            case EBML.contentEncodings: throw .unsupported
            case EBML.video:
                var picture = EBMLChildren(bytes, child.body)
                while let field = try picture.next() {
                    if field.id == EBML.pixelWidth { width = try picture.unsigned(field.body) }
                    if field.id == EBML.pixelHeight { height = try picture.unsigned(field.body) }
                }
            default: break
            }
        }
        guard number > 0, number < 1 << 56, codecDelay < 1 << 40 else { throw .badValue }
        let kind: WebMTrack.Kind
        switch codecID {
        case "V_VP8":
            guard (1...16_383).contains(width), (1...16_383).contains(height) else { throw .badValue }
            kind = .vp8(width: UInt32(width), height: UInt32(height))
        case "A_OPUS": kind = .opus(try OpusHead(decoding: codecPrivate))
        default: kind = .other(codecID)
        }
        return WebMTrack(number: number, kind: kind, codecDelay: codecDelay, defaultDuration: defaultDuration)
    }
}
