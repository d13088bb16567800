import Crypto
package import Primitives
package import Recording
import Synchronization

/// Records what one participant sends: says before each frame under which key it goes, and takes it as it went.
///
/// Called from the media loop, so it never waits: closed groups are fetched by the session and written elsewhere. What
/// lies in memory is the open group of each track and at most some seconds of the one before.
package final class SenderRecorder: Sendable {
    /// A track as the call has it.
    package struct Track: Sendable, Equatable {
        package let id: UInt8
        package let kind: TrackKind

        package init(id: UInt8, kind: TrackKind) {
            self.id = id
            self.kind = kind
        }
    }

    private struct State {
        var timeline = RecordingTimeline()
        var startsAt = Timestamp.zero
        var tracks: [UInt8: TrackRecorder] = [:]
        var finished: [FinishedGroup] = []
        /// Frames that could not be recorded: too large, or out of order.
        var lostCount: UInt64 = 0
    }

    private let context: RecorderContext
    private let tracks: [Track]
    private let sender: UInt16
    private let state = Mutex(State())

    /// - Parameters:
    ///   - key: the per-call key.
    ///   - wraps: P, the public key of the threshold keys for wraps.
    ///   - sender: this participant's place in frame key ids.
    package init(
        recording: RecordingID, chain: ChainID, key: any Signing, wraps: GroupElement, sender: UInt16, tracks: [Track]
    ) {
        context = RecorderContext(recording: recording, chain: chain, key: key, wraps: wraps)
        self.sender = sender
        self.tracks = tracks
    }

    // MARK: Stretches

    /// Begins, or goes on after a pause, at a moment that may lie ahead; before it nothing is recorded.
    /// - Parameters:
    ///   - kinds: bits of `TrackKind` that this participant consented to.
    ///   - rosterEpoch: that of frame key ids from now on.
    package func start(
        at moment: Timestamp, rosterEpoch: RosterEpoch, consent: TransactionID, roster: Digest, kinds: UInt8
    ) {
        state.withLock { state in
            guard state.tracks.isEmpty else { return }
            state.timeline.resume(at: moment)
            state.startsAt = moment
            let offset = state.timeline.milliseconds(at: moment) ?? 0
            let stretch = RecordedStretch(startedAt: moment, offset: offset, consent: consent, roster: roster)
            for track in tracks where track.kind.rawValue & kinds != 0 {
                state.tracks[track.id] = TrackRecorder(
                    id: track.id, kind: track.kind, rosterEpoch: rosterEpoch, sender: sender, context: context,
                    stretch: stretch)
            }
        }
    }

    /// Ends the stretch; all that was recorded stays.
    package func pause(at moment: Timestamp) {
        end(at: moment) { track, time in track.finish(at: time) }
    }

    /// Ends the stretch; the open group and its keys are destroyed.
    package func discardOpenGroup(at moment: Timestamp) {
        end(at: moment) { track, time in track.discardOpenGroup(at: time) }
    }

    private func end(at moment: Timestamp, _ body: (inout TrackRecorder, UInt64) -> Void) {
        state.withLock { state in
            guard let time = state.timeline.milliseconds(at: moment) else { return }
            for id in state.tracks.keys.sorted() {
                guard var track = state.tracks[id] else { continue }
                body(&track, time)
                state.finished += track.takeFinished()
            }
            state.tracks = [:]
            state.timeline.pause(at: moment)
        }
    }

    package var isRecording: Bool { state.withLock { !$0.tracks.isEmpty } }

    // MARK: Frames

    /// Where the next frame of a track belongs; nil when it is not recorded. Called before the frame is encrypted.
    package func place(track id: UInt8, isKeyFrame: Bool, at now: Timestamp) -> FramePlace? {
        state.withLock { state in
            guard now >= state.startsAt, let time = state.timeline.milliseconds(at: now),
                var track = state.tracks[id]
            else { return nil }
            state.tracks[id] = nil
            defer { state.tracks[id] = track }
            return try? track.place(milliseconds: time, isKeyFrame: isKeyFrame)
        }
    }

    /// Records a frame as it was sent, right after it was placed.
    package func sent(_ frame: RecordedFrame, keyID: MediaKeyID) {
        state.withLock { state in
            guard var track = state.tracks[keyID.track] else { return }
            state.tracks[keyID.track] = nil
            do {
                try track.add(frame, keyID: keyID)
            } catch {
                state.lostCount += 1
            }
            state.finished += track.takeFinished()
            state.tracks[keyID.track] = track
        }
    }

    /// Takes this participant's own list of leaves.
    package func signed(_ list: Verified<SignedLeafList>) {
        state.withLock { state in
            let id = list.value.list.track
            guard var track = state.tracks[id] else { return }
            state.tracks[id] = nil
            track.receive(list)
            state.finished += track.takeFinished()
            state.tracks[id] = track
        }
    }

    // MARK: For the session

    /// A group key that the other participants need.
    package struct Announcement: Sendable {
        package let track: UInt8
        package let group: GroupIndex
        package let key: LeaseGroupKey
    }

    /// Group keys to hand over now: each once, half a minute before its group begins where possible.
    package func announcements(at now: Timestamp) -> [Announcement] {
        state.withLock { state in
            guard let time = state.timeline.milliseconds(at: max(now, state.startsAt)) else { return [] }
            var all: [Announcement] = []
            for id in state.tracks.keys.sorted() {
                for (group, key) in state.tracks[id]?.keysToAnnounce(at: time) ?? [] {
                    all.append(Announcement(track: id, group: group, key: key))
                }
            }
            return all
        }
    }

    /// Groups that closed since the last call.
    package func takeFinished() -> [FinishedGroup] {
        state.withLock { state in
            defer { state.finished = [] }
            return state.finished
        }
    }

    /// Frames that could not be recorded.
    package var lostCount: UInt64 { state.withLock { $0.lostCount } }
}
