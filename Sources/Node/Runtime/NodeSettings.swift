package import EventLoop
package import Links
package import Primitives

/// What one node is told: where it listens, where its store lies, whom it may dial.
package struct NodeSettings: Sendable {
    /// Another node, as the configuration names it.
    package struct Peer: Hashable, Sendable {
        package let member: MemberID
        package let link: SocketAddress

        package init(member: MemberID, link: SocketAddress) {
            self.member = member
            self.link = link
        }
    }

    /// TCP, for links between nodes.
    package var link: SocketAddress
    /// UDP, for the DHT.
    package var dht: SocketAddress
    /// Directory of the store.
    package var dataPath: String
    package var peers: [Peer]
    package var storage = StorageSettings()
    package var links = LinkSettings()
    package var conduct = PeerConduct.Limits()
    package var dhtSettings: DHTSettings

    package init(link: SocketAddress, dht: SocketAddress, dataPath: String, peers: [Peer]) {
        self.link = link
        self.dht = dht
        self.dataPath = dataPath
        self.peers = peers
        dhtSettings = DHTSettings(listen: dht)
    }
}

/// Why a node could not start.
package enum NodeError: Error, Sendable {
    /// The threads or sockets could not be had.
    case socket(SocketError)
    case link(LinkError)
    case settings(LinkSettings.Faults)
    case store(ChainStoreError)
    /// The ledger names no such member, or names it with other keys.
    case unknownMember(MemberID)
    /// The memory of what this node's key has signed cannot be used.
    case signer(SignerMemoryError)
    /// A key cannot be used in TLS.
    case identity
    case state
}
