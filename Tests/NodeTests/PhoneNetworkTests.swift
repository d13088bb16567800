import Crypto
import EventLoop
import Kademlia
import Ledger
import Links
import Node
import Primitives
import RPC
import Signalling
import Testing
import Wire

@Suite("Phone numbers over four validators", .timeLimit(.minutes(3)), .serialized)
struct PhoneNetworkTests {
    private func publish(
        _ number: PhoneNumber, by person: HomeClient, on network: PhoneNetwork, listing: NumberListing? = nil,
        evidence: NumberDirectory.Evidence? = nil
    ) async throws -> NumberDirectory.Published {
        try await NumberDirectory(home: person).publish(
            number, mailbox: try network.mailbox(), prekeys: PhoneNetwork.prekeys(), listing: { _ in listing },
            evidence: listing == nil ? evidence ?? network.registrarsWord : nil)
    }

    @Test("A number is published, found, written again without its registrar, and given up")
    func lifeOfANumber() async throws {
        let network = try PhoneNetwork()
        try await network.start()
        let (alice, bob) = (try await network.person(), try await network.person())
        let number = try PhoneNetwork.number()
        let (mailbox, prekeys) = (try network.mailbox(), PhoneNetwork.prekeys())
        let directory = NumberDirectory(home: alice)

        let unlisted = await #expect(throws: NumberError.self) { try await NumberDirectory(home: bob).find(number) }
        guard case .notListed = unlisted else { throw try #require(unlisted) }
        let first = try await directory.publish(
            number, mailbox: mailbox, prekeys: prekeys, listing: { _ in nil }, evidence: network.registrarsWord)
        #expect(first.copies >= 3)
        let found = try await NumberDirectory(home: bob).find(number)
        #expect(found.record.member == alice.member)
        #expect(found.record.mailbox == mailbox)
        #expect(found.record.prekeys == prekeys)
        #expect(found.location == first.listing.location)
        #expect(found.faulty == [])

        let listing = try NumberListing(decoding: first.listing.encoded)
        let second = try await directory.publish(
            number, mailbox: mailbox, prekeys: PhoneNetwork.prekeys(), listing: { _ in listing }, evidence: nil)
        #expect(second.sequence > first.sequence)
        #expect(try await NumberDirectory(home: bob).find(number).sequence == second.sequence)

        let status = try await bob.call("dht.status")
        #expect(status["records"]?.unsigned == 1)
        #expect(try await bob.call("dht.peers").list?.count == 3)
        let seen = try await bob.call("dht.find", ["location": .string(found.location.hex)])
        #expect(seen["writer"]?.string == found.record.writer.hex)
        #expect(found.record.writer != alice.keys.sign.publicKey)

        try await directory.release(listing)
        let gone = await #expect(throws: NumberError.self) { try await NumberDirectory(home: bob).find(number) }
        guard case .untrue(.attestation) = gone else { throw try #require(gone) }
        let refused = await #expect(throws: NumberError.self) {
            try await publish(number, by: alice, on: network, listing: listing)
        }
        guard case .evidenceNeeded = refused else { throw try #require(refused) }
        await network.stop()
    }

    @Test("A validator with a bad share is named, and the others suffice")
    func badShare() async throws {
        let network = try PhoneNetwork(liar: 0)
        try await network.start()
        let alice = try await network.person()
        let number = try PhoneNetwork.number()
        let published = try await publish(number, by: alice, on: network)
        let found = try await NumberDirectory(home: alice).find(number)
        // The home node answers itself first, so its share is always among the first three.
        #expect(Set(published.faulty + found.faulty) == [network.nodes[0].member])
        #expect(found.record.member == alice.member)
        await network.stop()
    }

    @Test("One validator down changes nothing")
    func oneDown() async throws {
        let network = try PhoneNetwork()
        try await network.start(without: [3])
        let alice = try await network.person()
        let number = try PhoneNetwork.number()
        _ = try await publish(number, by: alice, on: network)
        #expect(try await NumberDirectory(home: alice).find(number).record.member == alice.member)
        await network.stop()
    }

    @Test("Each validator counts a member's lookups and refuses what is over the quota")
    func quota() async throws {
        var limits = Testnet.limits
        limits.lookupsPerDay = 2
        let network = try PhoneNetwork(limits: limits)
        try await network.start()
        let (alice, bob) = (try await network.person(), try await network.person())
        let directory = NumberDirectory(home: alice)
        for _ in 0..<2 {
            let error = await #expect(throws: NumberError.self) { try await directory.find(PhoneNetwork.number()) }
            guard case .notListed = error else { throw try #require(error) }
        }
        let error = await #expect(throws: NumberError.self) { try await directory.find(PhoneNetwork.number()) }
        guard case .tooFewShares(_, 3, let refusals, [], []) = error else { throw try #require(error) }
        #expect(refusals.contains(.quota))
        let other = await #expect(throws: NumberError.self) {
            try await NumberDirectory(home: bob).find(PhoneNetwork.number())
        }
        guard case .notListed = other else { throw try #require(other) }
        await network.stop()
    }

    @Test("Only an attested writer's record is stored, and only a registrar's word is attested")
    func attestations() async throws {
        let network = try PhoneNetwork()
        try await network.start()
        let alice = try await network.person()
        let number = try PhoneNetwork.number()
        let stranger = SigningKey.generate()
        let chain = network.chain
        let error = await #expect(throws: NumberError.self) {
            try await publish(
                number, by: alice, on: network,
                evidence: { claim throws(NumberError) in
                    stranger.sign(.numberStatement, chain: chain, body: claim.encoded).encoded
                })
        }
        guard case .home(.rpc(.refused(let refusal))) = error else { throw try #require(error) }
        #expect(refusal.data?["reason"]?.string == "evidence")

        let published = try await publish(number, by: alice, on: network)
        // Another writer at the same place, with the salt that storers have seen.
        let record = StoredRecord(
            kind: .phone, location: published.listing.location, sequence: published.sequence + 1,
            expiry: published.expiry, value: [1, 2, 3])
        let forged = stranger.sign(.record, chain: chain, body: record.encoded)
        for index in 0..<2 {
            let dht = try #require(network.runtimes[index]).dht
            await #expect(throws: DHTError.self) { try await dht.put(forged, evidence: published.listing.salt) }
        }
        await #expect(throws: HomeError.self) {
            try await alice.signed(
                "number.put",
                [
                    "record": .string(Hex.encode(forged.encoded)),
                    "salt": .string(Hex.encode(published.listing.salt)),
                ])
        }
        #expect(try await NumberDirectory(home: alice).find(number).record.member == alice.member)
        await network.stop()
    }

    @Test("A stranger is refused by its home node and by every validator")
    func strangers() async throws {
        let network = try PhoneNetwork()
        try await network.start()
        let stranger = try await network.person(admitted: false)
        await #expect(throws: NumberError.self) {
            try await NumberDirectory(home: stranger).find(PhoneNetwork.number())
        }
        let blinding = try VOPRF(.verifiable).blind(PhoneNetwork.number())
        func request(time: Timestamp, member: MemberID) throws -> BlindEvaluationRequest {
            try #require(
                BlindEvaluationRequest(
                    key: stranger.keys.agreement.publicKey, time: time, nonce: SecureRandom.bytes(count: 16),
                    member: member, elements: [blinding.element]))
        }
        let alice = try await network.person()
        let cases: [(BlindEvaluationRequest, any Signing, NumberAnswer)] = [
            (try request(time: SystemTime.utc, member: stranger.member), stranger.keys.sign, .refused(.member)),
            (try request(time: SystemTime.utc, member: alice.member), stranger.keys.sign, .refused(.member)),
            (try request(time: Timestamp(1), member: alice.member), alice.keys.sign, .refused(.stale)),
        ]
        for (request, key, expected) in cases {
            let body = key.sign(.blindEvaluation, chain: network.chain, body: request.encoded).encoded
            for node in network.nodes {
                let answer = try await network.home.ask(.evaluate, body, of: node.member)
                #expect(try NumberAnswer(decoding: answer) == expected)
            }
        }
        let junk = try await network.home.ask(.evaluate, [1, 2, 3], of: network.nodes[1].member)
        #expect(try NumberAnswer(decoding: junk) == .refused(.malformed))
        await network.stop()
    }
}
