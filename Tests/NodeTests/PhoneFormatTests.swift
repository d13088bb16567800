import Crypto
import Kademlia
import Node
import Primitives
import Signalling
import Testing
import Wire

@Suite("Objects about phone numbers")
struct PhoneFormatTests {
    private static func identifier<Value: Identifier>(_ byte: UInt8) -> Value {
        Value(raw: Bytes32(words: (UInt64(byte), 1, 2, 3)))
    }

    static let salt = [UInt8](repeating: 7, count: NumberClaim.saltByteCount)

    private static func claim() throws -> NumberClaim {
        NumberClaim(
            number: try #require(PhoneNumber("+49 151 2345678")), member: identifier(1), writer: identifier(2),
            location: identifier(3), salt: salt, expiry: Timestamp(1_800_000_000_000))
    }

    private static func record() -> PhoneRecord {
        PhoneRecord(
            member: identifier(1), mailbox: MailboxAddress(node: identifier(4), mailbox: identifier(5)),
            prekeys: CID(.dagCBOR, identifier(6)), writer: identifier(2), salt: salt,
            expiry: Timestamp(1_800_000_000_000))
    }

    /// Every prefix is refused; every flipped byte is refused or means something else with an encoding of its own.
    private func check<Value: WireObject & Hashable>(_ value: Value) throws {
        let bytes = value.encoded
        #expect(try Value(decoding: bytes) == value)
        for count in bytes.indices {
            #expect(throws: WireError.self) { try Value(decoding: Array(bytes[..<count])) }
        }
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 0x01
            guard let other = try? Value(decoding: changed) else { continue }
            #expect(other != value)
            #expect(other.encoded == changed)
        }
    }

    @Test("Each has one encoding and refuses every other")
    func encodings() throws {
        try check(try Self.claim())
        try check(NumberRelease(location: Self.identifier(1), salt: Self.salt, expiry: Timestamp(5)))
        try check(Self.record())
        for question in [NumberQuestion.claim([1]), .release([2, 3]), .submit([])] { try check(question) }
        for refusal in NumberAnswer.Refusal.allCases { try check(NumberAnswer.refused(refusal)) }
        try check(NumberAnswer.granted([1, 2, 3]))
    }

    @Test("A claim names a number in its one spelling")
    func spelling() throws {
        let bytes = try Self.claim().encoded
        let text = Array("+491512345678".utf8)
        let start = try #require(bytes.indices.first { bytes[$0...].starts(with: text) })
        var changed = bytes
        changed.replaceSubrange(start..<start + text.count, with: Array("+49151234567-".utf8))
        #expect(throws: WireError.self) { try NumberClaim(decoding: changed) }
        #expect(!"\(try Self.claim())".contains("151234"))
    }

    @Test("A sealed record fits its place, opens only there, for that writer, under that key")
    func seal() throws {
        let output = [UInt8](repeating: 9, count: VOPRF.outputByteCount)
        let epoch = LocationEpoch(600)
        let location = VOPRFLocation.location(output: output, epoch: epoch)
        let chain = ChainID(raw: Bytes32(words: (1, 1, 1, 1)))
        let member = SigningKey.generate()
        let record = Self.record()
        let sealed = try record.sealed(
            by: member, at: location, under: VOPRFLocation.sealingKey(output: output, epoch: epoch), chain: chain)
        #expect(sealed.count <= StoredRecord.valueByteCountMax)
        func open(
            _ bytes: [UInt8], at place: DHTKey, writer: PublicKey, epoch: LocationEpoch, chain: ChainID
        ) -> PhoneRecord? {
            PhoneRecord.open(
                bytes, at: place, writer: writer, under: VOPRFLocation.sealingKey(output: output, epoch: epoch),
                chain: chain)?.record
        }
        #expect(open(sealed, at: location, writer: record.writer, epoch: epoch, chain: chain) == record)
        #expect(open(sealed, at: .zero, writer: record.writer, epoch: epoch, chain: chain) == nil)
        #expect(open(sealed, at: location, writer: member.publicKey, epoch: epoch, chain: chain) == nil)
        #expect(open(sealed, at: location, writer: record.writer, epoch: epoch.next, chain: chain) == nil)
        #expect(open(sealed, at: location, writer: record.writer, epoch: epoch, chain: .zero) == nil)
        for index in sealed.indices {
            var changed = sealed
            changed[index] ^= 1
            #expect(open(changed, at: location, writer: record.writer, epoch: epoch, chain: chain) == nil)
            let prefix = Array(sealed[..<index])
            #expect(open(prefix, at: location, writer: record.writer, epoch: epoch, chain: chain) == nil)
        }
    }
}

@Suite("The quota of lookups")
struct LookupQuotaTests {
    private func member(_ number: UInt64) -> MemberID { MemberID(raw: Bytes32(words: (number, 0, 0, 0))) }
    private func request(_ number: UInt64) -> Digest { Digest(raw: Bytes32(words: (number, 0, 0, 0))) }
    private let now = Timestamp(20 * LookupQuota.dayMilliseconds)

    private typealias Step = (member: UInt64, request: UInt64, count: Int, after: UInt64, expected: Bool)

    /// Runs steps, each so many milliseconds after `now`.
    private func run(_ quota: LookupQuota, _ steps: [Step]) {
        var quota = quota
        for step in steps {
            let answer = quota.admit(
                member(step.member), request: request(step.request), count: step.count,
                now: now.adding(milliseconds: step.after))
            #expect(answer == step.expected, "\(step)")
        }
    }

    @Test("A member has its count in a day, each request counts once, and the next day begins anew")
    func count() {
        let day = LookupQuota.dayMilliseconds
        run(
            LookupQuota(perDay: 3, rememberingFor: 1_000),
            [
                (1, 1, 2, 0, true), (1, 1, 2, 0, true), (1, 2, 2, 0, false), (1, 3, 1, 0, true), (1, 4, 1, 0, false),
                (2, 5, 3, 0, true), (3, 6, 4, 0, false), (1, 7, 3, day, true),
                // A clock that is set back gives nothing away.
                (1, 8, 1, 0, false),
            ])
    }

    @Test("Full tables refuse whom they do not know, until requests may be forgotten")
    func bounds() {
        run(
            LookupQuota(perDay: 10, rememberingFor: 1_000, membersMax: 1, requestsMax: 2),
            [
                (1, 1, 1, 0, true), (2, 2, 1, 0, false), (1, 3, 1, 0, true), (1, 4, 1, 0, false), (1, 3, 1, 0, true),
                (1, 5, 1, 1_001, true),
            ])
    }
}
