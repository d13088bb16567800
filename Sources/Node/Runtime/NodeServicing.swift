package import RPC

/// One thing that a node does for members or for other nodes: the questions it answers over links, and its part of the
/// RPC.
package protocol NodeServicing: Sendable {
    /// Takes its place in the node before the node starts: `NodeRuntime.serve`, listeners, tasks that `stop` ends.
    func install(on node: NodeRuntime) async
    var methods: [RPCMethod] { get }
    var topics: [RPCTopic] { get }
    /// Ends what `install` began.
    func stop() async
}

extension NodeServicing {
    package var methods: [RPCMethod] { [] }
    package var topics: [RPCTopic] { [] }
    package func stop() async {}
}
