import ContentStore
import Crypto
import EventLoop
import HTTP
import Ledger
import Links
import Node
import Primitives
import Recording
import Testing
import Wire

@Suite("A recorded call from consent to a published recording", .timeLimit(.minutes(3)), .serialized)
struct RecorderNetworkTests {
    /// Both agree, and both cameras run for a while.
    private func record(
        _ network: RecorderNetwork, _ devices: [RecorderDevice], milliseconds: UInt64
    ) async throws {
        devices[0].session.ask()
        for device in devices {
            try await waitFor("question \(devices.map(\.failures))") {
                device.sender == 0 || device.has { if case .asked = $0 { true } else { false } }
            }
        }
        let terms = RecordingTerms(tracks: 3, policy: try RecorderNetwork.policy())
        for device in devices { device.session.agree(terms) }
        for device in devices {
            try await waitFor("recording \(device.failures)") { device.recorder.value != nil }
        }
        var cameras: [FakeCamera] = []
        for device in devices {
            cameras.append(
                FakeCamera(
                    recorder: try #require(device.recorder.value), key: device.key, chain: network.chain,
                    call: device.call, sender: device.sender))
        }
        let start = SystemTime.utc
        while case let now = SystemTime.utc, now.milliseconds(since: start) < milliseconds {
            for index in cameras.indices {
                try cameras[index].shoot(at: now, milliseconds: now.milliseconds(since: start), size: 2_000)
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        for index in cameras.indices { try cameras[index].flush() }
        #expect(cameras.allSatisfy { $0.sent.count > 10 })
        // What one sent while it was recorded opened at the other, in time.
        for (index, camera) in cameras.enumerated() {
            let last = try #require(camera.sent.last)
            let base = try #require(devices[1 - index].session.received.baseKey(for: last.id))
            let cipher = try SFrameKey(suite: .aes256GCM, keyID: last.id.rawValue, baseKey: base)
            let clear: [UInt8] = last.id.track == 1 ? [1, 2, 3] : []
            #expect(try cipher.decrypt(metadata: clear, ciphertext: last.bytes) == last.plain)
        }
    }

    @Test(
        "Two agree, record, seal and publish; any node finds the blocks by CID, and the manifests lead to every frame")
    func wholeWay() async throws {
        let network = try RecorderNetwork(count: 4)
        try await network.start()
        let (caller, callee) = try await RecorderDevice.pair(network)
        try await record(network, [caller, callee], milliseconds: 2_000)
        await caller.stop()
        await callee.stop()
        #expect(caller.failures.isEmpty && callee.failures.isEmpty)
        let recording = try await caller.recordingID()
        let entry = try #require(try await caller.home.entry(RecordingEntry.self, StateKey(.recording, recording)))
        #expect(entry.senders == [caller.key.publicKey, callee.key.publicKey].sorted())
        #expect(entry.holders == network.nodes.map(\.member).sorted())
        let summary = try #require(
            try await RecordingSummary(recording) { try await caller.home.value($0) })
        #expect(summary.acceptedGroupCount == 4)
        #expect(summary.state == "sealed")
        try await network.settle()

        let inner = try #require(
            try await network.stores[2].blocks(of: recording, epoch: .zero, from: .inner, index: 0, limit: 1).first)
        #expect(await network.contents[2].content(of: inner.cid, for: .node(network.nodes[0].member)) == nil)

        try await LayerRequest(home: caller.home, recording: recording).publish(policy: RecorderNetwork.policy())
        try await network.settle()
        try await check(published: recording, network, caller)
        #expect(
            try await network.stores[2].blocks(of: recording, epoch: .zero, from: .inner, index: 0, limit: 9).isEmpty)
        await network.stop()
    }

    /// Pages, wraps, the gateway, the DHT, and the way from the first shard to the frames.
    private func check(
        published recording: RecordingID, _ network: RecorderNetwork, _ device: RecorderDevice
    ) async throws {
        var hash = SHA256()
        let rights = try #require(try await device.home.entry(RightsEntry.self, StateKey(.rights, recording)))
        let source = HomeRecordingSource(home: device.home)
        let pages = try await source.outerPages(of: recording, epoch: rights.epoch)
        let outer = try OuterManifestPage.manifest(of: pages, root: rights.root, with: &hash)
        let leaves = try await source.wraps(of: recording, sender: device.key.publicKey)
        let seal = try #require(
            try await device.home.entry(SealEntry.self, StateKey(.seal, recording, device.key.publicKey)))
        let root = MerkleTree.root(of: leaves.map { MerkleTree.leafHash($0, with: &hash) }, with: &hash)
        #expect(root == seal.wraps)

        // A node that lost a block finds who has it.
        let shard = try #require(outer.shards.last)
        try await network.stores[3].drop(recording, epochs: rights.epoch...rights.epoch, roles: [.shard, .page])
        try await waitFor("providers") {
            await network.runtimes[3].dht.providers(of: shard.link.cid).contains(network.nodes[1].member)
        }
        let found = try #require(await network.contents[3].find(shard.link.cid))
        #expect(shard.link.matches(found, with: &hash))
        let served = await network.gateway("/ipfs/\(shard.link.cid)", query: "format=raw")
        #expect(served.status == 200 && served.body == found)
        #expect(await network.gateway("/ipfs/\(shard.link.cid)", query: nil).status == 406)
        #expect(await network.gateway("/ipfs/nonsense", query: "format=raw").status == 400)
        let nobodys = CID(.raw, SHA256.hash([1]))
        #expect(await network.gateway("/ipfs/\(nobodys)", query: "format=raw").status == 404)

        let key = try await NodeOuterKeys(node: network.runtimes[1]).outerKey(of: recording, epoch: rights.epoch)
        let layer = try OuterLayer(key, of: recording)
        func open(_ fetch: PlaybackPlan.Fetch) async throws -> [UInt8] {
            let bytes = try await source.block(fetch.outer.link.cid, of: recording)
            return try layer.open(bytes, index: fetch.outer.index, inner: fetch.inner, with: &hash)
        }
        var top = try await source.block(try #require(outer.shards.first).link.cid, of: recording)
        try layer.apply(to: &top, index: 0)
        let plan = try PlaybackPlan(outer: outer, recordingShard: top)
        var frameCount = 0
        for fetch in try plan.senderFetches() {
            let sender = try SenderManifest(decoding: try await open(fetch))
            for fetch in try plan.trackFetches(sender) {
                let track = try TrackManifest(decoding: try await open(fetch))
                let groupFetch = try #require(try plan.groupFetch(track.first, of: track, sender))
                let group = try GroupManifest(decoding: try await open(groupFetch))
                for blocks in try plan.segmentFetches(group, of: track, sender) {
                    var bytes: [UInt8] = []
                    for block in blocks { bytes += try await open(block) }
                    let segment = try Segment(decoding: bytes)
                    _ = try group.entry(for: segment, with: &hash)
                    frameCount += segment.frames.count
                }
            }
        }
        #expect(frameCount > 100)
    }

    @Test("Without the other's consent nothing is recorded, and the ledger refuses a seal of what was taken anyway")
    func noConsent() async throws {
        let network = try RecorderNetwork(count: 1)
        try await network.start()
        let (caller, callee) = try await RecorderDevice.pair(network)
        caller.session.ask()
        try await waitFor("question") { callee.has { if case .asked = $0 { true } else { false } } }
        caller.session.agree(RecordingTerms(tracks: 3, policy: try RecorderNetwork.policy()))
        callee.session.decline()
        try await waitFor("refusal") {
            caller.has { if case .notice(.declined) = $0 { true } else { false } }
        }
        #expect(caller.recorder.value == nil && callee.recorder.value == nil)
        let recording = try await caller.recordingID()
        let wraps = try #require(network.rules.genesis.threshold.first { $0.purpose == .wraps })
        let recorder = SenderRecorder(
            recording: recording, chain: network.chain, key: caller.key, wraps: wraps.publicKey, sender: 0,
            tracks: RecorderDevice.tracks)
        let start = SystemTime.utc
        recorder.start(at: start, rosterEpoch: RosterEpoch(0), consent: .zero, roster: .zero, kinds: 3)
        var camera = FakeCamera(
            recorder: recorder, key: caller.key, chain: network.chain, call: caller.call, sender: 0)
        for step in 0..<UInt64(5) {
            try camera.shoot(at: start.adding(milliseconds: step * 20), milliseconds: step * 20)
        }
        recorder.pause(at: start.adding(milliseconds: 100))
        let log = try RecordingLog(
            path: network.directory("forged"), recording: recording, sender: caller.key.publicKey,
            on: BlockingThreadExecutor(name: "log"))
        try await log.add(recorder.takeFinished())
        await #expect(throws: HandoverError.self) {
            try await RecordingHandover(home: caller.home, callKey: caller.key).finish(log)
        }
        let entry = try await caller.home.entry(RecordingEntry.self, StateKey(.recording, recording))
        #expect(entry?.senders.isEmpty == true)
        await log.close()
        await caller.stop()
        await callee.stop()
        await network.stop()
    }

    @Test("A withdrawal stops both sides, the open minute is gone, and nothing is sealed")
    func withdrawal() async throws {
        let network = try RecorderNetwork(count: 1)
        try await network.start()
        let (caller, callee) = try await RecorderDevice.pair(network)
        try await record(network, [caller, callee], milliseconds: 800)
        callee.session.withdraw()
        for device in [caller, callee] {
            try await waitFor("stop") { device.recorder.value?.isRecording == false }
            #expect(device.has { if case .stopped = $0 { true } else { false } })
        }
        await caller.stop()
        await callee.stop()
        let recording = try await caller.recordingID()
        let entry = try await caller.home.entry(RecordingEntry.self, StateKey(.recording, recording))
        #expect(entry?.senders.isEmpty == true)
        let consent = try await caller.home.entry(
            ConsentEntry.self, StateKey(.consent, recording, callee.key.publicKey))
        #expect(consent?.isLive == false)
        await network.stop()
    }

    @Test("CO-1: in a secret call nothing is asked, and the ledger never hears of it")
    func secretCall() async throws {
        let network = try RecorderNetwork(count: 1)
        try await network.start()
        let (caller, callee) = try await RecorderDevice.pair(network, isOffered: false)
        caller.session.ask()
        try await waitFor("notice") {
            caller.has { if case .notice(.notOffered) = $0 { true } else { false } }
        }
        #expect(try await caller.home.entry(CallEntry.self, StateKey(.call, caller.call)) == nil)
        await caller.stop()
        await callee.stop()
        await network.stop()
    }
}
