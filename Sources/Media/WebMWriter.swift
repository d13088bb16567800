/// Writes WebM: VP8 and Opus frames in, bytes out, to be appended in order.
///
/// A *stream* has a segment and clusters of unknown size, no duration and no cues: each frame's bytes leave at once and
/// a cut-off stream still plays. A *file* holds back one cluster at a time, ends with cues, and gets its segment size,
/// duration and seek head by patches: bytes to write over what stands at an offset. Without the patches it plays too.
package struct WebMWriter: Equatable, Sendable {
    package enum Mode: Equatable, Sendable {
        case stream
        case file
    }

    /// Bytes to write over those at `offset` of what was written before.
    package struct Patch: Equatable, Sendable {
        package let offset: UInt64
        package let bytes: [UInt8]
    }

    /// Frames above this are refused, in bytes.
    package static let frameByteCountMax = 4 << 20
    /// A cluster is closed at this size or age: what a file holds back at most.
    package static let clusterByteCountMax = 4 << 20
    package static let clusterMillisecondsMax: Int64 = 5_000
    /// How far before the file's zero a frame may lie, in microseconds: a block counts 16 bits of milliseconds.
    package static let leadMicrosecondsMax: Int64 = 30_000_000
    /// Cue points kept; beyond, every second one is dropped again and again.
    package static let cueCountMax = 4_096

    private struct Cluster: Equatable {
        let timestamp: Int64
        let position: UInt64
        var body: [UInt8]
    }

    private struct Cue: Equatable {
        let timestamp: Int64
        let track: UInt64
        /// From the start of the segment's body.
        let position: UInt64
    }

    package let mode: Mode
    package let tracks: [WebMTrack]
    private var written: UInt64 = 0
    private var segmentStart: UInt64 = 0
    private var reserve: UInt64 = 0
    private var durationOffset: UInt64 = 0
    private var cluster: Cluster?
    private var cues: [Cue] = []
    private var cueSpacing: Int64 = 0
    private var end: Int64 = 0

    /// - Throws: `MediaError.unsupported` for a track of another codec, `.badValue` for no tracks, a number twice or
    ///   above 126.
    package init(tracks: [WebMTrack], mode: Mode) throws(MediaError) {
        guard !tracks.isEmpty, Set(tracks.map(\.number)).count == tracks.count else { throw .badValue }
        for track in tracks {
            guard track.codec != nil else { throw .unsupported }
            guard (1...126).contains(track.number) else { throw .badValue }
        }
        self.tracks = tracks
        self.mode = mode
    }

    /// The bytes before the first frame. Call it once, first.
    package mutating func start() -> [UInt8] {
        var output = EBMLWriter()
        output.master(EBML.header) { header in
            header.unsigned(0x4286, 1)
            header.unsigned(EBML.readVersion, 1)
            header.unsigned(EBML.idLengthMax, 4)
            header.unsigned(EBML.sizeLengthMax, 8)
            header.text(EBML.docType, "webm")
            header.unsigned(0x4287, 4)
            header.unsigned(EBML.docTypeReadVersion, 2)
        }
        output.openMaster(EBML.segment)
        segmentStart = UInt64(output.bytes.count)
        if mode == .file {
            reserve = UInt64(output.bytes.count)
            output.void(Self.seekHead(cuesAt: 0).count)
        }
        var info = EBMLWriter()
        info.unsigned(EBML.timestampScale, 1_000_000)
        info.text(0x4d80, "sotto")
        info.text(0x5741, "sotto")
        let durationInBody = info.bytes.count
        if mode == .file { info.void(Self.duration(0).count) }
        output.element(EBML.info, info.bytes)
        durationOffset = UInt64(output.bytes.count - info.bytes.count + durationInBody)
        output.master(EBML.tracks) { list in
            for track in tracks { list.master(EBML.trackEntry) { Self.write(track, into: &$0) } }
        }
        written = UInt64(output.bytes.count)
        return output.bytes
    }

    /// The bytes that can leave now that `frame` is here: in a file, none until a cluster is full.
    /// - Throws: `MediaError.badValue` for an unknown track or a time out of range,
    ///   `.limitExceeded` for a frame above the limit.
    package mutating func write(_ frame: WebMFrame) throws(MediaError) -> [UInt8] {
        guard let track = tracks.first(where: { $0.number == frame.track }) else { throw .badValue }
        guard frame.bytes.count <= Self.frameByteCountMax else {
            throw .limitExceeded(limit: UInt64(Self.frameByteCountMax))
        }
        guard (-Self.leadMicrosecondsMax..<1 << 52).contains(frame.timestamp) else { throw .badValue }
        let lead = Self.leadMicrosecondsMax
        let time = (frame.timestamp + 500 + lead) / 1_000 - lead / 1_000
        var output: [UInt8] = []
        let startsPicture = track.codec == .vp8 && frame.isKeyFrame
        if let cluster, mustClose(cluster, before: frame, at: time, startsPicture: startsPicture) {
            output += closeCluster()
        }
        if cluster == nil { output += openCluster(at: max(time, 0)) }
        let relative = Int16(clamping: time - (cluster?.timestamp ?? time))
        if mode == .file, startsPicture || tracks.count == 1 { noteCue(at: time, track: frame.track) }
        end = max(end, time)
        let block = Self.block(frame, relative: relative)
        if mode == .stream {
            written += UInt64(block.count)
            cluster?.body = [0]
            return output + block
        }
        cluster?.body += block
        return output
    }

    /// The last bytes, and for a file what to patch. `frameDuration`: microseconds that the last frame lasts.
    package mutating func finish(frameDuration: UInt64 = 20_000) -> (tail: [UInt8], patches: [Patch]) {
        var tail = closeCluster()
        guard mode == .file else { return ([], []) }
        var patches: [Patch] = []
        if !cues.isEmpty {
            let position = written - segmentStart
            let encoded = encodedCues()
            written += UInt64(encoded.count)
            tail += encoded
            patches.append(Patch(offset: reserve, bytes: Self.seekHead(cuesAt: position)))
        }
        var size: [UInt8] = [0x01]
        size.appendBigEndian(written - segmentStart, byteCount: 7)
        patches.append(Patch(offset: segmentStart - 8, bytes: size))
        let milliseconds = Double(end) + Double(min(frameDuration, 1 << 40)) / 1_000
        patches.append(Patch(offset: durationOffset, bytes: Self.duration(milliseconds)))
        return (tail, patches)
    }

    private func mustClose(_ cluster: Cluster, before frame: WebMFrame, at time: Int64, startsPicture: Bool) -> Bool {
        if cluster.body.isEmpty { return false }
        let age = time - cluster.timestamp
        return age >= Self.clusterMillisecondsMax || age < -Self.leadMicrosecondsMax / 1_000 || startsPicture
            || cluster.body.count + frame.bytes.count > Self.clusterByteCountMax
    }

    private mutating func openCluster(at time: Int64) -> [UInt8] {
        cluster = Cluster(timestamp: time, position: written - segmentStart, body: [])
        guard mode == .stream else { return [] }
        var output = EBMLWriter()
        output.openMaster(EBML.cluster)
        output.unsigned(EBML.clusterTimestamp, UInt64(time))
        written += UInt64(output.bytes.count)
        return output.bytes
    }

    private mutating func closeCluster() -> [UInt8] {
        defer { cluster = nil }
        guard mode == .file, let cluster, !cluster.body.isEmpty else { return [] }
        var output = EBMLWriter()
        output.master(EBML.cluster) { body in
            body.unsigned(EBML.clusterTimestamp, UInt64(cluster.timestamp))
            body.append(cluster.body)
        }
        written += UInt64(output.bytes.count)
        return output.bytes
    }

    private mutating func noteCue(at time: Int64, track: UInt64) {
        guard time >= 0, let position = cluster?.position, position != cues.last?.position else { return }
        if let last = cues.last, time - last.timestamp < cueSpacing { return }
        cues.append(Cue(timestamp: time, track: track, position: position))
        if cues.count > Self.cueCountMax {
            cues = cues.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
            cueSpacing = max(cueSpacing * 2, 2_000)
        }
    }

    private func encodedCues() -> [UInt8] {
        var output = EBMLWriter()
        output.master(EBML.cues) { list in
            for cue in cues {
                list.master(0xbb) { point in
                    point.unsigned(0xb3, UInt64(cue.timestamp))
                    point.master(0xb7) { place in
                        place.unsigned(0xf7, cue.track)
                        place.unsigned(0xf1, cue.position)
                    }
                }
            }
        }
        return output.bytes
    }

    private static func duration(_ milliseconds: Double) -> [UInt8] {
        var output = EBMLWriter()
        output.float(EBML.duration, milliseconds)
        return output.bytes
    }

    private static func seekHead(cuesAt position: UInt64) -> [UInt8] {
        var output = EBMLWriter()
        output.master(EBML.seekHead) { head in
            head.master(0x4dbb) { seek in
                seek.element(0x53ab, [0x1c, 0x53, 0xbb, 0x6b])
                var fixed: [UInt8] = []
                fixed.appendBigEndian(position)
                seek.element(0x53ac, fixed)
            }
        }
        return output.bytes
    }

    private static func write(_ track: WebMTrack, into entry: inout EBMLWriter) {
        entry.unsigned(EBML.trackNumber, track.number)
        entry.unsigned(0x73c5, track.number)
        entry.unsigned(0x9c, 0)
        if let duration = track.defaultDuration { entry.unsigned(EBML.defaultDuration, duration) }
        switch track.kind {
        case .vp8(let width, let height):
            entry.unsigned(EBML.trackType, 1)
            entry.text(EBML.codecID, "V_VP8")
            entry.master(EBML.video) { picture in
                picture.unsigned(EBML.pixelWidth, UInt64(width))
                picture.unsigned(EBML.pixelHeight, UInt64(height))
            }
        case .opus(let head):
            entry.unsigned(EBML.trackType, 2)
            entry.text(EBML.codecID, "A_OPUS")
            entry.element(EBML.codecPrivate, head.encoded)
            entry.unsigned(EBML.codecDelay, track.codecDelay)
            entry.unsigned(EBML.seekPreRoll, OpusHead.seekPreRoll)
            entry.master(EBML.audio) { sound in
                sound.float(EBML.samplingFrequency, 48_000)
                sound.unsigned(EBML.channels, UInt64(head.channelCount))
            }
        case .other: break
        }
    }

    private static func block(_ frame: WebMFrame, relative: Int16) -> [UInt8] {
        var body: [UInt8] = [0x80 | UInt8(frame.track)]
        body.reserveCapacity(frame.bytes.count + 4)
        body.appendBigEndian(UInt16(bitPattern: relative))
        let isSimple = frame.discardPadding == 0
        body.append(isSimple && frame.isKeyFrame ? 0x80 : 0)
        body.append(contentsOf: frame.bytes)
        var output = EBMLWriter()
        if isSimple {
            output.element(EBML.simpleBlock, body)
        } else {
            output.master(EBML.blockGroup) { group in
                group.element(EBML.block, body)
                if !frame.isKeyFrame { group.element(EBML.referenceBlock, [0xff]) }
                group.signed(EBML.discardPadding, frame.discardPadding)
            }
        }
        return output.bytes
    }
}
