/// The upper bounds of a recording. Decoders hold them before they allocate.
package enum RecordingLimits {
    /// One encrypted frame, in bytes: a video frame of `2^20` bytes and what encryption adds.
    package static let frameBytes = 1 << 20 + 256
    /// Leading bytes of a frame that stay clear.
    package static let clearBytes = 10
    package static let framesPerSegment = 1_024
    /// From a segment's first frame to its last; segments are cut long before.
    package static let segmentMilliseconds: UInt64 = 30_000
    /// A whole segment, in bytes.
    package static let segmentBytes = 8 << 20
    /// A content block, in bytes.
    package static let blockBytes = 256 << 10
    package static let blocksPerSegment = segmentBytes / blockBytes
    /// A leaf list covers a second: 50 sounds or 120 pictures.
    package static let leavesPerList = 256
    /// Lists that touch one segment of 4 s, those of its ends included.
    package static let listsPerSegment = 16
    /// Segments in one group of 60 s: at 2 s each, and as many short ones that a change of roster cut off.
    package static let segmentsPerGroup = 64
    /// Groups in one track: a day and more.
    package static let groupsPerTrack = 2_048
    package static let tracksPerSender = 16
    package static let sendersPerRecording = 1_024
    /// Shards in one recording, parity included.
    package static let shards = 1 << 24
    /// Participants who are asked.
    package static let participants = 1_024
}
