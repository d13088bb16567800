import Crypto
import EventLoop
import Kademlia
import Ledger
package import Primitives
import RPC
package import Signalling
package import Wire

/// A member's device as it publishes its phone number and finds others': what happens here, the home node does not see.
package struct NumberDirectory: Sendable {
    /// A record lives this long, in milliseconds: an hour less than storers allow, for clocks that differ.
    static let recordLife: UInt64 = 23 * 3_600_000
    /// How long an attestation outlives its location epoch, in milliseconds, for records of the epoch's last day.
    static let grace: UInt64 = 24 * 3_600_000

    let home: HomeClient

    package init(home: HomeClient) { self.home = home }

    /// Evidence for a claim: a registrar's signature over it, or whatever else the validators believe.
    package typealias Evidence = @Sendable (NumberClaim) async throws(NumberError) -> [UInt8]

    /// What a lookup gave.
    package struct Found: Sendable {
        package let record: PhoneRecord
        package let location: DHTKey
        package let sequence: UInt64
        /// Of the record in the DHT; the attestation may last longer.
        package let expiry: Timestamp
        /// Validators whose share was bad.
        package let faulty: [MemberID]
    }

    /// What was published.
    package struct Published: Sendable {
        /// To be kept: `publish` again within the same location epoch needs no other evidence.
        package let listing: NumberListing
        package let sequence: UInt64
        package let expiry: Timestamp
        /// Nodes that confirmed that they hold the record.
        package let copies: UInt64
        package let faulty: [MemberID]
    }

    // MARK: Publishing

    /// Makes this member findable under a number until the record expires, within a day; to be repeated before that.
    ///
    /// - Parameters:
    ///   - listing: gives what an earlier `publish` returned for a location, if anything.
    ///   - evidence: asked for when there is no listing. A registrar that is asked learns the number.
    package func publish(
        _ number: PhoneNumber, mailbox: MailboxAddress, prekeys: CID,
        listing: @Sendable (DHTKey) -> NumberListing?, evidence: Evidence?
    ) async throws(NumberError) -> Published {
        let now = SystemTime.utc
        let epoch = LocationEpoch(at: now)
        let evaluated = try await evaluate(number)
        let location = VOPRFLocation.location(output: evaluated.output, epoch: epoch)
        let current: NumberListing
        if let known = listing(location), known.location == location, try await isAttested(known.commitment, at: now) {
            current = known
        } else {
            guard let evidence else { throw .evidenceNeeded }
            current = try await attest(number, location, epoch, now, evidence)
        }
        let writer = current.writer
        let record = PhoneRecord(
            member: home.member, mailbox: mailbox, prekeys: prekeys, writer: writer.publicKey, salt: current.salt,
            expiry: current.expiry)
        let value: [UInt8]
        do throws(CryptoError) {
            value = try record.sealed(
                by: home.keys.sign, at: location,
                under: VOPRFLocation.sealingKey(output: evaluated.output, epoch: epoch), chain: home.chain)
        } catch {
            throw .crypto(error)
        }
        let stored = StoredRecord(
            kind: .phone, location: location, sequence: now.rawValue,
            expiry: min(now.adding(milliseconds: Self.recordLife), current.expiry), value: value)
        let object = writer.sign(.record, chain: home.chain, body: stored.encoded)
        let answer = try await ask(
            "number.put",
            ["record": .string(Hex.encode(object.encoded)), "salt": .string(Hex.encode(current.salt))])
        return Published(
            listing: current, sequence: stored.sequence, expiry: stored.expiry,
            copies: answer["copies"]?.unsigned ?? 0, faulty: evaluated.faulty)
    }

    /// Has the validators attest a new location, writer and salt, and sees for itself that the ledger shows it.
    private func attest(
        _ number: PhoneNumber, _ location: DHTKey, _ epoch: LocationEpoch, _ now: Timestamp, _ evidence: Evidence
    ) async throws(NumberError) -> NumberListing {
        // All numbers of an epoch run out at one time, so that the expiry tells nobody apart.
        let end = Timestamp(epoch.next.rawValue * LocationEpoch.milliseconds + Self.grace)
        let latest = now.adding(milliseconds: home.genesis.limits.attestationLife / 2)
        let listing = NumberListing(location: location, expiry: min(end, latest))
        let claim = NumberClaim(
            number: number, member: home.member, writer: listing.writer.publicKey, location: location,
            salt: listing.salt, expiry: listing.expiry)
        let statement = NumberStatement(commitment: listing.commitment, expiry: listing.expiry)
        let proof = try await evidence(claim)
        var claims: [JSONValue] = []
        for seat in seats() {
            let key = (try await member(seat.member))?.keys.agreement ?? seat.agreement
            do throws(CryptoError) {
                let sealed = try NumberSeals.seal(evidence: proof, to: key, chain: home.chain)
                claims.append(["validator": .string(seat.member.hex), "sealed": .string(Hex.encode(sealed))])
            } catch {
                throw .crypto(error)
            }
        }
        _ = try await ask(
            "number.attest", ["statement": .string(Hex.encode(statement.encoded)), "claims": .list(claims)])
        guard try await isAttested(listing.commitment, at: now) else { throw .notAttested }
        return listing
    }

    /// Gives a number up: from now on no node stores a record under this listing.
    package func release(_ listing: NumberListing) async throws(NumberError) {
        let wish = NumberRelease(location: listing.location, salt: listing.salt, expiry: listing.expiry)
        let object = listing.writer.sign(.numberRelease, chain: home.chain, body: wish.encoded)
        let statement = NumberStatement(commitment: listing.commitment, expiry: listing.expiry, isRelease: true)
        _ = try await ask(
            "number.release",
            [
                "statement": .string(Hex.encode(statement.encoded)),
                "release": .string(Hex.encode(object.encoded)),
            ])
    }

    // MARK: Finding

    /// Finds who holds a number. Everything that the record says is checked: the writer's signature, the attestation on
    /// the ledger, the member's own signature, and both expiries.
    package func find(_ number: PhoneNumber) async throws(NumberError) -> Found {
        let now = SystemTime.utc
        let evaluated = try await evaluate(number)
        let epoch = LocationEpoch(at: now)
        var epochs = [epoch]
        // A record of an epoch's last day outlives it.
        if now.rawValue % LocationEpoch.milliseconds < Self.grace, let previous = epoch.previous {
            epochs.append(previous)
        }
        for epoch in epochs {
            let location = VOPRFLocation.location(output: evaluated.output, epoch: epoch)
            guard let object = try await stored(at: location) else { continue }
            let key = VOPRFLocation.sealingKey(output: evaluated.output, epoch: epoch)
            return try await read(object, at: location, under: key, now: now, faulty: evaluated.faulty)
        }
        throw .notListed
    }

    private func stored(at location: DHTKey) async throws(NumberError) -> SignedObject? {
        let answer: JSONValue
        do throws(HomeError) {
            answer = try await home.signed("number.get", ["location": .string(location.hex)])
        } catch {
            if case .rpc(.refused(let refusal)) = error, refusal.code == .notFound { return nil }
            throw .home(error)
        }
        guard let bytes = answer["record"]?.string.flatMap({ Hex.decode($0) }),
            let object = try? SignedObject(decoding: bytes)
        else { throw .home(.malformedAnswer(method: "number.get")) }
        return object
    }

    private func read(
        _ object: SignedObject, at location: DHTKey, under key: consuming SecretKey, now: Timestamp,
        faulty: [MemberID]
    ) async throws(NumberError) -> Found {
        let verifier = SignatureVerifier()
        guard let signed = try? SignedRecord(object), verifier.verified(signed, in: home.chain) != nil,
            signed.record.kind == .phone, signed.record.location == location, signed.record.expiry > now
        else { throw .untrue(.record) }
        guard
            let (record, inner) = PhoneRecord.open(
                signed.record.value, at: location, writer: signed.writer, under: key, chain: home.chain)
        else { throw .untrue(.seal) }
        let commitment = PhoneService.commitment(location, signed.writer, record.salt)
        guard try await isAttested(commitment, at: now) else { throw .untrue(.attestation) }
        guard let entry = try await member(record.member), entry.standing == .active, entry.keys.sign == inner.key,
            verifier.isValid(inner.signatureCheck(kind: .phoneRecord, chain: home.chain))
        else { throw .untrue(.member) }
        return Found(
            record: record, location: location, sequence: signed.record.sequence, expiry: signed.record.expiry,
            faulty: faulty)
    }

    // MARK: Steps

    /// Whether the ledger, proven, shows a commitment that holds.
    private func isAttested(_ commitment: Digest, at now: Timestamp) async throws(NumberError) -> Bool {
        do throws(HomeError) {
            return try await home.entry(NumberEntry.self, StateKey(.number, commitment))?.holds(at: now) ?? false
        } catch {
            throw .home(error)
        }
    }

    func member(_ member: MemberID) async throws(NumberError) -> MemberEntry? {
        do throws(HomeError) {
            return try await home.memberEntry(member)
        } catch {
            throw .home(error)
        }
    }

    func ask(_ method: String, _ params: JSONValue) async throws(NumberError) -> JSONValue {
        do throws(HomeError) {
            return try await home.signed(method, params)
        } catch {
            throw .home(error)
        }
    }
}
