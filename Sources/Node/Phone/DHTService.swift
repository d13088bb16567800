import Crypto
import Kademlia
import Ledger
import Links
import Primitives
package import RPC
import Wire

/// `dht.*`: how this node sees the DHT, and lookups for anyone who asks.
package struct DHTService: NodeServicing {
    /// Nodes in one answer.
    static let peersMax = 1_024

    private let node: NodeRuntime

    package init(node: NodeRuntime) { self.node = node }

    package func install(on node: NodeRuntime) async {}

    package var methods: [RPCMethod] { [status, peers, find] }

    private var status: RPCMethod {
        let dht = node.dht
        return RPCMethod(
            "dht.status", "This node's place in the DHT, and what it knows and holds.",
            result: RPCParameter(
                "status", .object, "{id, nodes, live, addresses, sessions, records, provided}")
        ) { _ throws(RPCError) in
            let status = await dht.status
            func number(_ count: Int) -> JSONValue { .unsigned(UInt64(max(0, count))) }
            return [
                "id": .string(status.nodeID.hex), "nodes": number(status.knownNodes), "live": number(status.liveNodes),
                "addresses": number(status.knownAddresses), "sessions": number(status.sessions),
                "records": number(status.records), "provided": number(status.providedContents),
            ]
        }
    }

    private var peers: RPCMethod {
        let (dht, chain) = (node.dht, node.rules.chain)
        return RPCMethod(
            "dht.peers", "The nodes that the ledger names, and which of them answer.",
            result: RPCParameter(
                "peers", .list(of: .object, countMax: Self.peersMax),
                "{id, member, did, live, address}: no address is shown")
        ) { _ throws(RPCError) in
            .list(
                await dht.peers.prefix(Self.peersMax).map { peer in
                    [
                        "id": .string(peer.contact.id.hex), "member": .string(peer.contact.member.hex),
                        "did": .string(peer.contact.member.text(chain: chain)), "live": .boolean(peer.isLive),
                        "address": .boolean(peer.hasAddress),
                    ]
                })
        }
    }

    private var find: RPCMethod {
        let (dht, chain) = (node.dht, node.rules.chain)
        return RPCMethod(
            "dht.find", "Who holds a content block, or the sealed record at a location.",
            parameters: [
                RPCParameter("cid", .contentID, required: false, "a content block"),
                RPCParameter("location", .identifier, required: false, "a place in the key space"),
                RPCParameter(
                    "kind", .choice(["phone", "endpoint", "contacts"]), required: false,
                    "of the record; phone if absent"),
            ],
            result: RPCParameter(
                "found", .object, "{providers: [{member, did}]} or {location, kind, writer, sequence, expiry, record}"),
            errors: [.notFound, .peerUnreachable, .invalidParameters], rateClass: .heavy
        ) { call throws(RPCError) in
            if call.arguments["cid"] != nil {
                guard call.arguments["location"] == nil else {
                    throw .parameter("location", expected: "either cid or location")
                }
                let members = await dht.providers(of: try call.arguments.contentID("cid"))
                return [
                    "providers": .list(
                        members.map { ["member": .string($0.hex), "did": .string($0.text(chain: chain))] })
                ]
            }
            let location: DHTKey = try call.arguments.identifier("location")
            let word = call.arguments["kind"] == nil ? "phone" : try call.arguments.text("kind")
            let kind: StoredRecord.Kind =
                switch word {
                case "endpoint": .endpoint
                case "contacts": .contacts
                default: .phone
                }
            let found: SignedRecord?
            do throws(DHTError) {
                found = try await dht.get(location, kind, care: .quick)
            } catch {
                throw error.rpc
            }
            guard let found else { throw RPCError(.notFound) }
            return [
                "location": .string(location.hex), "kind": .string(word), "writer": .string(found.writer.hex),
                "sequence": .unsigned(found.record.sequence), "expiry": .unsigned(found.record.expiry.rawValue),
                "record": .string(Hex.encode(found.object.encoded)),
            ]
        }
    }
}
