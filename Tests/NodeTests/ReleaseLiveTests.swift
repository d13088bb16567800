import Crypto
import EventLoop
import Ledger
import Node
import Primitives
import Recording
import Rights
import Testing
import Wire

@Suite("Rights over real links", .timeLimit(.minutes(3)), .serialized)
struct ReleaseLiveTests {
    /// Both people record for two seconds, seal, and the caller publishes for grantees.
    private func published(_ network: RecorderNetwork) async throws -> (
        recording: RecordingID, owner: HomeClient, plain: Set<[UInt8]>
    ) {
        let (caller, callee) = try await RecorderDevice.pair(network)
        let devices = [caller, callee]
        caller.session.ask()
        try await waitFor("question") { callee.has { if case .asked = $0 { true } else { false } } }
        let terms = RecordingTerms(tracks: 3, policy: try RecorderNetwork.policy())
        for device in devices { device.session.agree(terms) }
        var cameras: [FakeCamera] = []
        for device in devices {
            try await waitFor("recording \(device.failures)") { device.recorder.value != nil }
            cameras.append(
                FakeCamera(
                    recorder: try #require(device.recorder.value), key: device.key, chain: network.chain,
                    call: device.call, sender: device.sender))
        }
        let start = SystemTime.utc
        for step in 0..<UInt64(50) {
            let now = SystemTime.utc
            for index in cameras.indices {
                try cameras[index].shoot(at: now, milliseconds: now.milliseconds(since: start), size: 300 + Int(step))
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        for index in cameras.indices { try cameras[index].flush() }
        for device in devices { await device.stop() }
        let recording = try await caller.recordingID()
        try await network.settle()
        let policy = try Policy(permit: [PolicyRule(.play, to: .grantee)]).encoded
        try await LayerRequest(home: caller.home, recording: recording).publish(policy: policy)
        try await network.settle()
        return (recording, caller.home, Set(cameras.flatMap { $0.sent.map(\.plain) }))
    }

    private func play(
        _ recording: RecordingID, _ viewer: HomeClient
    ) async throws -> (report: PlaybackReport, frames: [PlayedFrame]) {
        var frames: [PlayedFrame] = []
        let player = Player(
            home: MemberPlayback(client: viewer), source: HomeRecordingSource(home: viewer),
            limits: viewer.rules.leaseLimits)
        let report = try await player.play(recording) { frames += $0.frames }
        return (report, frames)
    }

    @Test("A grantee plays what was said; after the revocation it gets nothing, the layer changes, and others play on")
    func wholeWay() async throws {
        let network = try RecorderNetwork(count: 4)
        var rotations: [RotationService] = []
        for (runtime, content) in zip(network.runtimes, network.contents) {
            let rotation = RotationService(node: runtime, content: content)
            await rotation.install(on: runtime)
            rotations.append(rotation)
        }
        try await network.start()
        let (recording, owner, plain) = try await published(network)
        let (viewer, other) = (try await network.person(), try await network.person())
        let holder = RightsHolder(client: owner)
        for person in [viewer, other] { _ = try await holder.grant(recording, to: person.member) }

        let first = try await play(recording, viewer)
        #expect(first.report.ended == nil)
        #expect(first.report.unopenedFrameCount == 0)
        #expect(first.report.faultyValidators == [])
        #expect(first.report.provenFrameCount == first.frames.count)
        // The clear bytes stand before what was encrypted.
        #expect(Set(first.frames.map { $0.kind == .video ? Array($0.bytes.dropFirst(3)) : $0.bytes }) == plain)

        let started = SystemTime.monotonic
        let revocation = try await holder.revoke(recording, viewer: viewer.member)
        #expect(revocation.epoch == RightsEpoch(2))
        #expect(revocation.rotated != nil)
        #expect(SystemTime.monotonic - started < .seconds(5))
        await #expect(throws: PlaybackError.leaseRefused(.refusedByPolicy(.notGranted))) {
            try await play(recording, viewer)
        }
        let second = try await play(recording, other)
        #expect(second.report.ended == nil)
        #expect(second.frames.map(\.bytes) == first.frames.map(\.bytes))

        for rotation in rotations { await rotation.stop() }
        await network.stop()
    }
}
