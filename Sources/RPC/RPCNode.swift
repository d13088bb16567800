package import HTTP
package import Primitives

/// Where a member stands, as the newest finalised state says.
package enum MemberStanding: String, Equatable, Sendable {
    case active
    case suspended
    case unknownMember
    /// The member exists, but this key is not its key now.
    case key
}

/// What the RPC asks of the node around it, beside the methods.
package struct RPCNode: Sendable {
    package let id: MemberID
    package let chain: ChainID
    /// Whether `key` speaks for `member` now.
    package let standing: @Sendable (MemberID, PublicKey) async -> MemberStanding
    /// Nil when ready, otherwise one sentence that says what is awaited.
    package let unreadiness: @Sendable () async -> String?
    /// Serves `/ipfs/…`; nil when the node has no gateway.
    package let gateway: (@Sendable (HTTPRequest) async -> HTTPResponse)?
    /// Serves `/log/…`; nil when the node shows no log.
    package let log: (@Sendable (HTTPRequest) async -> HTTPResponse)?

    package init(
        id: MemberID, chain: ChainID, standing: @escaping @Sendable (MemberID, PublicKey) async -> MemberStanding,
        unreadiness: @escaping @Sendable () async -> String? = { nil },
        gateway: (@Sendable (HTTPRequest) async -> HTTPResponse)? = nil,
        log: (@Sendable (HTTPRequest) async -> HTTPResponse)? = nil
    ) {
        self.id = id
        self.chain = chain
        self.standing = standing
        self.unreadiness = unreadiness
        self.gateway = gateway
        self.log = log
    }
}
