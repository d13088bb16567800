import Crypto
import Ledger
import Media
import Node
import Primitives
import Recording
import Rights
import Testing
import Wire

@Suite("Playing")
struct ReleasePlayerTests {
    private func published(_ count: Int = 4) async throws -> (world: ReleaseWorld, stock: Stock) {
        let world = try ReleaseWorld(validators: count)
        let stock = Stock()
        try await world.publish(into: stock)
        #expect(try world.grant(world.viewer) == .succeeded)
        return (world, stock)
    }

    private func frameCount(groups: UInt64, senders: UInt64 = 2) -> Int {
        Int(groups * senders * 2 * ReleaseWorld.framesPerGroup)
    }

    @Test("Every frame comes out as it went in, proven, in order; everybody agreed", arguments: [1, 4])
    func whole(_ count: Int) async throws {
        let (world, stock) = try await published(count)
        var frames: [PlayedFrame] = []
        let report = try await world.player(world.viewer, stock).play(world.recording) { frames += $0.frames }
        #expect(report.ended == nil)
        #expect(report.groups.map(\.rawValue) == Array(0..<ReleaseWorld.groupCount))
        #expect(Set(frames.map(\.bytes)) == world.plain)
        #expect(frames.count == frameCount(groups: ReleaseWorld.groupCount))
        #expect(report.provenFrameCount == frames.count)
        #expect(report.unopenedFrameCount == 0)
        #expect(zip(frames, frames.dropFirst()).allSatisfy { $0.microseconds <= $1.microseconds })
        #expect(report.isAgreed)
        let members = Set(report.senders.map(\.standing))
        #expect(members == [.agreed(world.viewer.member), .agreed(world.other.member)])
        #expect(report.faultyValidators == [])
    }

    @Test("Without the opening of a certificate a sender is claimed; with another's opening too")
    func claimed() async throws {
        let (world, stock) = try await published()
        stock.forgetOpening(of: world.senders[0].key.publicKey)
        let report = try await world.player(world.viewer, stock)
            .play(world.recording, groups: .zero ... .zero) { _ in }
        #expect(report.standing == "claimed")
        #expect(report.senders.count { $0.standing == .claimed } == 1)
        // The viewer has the other's opening from elsewhere, or one that somebody else made up.
        let own = world.senders[0].opening
        #expect(try CertificateOpening(decoding: own.encoded) == own)
        for (opening, standing) in [
            (own, "agreed"), (CertificateOpening(salt: .zero, certificate: own.certificate), "claimed"),
            (world.senders[1].opening, "claimed"),
        ] {
            let source = OpenedSource(stock, openings: [opening])
            try world.ledger.wait(1_000)
            let home = LocalPlaybackHome(ledger: world.ledger, person: world.viewer, asker: world.asker)
            let again = try await Player(home: home, source: source, limits: .standard)
                .play(world.recording, groups: .zero ... .zero) { _ in }
            #expect(again.standing == standing)
        }
    }

    @Test("A viewer without a grant gets no lease, and so nothing")
    func notGranted() async throws {
        let (world, stock) = try await published()
        await #expect(throws: PlaybackError.leaseRefused(.refusedByPolicy(.notGranted))) {
            try await world.player(world.other, stock).play(world.recording) { _ in }
        }
    }

    @Test("A revocation while it plays ends it: nothing after the open group is shown")
    func revokedInBetween() async throws {
        let (world, stock) = try await published()
        var shown: [GroupIndex] = []
        let report = try await world.player(world.viewer, stock).play(world.recording) { played in
            shown.append(played.group)
            if shown.count == 1 { _ = try world.revoke(world.viewer) }
        }
        #expect(shown == [.zero])
        #expect(report.ended == .leaseRefused(.refusedByPolicy(.notGranted)))
    }

    @Test("A sender that withdrew its consent is left out and said to be")
    func withheld() async throws {
        let (world, stock) = try await published()
        let leaver = world.senders[0]
        let withdraw = Ledger.Operation.consentWithdraw(ConsentWithdraw(recording: world.recording))
        try world.ledger.apply([(withdraw, AuthorID(leaver.key.publicKey), leaver.key)])
        var frames: [PlayedFrame] = []
        let report = try await world.player(world.viewer, stock)
            .play(world.recording, groups: .zero ... .zero) { frames += $0.frames }
        #expect(frames.count == frameCount(groups: 1, senders: 1))
        #expect(frames.allSatisfy { $0.sender != leaver.key.publicKey })
        #expect(report.senders.first { $0.key == leaver.key.publicKey }?.isWithheld == true)
    }

    @Test("Changed bytes never play: they are not what the agreed root names")
    func changedBytes() async throws {
        let (world, stock) = try await published()
        let pages = try await stock.outerPages(of: world.recording, epoch: RightsEpoch(1))
        let shard = try #require(pages.first?.shards.last)
        var bytes = try await stock.block(shard.link.cid, of: world.recording)
        bytes[0] ^= 1
        stock.replace(shard.link.cid, with: bytes)
        let report = try await world.player(world.viewer, stock).play(world.recording) { _ in }
        #expect(report.ended == .mismatch)
        let first = try #require(pages.first?.shards.first)
        stock.replace(first.link.cid, with: bytes)
        await #expect(throws: PlaybackError.mismatch) {
            try await world.player(world.viewer, stock).play(world.recording) { _ in }
        }
    }

    @Test("The WebM file has a track for each track of each sender, and every frame as it was")
    func webM() async throws {
        let (world, stock) = try await published(1)
        var file = PlaybackFile()
        var bytes: [UInt8] = []
        _ = try await world.player(world.viewer, stock).play(world.recording) { bytes += try file.write($0) }
        let (tail, patches) = file.finish()
        bytes += tail
        for patch in patches {
            bytes.replaceSubrange(Int(patch.offset)..<Int(patch.offset) + patch.bytes.count, with: patch.bytes)
        }
        var reader = WebMReader()
        var frames: [WebMFrame] = []
        var tracks: [WebMTrack] = []
        for event in try reader.receive(bytes) {
            switch event {
            case .tracks(let found): tracks = found
            case .frame(let frame): frames.append(frame)
            default: break
            }
        }
        try reader.finish()
        #expect(tracks.count == 4)
        #expect(tracks.contains { $0.kind == .vp8(width: 320, height: 240) })
        #expect(Set(frames.map(\.bytes)) == world.plain)
        #expect(frames.count == file.frameCount)
        #expect(frames.count == frameCount(groups: ReleaseWorld.groupCount))
    }

    @Test("A validator that lies about outer keys is named, and it plays all the same")
    func liar() async throws {
        let (world, stock) = try await published()
        var asker = world.asker
        asker.tamper = { [world] index, kind, request, answer in
            guard index == 2, kind == .outer, let signed = try? SignedKeyRequest<OuterKeyRequest>(request) else {
                return answer
            }
            let name = ThresholdOuterKey(
                chain: world.chain, recording: world.recording, rightsEpoch: RightsEpoch(99))
            guard let lie = try? world.shares[1].outer.share.evaluate(name) else { return answer }
            return try? ReleaseAnswer.seal(
                lie, answering: request, to: signed.request.key, from: world.validators[1].keys.agreement,
                chain: world.chain
            ).encoded
        }
        let report = try await world.player(world.viewer, stock, asking: asker)
            .play(world.recording, groups: .zero ... .zero) { _ in }
        #expect(report.faultyValidators == [world.validators[1].member])
        #expect(report.frameCount == frameCount(groups: 1))
    }
}
