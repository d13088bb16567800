import Primitives
import Rights
import Testing
import Wire

@Suite struct PolicyTests {
    static func samples() throws -> [Policy] {
        [
            try Policy(permit: []),
            try Policy(
                permit: [
                    PolicyRule(.play, to: .grantee, when: [.count(3), .before(Timestamp(1 << 40)), .seconds(3_600)]),
                    PolicyRule(.store, to: .anyone), PolicyRule(.revoke, to: .member(member(7))),
                ],
                forbid: [PolicyRule(.play, to: .member(member(8)), when: [.notBefore(Timestamp(5)), .concurrency(2)])],
                expires: Timestamp(1 << 41)),
        ]
    }

    @Test("a policy's bytes are those that the format says")
    func golden() throws {
        let policy = try Policy(permit: [PolicyRule(.play, to: .grantee, when: [.count(2)])], expires: Timestamp(24))
        let expected =
            "a461760166666f72626964806" + "67065726d697481a362746f8101647768656e8182030266616374696f6e01"
            + "67657870697265731818"
        #expect(Hex.encode(policy.encoded) == expected)
    }

    @Test("RI-1: order and repetition of rules and constraints do not matter to the encoding")
    func normalForm() throws {
        let play = try PolicyRule(.play, to: .anyone, when: [.count(1), .notBefore(Timestamp(5))])
        let same = try PolicyRule(.play, to: .anyone, when: [.notBefore(Timestamp(5)), .count(1)])
        let store = try PolicyRule(.store, to: .grantee)
        #expect(play == same)
        #expect(try Policy(permit: [play, store, same]).encoded == Policy(permit: [store, play]).encoded)
        #expect(throws: PolicyError.repeatedConstraint(.count)) {
            try PolicyRule(.play, to: .anyone, when: [.count(1), .count(2)])
        }
        let many = try (0...UInt64(Policy.ruleCountMax)).map { try PolicyRule(.play, to: .member(member($0))) }
        #expect(throws: PolicyError.tooManyRules(limit: 64)) { try Policy(permit: many) }
        #expect(throws: PolicyError.tooManyRules(limit: 64)) { try Policy(permit: [], forbid: many) }
    }

    @Test("RI-1: a policy out of order, with a repeated rule or constraint, or with too many rules, is refused")
    func strictOrder() throws {
        let rules = try [PolicyRule(.play, to: .anyone), PolicyRule(.store, to: .grantee)].sorted()
        func policy(_ rules: [PolicyRule]) -> [UInt8] {
            var writer = CBORWriter()
            writer.mapHeader(count: 3)
            writer.key("v")
            writer.unsigned(1)
            writer.key("forbid")
            writer.arrayHeader(count: 0)
            writer.key("permit")
            writer.array(rules) { $1.encode(into: &$0) }
            return writer.bytes
        }
        _ = try Policy(decoding: policy(rules))
        #expect(throws: WireError.self) { try Policy(decoding: policy(rules.reversed())) }
        #expect(throws: WireError.self) { try Policy(decoding: policy([rules[0], rules[0]])) }
        let many = try (0...UInt64(Policy.ruleCountMax)).map { try PolicyRule(.play, to: .member(member($0))) }
        #expect(throws: WireError.self) { try Policy(decoding: policy(many.sorted())) }
    }

    @Test("RI-1: one value has one encoding: prefixes are refused, flipped bytes are refused or mean something else")
    func encoding() throws {
        for policy in try Self.samples() {
            let bytes = policy.encoded
            #expect(try Policy(decoding: bytes) == policy)
            for count in bytes.indices {
                #expect(throws: WireError.self) { try Policy(decoding: Array(bytes[..<count])) }
            }
            for index in bytes.indices {
                for bit in 0..<8 {
                    var flipped = bytes
                    flipped[index] ^= 1 << UInt8(bit)
                    guard let other = try? Policy(decoding: flipped) else { continue }
                    #expect(other != policy && other.encoded == flipped)
                }
            }
        }
    }
}
