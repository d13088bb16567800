import Kademlia
import Links
import Node
import Primitives
import RPC
import Wire

extension Golden {
    /// What belongs to the threshold keys.
    static var threshold: [Golden] {
        let elements: [GroupElement] = (0..<4).map { Sample.id("element \($0)") }
        var list: [Golden] = [
            Golden(
                "partial-evaluation",
                PartialEvaluation(
                    purpose: .phone, sharingEpoch: SharingEpoch(2), index: 3, elements: elements,
                    proof: Sample.proof("evaluation"))),
            Golden(
                "sealed-share",
                SealedShare(
                    purpose: .outer, sharingEpoch: SharingEpoch(0), index: 128, sealed: Sample.bytes("share", count: 80)
                )),
            Golden("group-key-wrap", wrap),
            Golden("signed-object+group-key-wrap", Sample.signed(wrap, .wrap, by: "call key"), of: GroupKeyWrap.self),
            Golden("lease-history+empty", LeaseHistory.empty),
            Golden("lease-history", history),
            Golden(
                "signed-object+outer-key-request", Sample.signed(outer, .outerRequest, by: "viewer"),
                of: OuterKeyRequest.self),
            Golden("outer-key-request", outer),
        ]
        if let keys = ThresholdPublicKeys(
            purpose: .wraps, sharingEpoch: SharingEpoch(1), publicKey: Sample.id("wraps"), shares: elements)
        {
            list.append(Golden("threshold-public-keys", keys))
        }
        if let request = BlindEvaluationRequest(
            key: Sample.id("reply key"), time: Sample.time(), nonce: Sample.bytes("nonce", count: 16),
            member: Sample.id("member"), elements: elements)
        {
            list.append(Golden("blind-evaluation-request", request))
        }
        if let request = WrapShareRequest(
            time: Sample.time(), group: GroupIndex(7),
            wraps: [.init(wrap: Sample.signed(wrap, .wrap, by: "call key").encoded, proof: [Sample.digest("sibling")])],
            member: Sample.id("viewer"), recording: Sample.id("recording"))
        {
            list.append(Golden("wrap-share-request", request))
        }
        return list
    }

    static var wrap: GroupKeyWrap {
        GroupKeyWrap(
            subject: GroupKeyWrap.Subject(
                recording: Sample.id("recording"), sender: Sample.publicKey("call key"), track: 1, group: GroupIndex(7),
                consent: Sample.id("consent"), roster: Sample.digest("roster")),
            point: Sample.id("point"), sealedKey: Sample.digest("sealed key").raw, proof: Sample.proof("wrap"))
    }

    static var history: LeaseHistory {
        LeaseHistory(
            last: .init(group: GroupIndex(8), start: Sample.time(50_000), notAfter: Sample.time(150_000)),
            previous: .init(group: GroupIndex(7), start: Sample.time(), notAfter: Sample.time(100_000)), leaseCount: 2,
            viewings: 1, seekWindowStart: Sample.time(), seeks: 0)
    }

    private static var outer: OuterKeyRequest {
        OuterKeyRequest(
            as: .holder, key: Sample.id("reply key"), time: Sample.time(), epoch: RightsEpoch(2),
            member: Sample.id("viewer"), recording: Sample.id("recording"))
    }

    // MARK: The DHT, links and RPC

    private static var address: AddressRecord {
        let endpoints = [
            AddressRecord.Endpoint(address: [192, 0, 2, 7], port: 7_700),
            AddressRecord.Endpoint(address: [0x20, 0x01, 0x0d, 0xb8] + [UInt8](repeating: 0, count: 12), port: 65_535),
        ]
        return AddressRecord(
            member: Sample.id("node"), sequence: 5, expiry: Sample.time(3_600_000),
            endpoints: endpoints.compactMap { $0 })
    }

    private static var provider: ProviderRecord {
        ProviderRecord(content: Sample.cid("block", .raw), member: Sample.id("node"), expiry: Sample.time(600_000))
    }

    private static var stored: StoredRecord {
        StoredRecord(
            kind: .phone, location: Sample.id("location"), sequence: 300, expiry: Sample.time(86_400_000),
            value: Sample.bytes("sealed record", count: 200))
    }

    /// What nodes say to each other.
    static var network: [Golden] {
        let address = Sample.signed(self.address, .address, by: "node")
        let provider = Sample.signed(self.provider, .provider, by: "node")
        let stored = Sample.signed(self.stored, .record, by: "writer")
        let token = Token(rawValue: 0x0102_0304_0506_0708)
        let requests: [(String, Request)] = [
            ("ping", .ping), ("find", .find(target: Sample.id("location"))),
            ("get", .get(location: Sample.id("location"), kind: .contacts)),
            ("put", .put(record: stored, evidence: Sample.bytes("salt", count: 16), expected: nil, token: token)),
            ("put-again", .put(record: stored, evidence: [], expected: 299, token: .none)),
            ("providers", .providers(content: Sample.cid("block", .raw))),
            ("provide", .provide(record: provider, token: token)),
            ("addresses", .addresses(digest: Sample.digest("addresses"), after: Sample.id("node"))),
            ("announce", .announce([address])),
        ]
        let responses: [(String, Response)] = [
            ("pong", .pong(token: token)), ("nodes", .nodes([address, address], token: token)),
            ("record", .record(stored)), ("absent", .absent([])), ("stored", .stored(sequence: 300)),
            ("refused", .refused(.busy, token: token)), ("providers-found", .providers([provider])),
            ("addresses-found", .addresses([address], more: true)),
        ]
        let hello = LinkHello(
            role: .validator, chain: Sample.chain, member: Sample.id("node"),
            instance: Sample.bytes("instance", count: 8),
            versions: [1, 2])
        return [
            Golden("address-record", self.address), Golden("provider-record", self.provider),
            Golden("stored-record", self.stored), Golden("signed-address", address, of: AddressRecord.self),
            Golden("signed-provider", provider, of: ProviderRecord.self),
            Golden("signed-record", stored, of: StoredRecord.self), Golden("link-hello", hello),
            Golden("release-answer+refused", ReleaseAnswer.refused(.unavailable)),
            Golden("release-answer", ReleaseAnswer.sealed(Sample.bytes("sealed evaluation", count: 300))),
            Golden("service-request", ServiceRequest(.attest, [1, 2, 3])),
        ]
            + requests.map { Golden("dht-message+\($0)", Kademlia.Message(number: 4_000_000_000, .request($1))) }
            + responses.map { Golden("dht-message+\($0)", Kademlia.Message(number: 7, .response($1))) }
            + rpc
    }

    private static var rpc: [Golden] {
        let params = IPLDNode.map([
            .init(key: "to", value: .text("+491701234567")),
            .init(key: "nodes", value: .list([.null, .boolean(true)])),
            .init(key: "video", value: .boolean(false)), .init(key: "volume", value: .float(0.5)),
            .init(key: "balance", value: .negative(4)), .init(key: "content", value: .link(Sample.cid("block").bytes)),
        ])
        return [("", params), ("+list", .list([.bytes([1, 2, 3]), .unsigned(.max)]))].map { suffix, params in
            Golden(
                "rpc-request\(suffix)",
                SignedRequest(
                    from: Sample.id("member"), audience: Sample.id("node"), time: Sample.time(),
                    nonce: Sample.bytes("nonce", count: 16), method: "call.start", params: params))
        }
    }
}
