import Crypto
import Media
import MediaEndpoint
import Node
import Primitives
import Signalling
import Synchronization
import Testing
import Wire

@Suite("Calls between two phones at two home nodes", .timeLimit(.minutes(2)), .serialized)
struct CallTests {
    private func phones(_ settings: CallSettings = Phone.settings) async throws -> (Phone, Phone) {
        let network = try await CallNetwork.shared.value
        let (alice, bob) = (network.people[0], network.people[1])
        return (
            Phone(alice, home: network.home(0, of: alice), settings: settings),
            Phone(bob, home: network.home(1, of: bob), settings: settings)
        )
    }

    private func stop(_ phones: Phone...) async { for phone in phones { await phone.device.stop() } }

    /// Rings, accepts, and waits until both are in the call.
    private func connect(
        _ alice: Phone, _ bob: Phone, _ films: (Film, Film)? = nil
    ) async throws -> (CallSession, CallSession) {
        let callee = try await bob.callee()
        let calling = try await alice.device.call(callee, media: alice.media(films?.0.file))
        let ringing = try #require(await bob.ring())
        #expect(ringing.peer == alice.person.member)
        await ringing.accept(bob.media(films?.1.file))
        return (calling, ringing)
    }

    @Test("Both sides show the same words, and every frame arrives bit for bit, decrypted and proven")
    func wholeCall() async throws {
        let (alice, bob) = try await phones()
        let films = (try Film(seed: 1), try Film(seed: 2))
        let (calling, ringing) = try await connect(alice, bob, films)
        let count = films.0.pictures.count
        for (phone, film) in [(bob, films.0), (alice, films.1)] {
            let frames = await phone.received(2 * count)
            #expect(frames.filter { $0.codec == .vp8 }.map(\.plain) == film.pictures)
            #expect(frames.filter { $0.codec == .opus }.map(\.plain) == film.sounds)
            #expect(frames.allSatisfy { $0.plain != $0.sealed })
        }
        calling.end()
        let reports = (try #require(await calling.result()), try #require(await ringing.result()))
        #expect(reports.0.reason == .hungUp)
        #expect(reports.1.reason == .hungUp)
        #expect(reports.0.shortAuthentication != nil)
        #expect(reports.0.shortAuthentication == reports.1.shortAuthentication)
        #expect(reports.0.frames.sentFrameCount == 2 * count)
        #expect(reports.1.frames.receivedFrameCount == 2 * count)
        #expect(reports.1.frames.refusedFrameCount == 0)
        for report in [reports.0, reports.1] { #expect(report.proofs == ProofCounts(proven: UInt64(2 * count))) }
        var reader = WebMReader()
        let events = try reader.receive(bob.file.withLock { $0 })
        let pictures = events.compactMap { event -> [UInt8]? in
            guard case .frame(let frame) = event, frame.track == 1 else { return nil }
            return frame.bytes
        }
        #expect(pictures == films.0.pictures)
        await stop(alice, bob)
    }

    @Test("A call over the RPC of two home nodes, hung up by the callee")
    func overRPC() async throws {
        let network = try await CallNetwork.shared.value
        let (one, two) = (network.people[0], network.people[1])
        let alice = Phone(one, home: ClientCallHome(try await network.client(0, of: one)))
        let bob = Phone(two, home: ClientCallHome(try await network.client(1, of: two)))
        let film = try Film(seed: 3)
        let (calling, ringing) = try await connect(alice, bob, (film, film))
        #expect(await bob.received(film.pictures.count).count == film.pictures.count)
        ringing.end()
        #expect(await calling.result()?.reason == .hungUp)
        #expect(await ringing.result()?.reason == .hungUp)
        await stop(alice, bob)
    }

    @Test("A callee that declines is heard, and nothing but its ringing and its no has left it")
    func declined() async throws {
        let (alice, bob) = try await phones()
        let calling = try await alice.device.call(try await bob.callee())
        let ringing = try #require(await bob.ring())
        ringing.end(.declined)
        #expect(await calling.result()?.reason == .declined)
        #expect(await ringing.result()?.reason == .declined)
        await stop(alice, bob)
    }

    @Test("No candidate of the callee leaves before it accepts")
    func candidatesWait() async throws {
        let (alice, bob) = try await phones()
        let calling = try await alice.device.call(try await bob.callee())
        let ringing = try #require(await bob.ring())
        #expect(await calling.reaches { $0 == .ringingThere })
        let before = try #require(bob.home).posted.withLock { $0 }
        // One packet, too short for anything but "it rings": an empty message and its tag.
        #expect(before.count == 1)
        let packet = try SessionPacket(decoding: try #require(before.first))
        #expect(packet.ciphertext.count == SessionMessage.ringing.encoded.count + 16)
        await ringing.accept(bob.media())
        #expect(await calling.reaches { $0 == .inCall })
        #expect(try #require(bob.home).posted.withLock { $0.count } > 1)
        ringing.end()
        #expect(await ringing.result()?.reason == .hungUp)
        await stop(alice, bob)
    }

    @Test("Who is in a call is busy, there and here")
    func busy() async throws {
        let (alice, bob) = try await phones()
        let network = try await CallNetwork.shared.value
        let third = network.people[2]
        let carol = Phone(third, home: network.home(0, of: third))
        let callee = try await bob.callee()
        let calling = try await alice.device.call(callee)
        let ringing = try #require(await bob.ring())
        let refused = try await carol.device.call(callee)
        #expect(await refused.result()?.reason == .busy)
        await #expect(throws: EndReason.busy) { _ = try await alice.device.call(callee) }
        calling.end(.cancelled)
        #expect(await ringing.result()?.reason == .cancelled)
        await stop(alice, bob, carol)
    }

    @Test("Nobody answers: both sides end by themselves")
    func timeout() async throws {
        var settings = Phone.settings
        settings.limits.ring = .milliseconds(150)
        let (alice, bob) = try await phones(settings)
        let calling = try await alice.device.call(try await bob.callee())
        let ringing = try #require(await bob.ring())
        #expect(await calling.result()?.reason == .notAnswered)
        #expect(await ringing.result()?.reason == .notAnswered)
        await stop(alice, bob)
    }

    @Test("A caller whose key is not the ledger's does not ring, and is told")
    func wrongKey() async throws {
        let (_, bob) = try await phones()
        let network = try await CallNetwork.shared.value
        let person = network.people[2]
        let thief = Person(
            member: person.member, keys: DeviceKeys(sign: .generate(), agreement: person.keys.agreement))
        let phone = Phone(thief, home: network.home(0, of: person))
        let calling = try await phone.device.call(try await bob.callee())
        #expect(await calling.result()?.reason == .identityMismatch)
        await stop(phone, bob)
    }

    @Test("Prekeys other than those of the phone record are not used")
    func otherBundle() async throws {
        let (alice, bob) = try await phones()
        let callee = try await bob.callee()
        var hash = SHA256()
        let other = Callee(
            member: callee.member, address: callee.address, bundle: CID(of: [1], .dagCBOR, with: &hash))
        await #expect(throws: EndReason.identityMismatch) { _ = try await alice.device.call(other) }
        let stranger = Callee(member: alice.person.member, address: callee.address, bundle: nil)
        await #expect(throws: EndReason.identityMismatch) { _ = try await alice.device.call(stranger) }
        let nobody = Callee(member: MemberID(raw: SHA256.hash([2]).raw), address: callee.address, bundle: nil)
        await #expect(throws: EndReason.notFound) { _ = try await alice.device.call(nobody) }
        await stop(alice, bob)
    }

    @Test("An invite that was changed on its way does not ring")
    func tampered() async throws {
        var settings = Phone.settings
        settings.limits.ring = .milliseconds(300)
        let (alice, bob) = try await phones(settings)
        let callee = try await bob.callee()
        try #require(alice.home).change.withLock { change in
            change = { content in
                guard let sealed = try? SealedInvite(decoding: content) else { return content }
                var ciphertext = sealed.ciphertext
                ciphertext[40] ^= 1
                return SealedInvite(
                    prekey: sealed.prekey, oneTimeKey: sealed.oneTimeKey, ephemeral: sealed.ephemeral,
                    ciphertext: ciphertext
                ).encoded
            }
        }
        let calling = try await alice.device.call(callee)
        #expect(await calling.result()?.reason == .notAnswered)
        #expect(try #require(bob.home).posted.withLock { $0.isEmpty })
        await stop(alice, bob)
    }

    @Test("An invite that is played again does not ring again")
    func replayed() async throws {
        let (alice, bob) = try await phones()
        let callee = try await bob.callee()
        let calling = try await alice.device.call(callee)
        let ringing = try #require(await bob.ring())
        calling.end(.cancelled)
        #expect(await ringing.result()?.reason == .cancelled)
        let home = try #require(alice.home)
        let invite = try #require(home.posted.withLock { $0.first })
        let count = try #require(bob.home).posted.withLock { $0.count }
        try await home.post(invite, to: callee.address)
        // A one-time key serves once, so this invite cannot even be opened; the next one shows that bob went on.
        let again = try await alice.device.call(callee)
        let second = try #require(await bob.ring())
        #expect(second.call == again.call)
        #expect(try #require(bob.home).posted.withLock { $0.count } >= count)
        again.end(.cancelled)
        _ = await second.result()
        await stop(alice, bob)
    }

    @Test("Two who dial each other end up in one call")
    func glare() async throws {
        let (alice, bob) = try await phones()
        let (toBob, toAlice) = (try await bob.callee(), try await alice.callee())
        // Both have dialled before either invite leaves.
        let (dialled, sink) = AsyncStream<Void>.makeStream()
        let gate = Task { for await _ in dialled {} }
        for phone in [alice, bob] { try #require(phone.home).gate.withLock { $0 = gate } }
        let (one, two) = (try await alice.device.call(toBob), try await bob.device.call(toAlice))
        sink.finish()
        let (lower, higher) = one.call < two.call ? (one, two) : (two, one)
        let answering = one.call < two.call ? bob : alice
        #expect(await higher.result()?.reason == .glare)
        let ringing = try #require(await answering.ring())
        #expect(ringing.call == lower.call)
        lower.end(.cancelled)
        #expect(await ringing.result()?.reason == .cancelled)
        await stop(alice, bob)
    }

    @Test("A recording's messages pass both ways, under the call's keys")
    func recordingMessages() async throws {
        let (alice, bob) = try await phones()
        let (calling, ringing) = try await connect(alice, bob)
        let (stream, sink) = AsyncStream<[UInt8]>.makeStream()
        await calling.setHooks(CallHooks(recordingMessage: { sink.yield($0) }))
        await ringing.setHooks(CallHooks(recordingMessage: { sink.yield($0) }))
        #expect(await calling.reaches { $0 == .inCall })
        #expect(await ringing.reaches { $0 == .inCall })
        var messages = stream.makeAsyncIterator()
        calling.sendRecording([1, 2])
        #expect(await messages.next() == [1, 2])
        ringing.sendRecording([3])
        #expect(await messages.next() == [3])
        let rosters = (try #require(await calling.roster), try #require(await ringing.roster))
        #expect(rosters.0.hash == rosters.1.hash)
        #expect(rosters.0.ownKey == rosters.1.peerKey)
        calling.end()
        _ = await ringing.result()
        await stop(alice, bob)
    }
}
