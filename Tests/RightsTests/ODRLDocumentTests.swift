import Primitives
import Rights
import Testing
import Wire

@Suite struct ODRLDocumentTests {
    private let chain = ChainID(raw: Bytes32(words: (7, 0, 0, 0)))

    private func map(_ entries: [String: IPLDNode]) -> IPLDNode {
        let sorted = entries.sorted {
            ($0.key.utf8.count, $0.key) < ($1.key.utf8.count, $1.key)
        }
        return .map(sorted.map { IPLDNode.Entry(key: $0.key, value: $0.value) })
    }

    private func dateTime(_ text: String) -> IPLDNode {
        map(["@value": .text(text), "@type": .text("xsd:dateTime")])
    }

    private func constraint(_ left: String, _ relation: String, _ right: IPLDNode) -> IPLDNode {
        map(["leftOperand": .text(left), "operator": .text(relation), "rightOperand": right])
    }

    private func document(
        permission: [IPLDNode] = [], changing: [String: IPLDNode] = [:], dropping: Set<String> = []
    ) -> IPLDNode {
        var entries: [String: IPLDNode] = [
            "@context": .text("http://www.w3.org/ns/odrl.jsonld"), "@type": .text("Set"),
            "profile": .text("urn:sotto:odrl:1"), "uid": .text("urn:example:1"), "permission": .list(permission),
        ]
        entries.merge(changing) { $1 }
        for key in dropping { entries[key] = nil }
        return map(entries)
    }

    @Test("a document reads as the policy it states")
    func reading() throws {
        let viewer = member(3)
        let play = map([
            "action": .text("play"), "assignee": .text(viewer.text(chain: chain)),
            "constraint": .list([
                constraint("dateTime", "gteq", dateTime("2026-11-20T12:00:00Z")),
                constraint("dateTime", "lt", dateTime("2027-01-01T00:00:00.500Z")),
                constraint("count", "lteq", .unsigned(3)),
                constraint(
                    "elapsedTime", "lteq", map(["@value": .text("PT3600S"), "@type": .text("xsd:duration")])),
                constraint("sotto:concurrency", "lteq", .unsigned(2)),
            ]),
        ])
        let read = try ODRLDocument(
            document(
                permission: [play, map(["action": .text("archive"), "assignee": .text("sotto:grantee")])],
                changing: [
                    "prohibition": .list([map(["action": .text("reproduce")])]),
                    "sotto:expires": dateTime("2030-02-28T23:59:59Z"),
                    "target": .text("urn:sotto:recording:" + RecordingID.zero.hex),
                ]), chain: chain)
        let expected = try Policy(
            permit: [
                PolicyRule(
                    .play, to: .member(viewer),
                    when: [
                        .notBefore(Timestamp(1_795_176_000_000)), .before(Timestamp(1_798_761_600_500)), .count(3),
                        .seconds(3_600), .concurrency(2),
                    ]), PolicyRule(.store, to: .grantee),
            ], forbid: [PolicyRule(.copy, to: .anyone)], expires: Timestamp(1_898_553_599_000))
        #expect(read.policy == expected)
        #expect(read.target == .zero && read.uid == "urn:example:1")
    }

    @Test("what is written reads back the same, for every action, assignee and constraint")
    func roundTrip() throws {
        let rules = try PolicyAction.allCases.flatMap { action in
            try [.anyone, .grantee, .member(member(5))].map { assignee in
                try PolicyRule(action, to: assignee, when: [.before(Timestamp(951_782_400_001)), .count(1)])
            }
        }
        for policy in try PolicyTests.samples() + [Policy(permit: rules, forbid: rules)] {
            for target in [nil, RecordingID(raw: member(9).raw)] {
                let document = ODRLDocument(uid: "urn:x", target: target, policy: policy)
                let node = try document.node(chain: chain)
                #expect(try ODRLDocument(node, chain: chain) == document)
                #expect(try IPLDNode(decoding: node.encoded) == node)
            }
        }
    }

    @Test("RI-9: an unknown property or term anywhere refuses the document")
    func unknown() throws {
        let play: IPLDNode = .text("play")
        func refuses(_ node: IPLDNode, _ property: String) {
            #expect(throws: PolicyError.unsupported(property: property)) { try ODRLDocument(node, chain: chain) }
        }
        _ = try ODRLDocument(document(), chain: chain)
        refuses(document(changing: ["obligation": .list([])]), "obligation")
        refuses(document(changing: ["@context": .text("x")]), "@context")
        refuses(document(changing: ["@type": .text("Offer")]), "@type")
        refuses(document(changing: ["profile": .text("urn:x")]), "profile")
        refuses(document(permission: [map(["action": .text("sell")])]), "action")
        refuses(document(permission: [map(["action": play, "duty": .list([])])]), "duty")
        let spatial = constraint("spatial", "eq", .text("DE"))
        refuses(document(permission: [map(["action": play, "constraint": .list([spatial])])]), "leftOperand")
        for wrong in [constraint("count", "gt", .unsigned(1)), constraint("dateTime", "eq", dateTime("x"))] {
            refuses(document(permission: [map(["action": play, "constraint": .list([wrong])])]), "operator")
        }
        let extra = map([
            "leftOperand": .text("count"), "operator": .text("lteq"), "rightOperand": .unsigned(1),
            "unit": .text("x"),
        ])
        refuses(document(permission: [map(["action": play, "constraint": .list([extra])])]), "unit")
    }

    @Test("a document that lacks a property, or holds a value of the wrong kind, is refused")
    func malformed() throws {
        for property in ["@context", "@type", "profile", "uid"] {
            #expect(throws: PolicyError.missing(property: property)) {
                try ODRLDocument(document(dropping: [property]), chain: chain)
            }
            #expect(throws: PolicyError.badValue(property: property)) {
                try ODRLDocument(document(changing: [property: .unsigned(1)]), chain: chain)
            }
        }
        #expect(throws: PolicyError.badValue(property: "document")) { try ODRLDocument(.null, chain: chain) }
        let other = member(1).text(chain: .zero)
        for bad in [other, "", "alice"] {
            let rule = map(["action": .text("play"), "assignee": .text(bad)])
            #expect(throws: PolicyError.badValue(property: "assignee")) {
                try ODRLDocument(document(permission: [rule]), chain: chain)
            }
        }
        for bad in ["urn:sotto:recording:00", "x"] {
            #expect(throws: PolicyError.badValue(property: "target")) {
                try ODRLDocument(document(changing: ["target": .text(bad)]), chain: chain)
            }
        }
    }

    @Test(
        "a time has one spelling and stands in the calendar",
        arguments: [
            "2026-11-20", "2026-11-20T12:00:00", "2026-11-20T12:00:00+00:00", "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z",
            "2026-01-01T00:00:00.000Z", "2026-01-01 00:00:00Z", "1969-12-31T23:59:59Z", "2026-01-01T00:00:0aZ",
        ])
    func times(text: String) {
        #expect(throws: PolicyError.badValue(property: "sotto:expires")) {
            try ODRLDocument(document(changing: ["sotto:expires": dateTime(text)]), chain: chain)
        }
    }

    @Test("leap days are days, and a time beyond the year 9999 is not written")
    func calendar() throws {
        let leap = try ODRLDocument(
            document(changing: ["sotto:expires": dateTime("2000-02-29T00:00:00.001Z")]), chain: chain)
        #expect(leap.policy.expires == Timestamp(951_782_400_001))
        let late = ODRLDocument(uid: "x", target: nil, policy: try Policy(permit: [], expires: Timestamp(1 << 60)))
        #expect(throws: PolicyError.badValue(property: "sotto:expires")) { try late.node(chain: chain) }
    }

    @Test("a duration is whole seconds in one spelling", arguments: ["PT060S", "PT1H", "P1D", "PTS", "PT-1S", "60"])
    func durations(text: String) {
        let wrong = constraint("elapsedTime", "lteq", map(["@value": .text(text), "@type": .text("xsd:duration")]))
        let rule = map(["action": .text("play"), "constraint": .list([wrong])])
        #expect(throws: PolicyError.badValue(property: "rightOperand")) {
            try ODRLDocument(document(permission: [rule]), chain: chain)
        }
    }
}
