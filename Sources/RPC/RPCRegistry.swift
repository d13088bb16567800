/// The methods and topics of one node: what is dispatched, and what `rpc.discover` describes, are this one table.
package struct RPCRegistry: Sendable {
    private var methodsByName: [String: RPCMethod] = [:]
    private var topicsByName: [String: RPCTopic] = [:]
    /// The version of the interface, as the discovery document shows it.
    package let version: String

    /// The four methods that every node has; the dispatcher itself answers them.
    static let discoverName = "rpc.discover"
    static let identityName = "rpc.identity"
    static let subscribeName = "rpc.subscribe"
    static let unsubscribeName = "rpc.unsubscribe"

    package init(version: String) {
        self.version = version
        let never: RPCMethod.Handler = { _ throws(RPCError) in throw RPCError(.internalError) }
        add(
            RPCMethod(
                Self.discoverName, "The OpenRPC document of this node.",
                result: RPCParameter("document", .object, "OpenRPC 1.3"), rateClass: .normal, handler: never))
        add(
            RPCMethod(
                Self.identityName, "What a client must know to sign a request: node, chain and clock.",
                result: RPCParameter("identity", .object, "{node, chain, time, version}"), handler: never))
        add(
            RPCMethod(
                Self.subscribeName, "Follows a topic; values come as notifications. WebSocket only.",
                parameters: [RPCParameter("topic", .text(byteCountMax: 64), "the topic's name")],
                result: RPCParameter("subscription", .text(byteCountMax: 32), "its id, for rpc.unsubscribe"),
                errors: [.notFound, .unsupported, .tooLarge, .unauthorised], handler: never))
        add(
            RPCMethod(
                Self.unsubscribeName, "Ends a subscription of this connection.",
                parameters: [RPCParameter("subscription", .text(byteCountMax: 32), "its id")],
                result: RPCParameter("ended", .boolean, "whether there was one"), errors: [.unsupported],
                handler: never))
    }

    /// Adds a method. Two of one name, or a name that is not `noun.verb`, are faults of the program.
    package mutating func add(_ method: RPCMethod) {
        precondition(Self.isWellFormed(method.name), "method name \(method.name)")
        precondition(methodsByName.updateValue(method, forKey: method.name) == nil, "method \(method.name) twice")
    }

    /// Adds a topic to which clients on a WebSocket may subscribe.
    package mutating func add(_ topic: RPCTopic) {
        precondition(Self.isWellFormed(topic.name), "topic name \(topic.name)")
        precondition(topicsByName.updateValue(topic, forKey: topic.name) == nil, "topic \(topic.name) twice")
    }

    package func method(_ name: String) -> RPCMethod? { methodsByName[name] }
    package func topic(_ name: String) -> RPCTopic? { topicsByName[name] }

    /// All methods by name.
    package var methods: [RPCMethod] { methodsByName.values.sorted { $0.name < $1.name } }
    /// All topics by name.
    package var topics: [RPCTopic] { topicsByName.values.sorted { $0.name < $1.name } }

    /// The answer to a name that is not in the table, with the nearest that is.
    package func unknownMethod(_ name: String) -> RPCError {
        let nearest = Spelling.nearest(to: name, among: methods.map(\.name))
        return RPCError(.methodNotFound, data: nearest.map { ["nearest": .string($0)] })
    }

    private static func isWellFormed(_ name: String) -> Bool {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 2 && name.utf8.count <= RPCRequest.methodByteCountMax
            && parts.allSatisfy { part in
                !part.isEmpty
                    && part.utf8.allSatisfy { (0x61...0x7a).contains($0) || (0x41...0x5a).contains($0) || $0 == 0x5f }
            }
    }
}
