import Crypto
import EventLoop
import Ledger
import Media
import MediaEndpoint
import Node
import Primitives
import Signalling
import Testing
import Wire

@Suite("A real call that is recorded", .timeLimit(.minutes(2)), .serialized)
struct RecorderCallTests {
    private func listen(_ recording: CallRecording) -> SharedBox<[RecordingEvent]> {
        let events = SharedBox<[RecordingEvent]>([])
        Task { for await event in recording.session.events { events.value.append(event) } }  // Ends with the events.
        return events
    }

    private func has(_ events: SharedBox<[RecordingEvent]>, _ isIt: (RecordingEvent) -> Bool) -> Bool {
        events.value.contains(where: isIt)
    }

    /// Sends a film both ways, frame by frame, and checks that all of it opens at the other side.
    private func send(
        _ film: Film, _ calls: [(CallSession, Phone)], at offset: UInt64
    ) async throws {
        for index in film.pictures.indices {
            let time = offset + UInt64(index) * 40_000
            for (call, _) in calls {
                try await call.pipeline.send(film.pictures[index], codec: .vp8, microseconds: time)
                try await call.pipeline.send(film.sounds[index], codec: .opus, microseconds: time)
            }
            try await Task.sleep(for: .milliseconds(40))
        }
        for (_, phone) in calls {
            let frames = await phone.received(2 * film.pictures.count)
            #expect(frames.filter { $0.codec == .vp8 }.map(\.plain) == film.pictures)
            #expect(frames.filter { $0.codec == .opus }.map(\.plain) == film.sounds)
        }
    }

    @Test("Frames change their keys when recording begins and ends, none is lost, and both sides seal what they sent")
    func wholeCall() async throws {
        let network = try RecorderNetwork(count: 1)
        try await network.start()
        let homes = [try await network.person(), try await network.person()]
        let phones = homes.map {
            Phone(Person(member: $0.member, keys: $0.keys), home: ClientCallHome($0))
        }
        let callee = try await phones[1].callee()
        let calling = try await phones[0].device.call(callee, media: phones[0].media())
        let ringing = try #require(await phones[1].ring())
        await ringing.accept(phones[1].media())
        #expect(await calling.reaches { $0 == .inCall })
        #expect(await ringing.reaches { $0 == .inCall })
        let calls = [(calling, phones[0]), (ringing, phones[1])]
        try await send(try Film(seed: 1), calls, at: 0)

        var recordings: [CallRecording] = []
        for (index, (call, _)) in calls.enumerated() {
            recordings.append(
                try #require(
                    await CallRecording(
                        of: call, home: homes[index], directory: network.directory("recordings-\(index)"),
                        isOffered: true)))
        }
        let events = recordings.map(listen)
        let runs = recordings.map { recording in Task { await recording.session.run() } }
        recordings[0].session.ask()
        try await waitFor("question") { has(events[1]) { if case .asked = $0 { true } else { false } } }
        let terms = RecordingTerms(tracks: 3, policy: try RecorderNetwork.policy())
        for recording in recordings { recording.session.agree(terms) }
        for each in events {
            try await waitFor("recording \(events.map(\.value))") {
                has(each) { if case .recording = $0 { true } else { false } }
            }
        }
        try await waitFor("the agreed moment, and the keys of picture and sound at the other side") {
            recordings.allSatisfy { $0.session.received.count == 2 }
                && events.flatMap(\.value).allSatisfy {
                    if case .recording(let moment) = $0 { SystemTime.utc > moment } else { true }
                }
        }
        try await send(try Film(seed: 2, count: 40), calls, at: 10_000_000)
        recordings[1].session.end()
        for run in runs { await run.value }
        for each in events {
            #expect(has(each) { if case .sealed(let id) = $0 { id != nil } else { false } })
        }
        try await send(try Film(seed: 3), calls, at: 20_000_000)
        calling.end()
        #expect(await calling.result()?.reason == .hungUp)
        let report = try #require(await ringing.result())
        #expect(report.frames.refusedFrameCount == 0 && report.frames.unknownKeyFrameCount == 0)

        let call = try #require(try await homes[0].entry(CallEntry.self, StateKey(.call, calling.call)))
        let summary = try #require(try await RecordingSummary(call.recording) { try await homes[0].value($0) })
        #expect(summary.seals.count == 2)
        #expect(summary.acceptedGroupCount == 4)
        for phone in phones { await phone.device.stop() }
        await network.stop()
    }
}
