/// The methods and topics of one node: what is dispatched, and what `rpc.discover` describes, are this one table.
package struct RPCRegistry: Sendable {
    private var methodsByName: [String: RPCMethod] = [:]
    private var topicsByName: [String: RPCTopic] = [:]
    /// The version of the interface, as the discovery document shows it.
    package let version: String

    package init(version: String) { self.version = version }

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
