package import Crypto
package import Ledger
package import Primitives
package import Wire

/// The keys of one member that runs a node.
package struct NodeKeys: Sendable {
    /// Signs transactions, address records and, for a validator, votes.
    package let sign: SigningKey
    /// Proves the node in TLS links.
    package let link: SigningKey
    /// Static key of Noise sessions, and what is sealed to the node.
    package let agreement: AgreementSecret

    package init(sign: SigningKey, link: SigningKey, agreement: AgreementSecret) {
        self.sign = sign
        self.link = link
        self.agreement = agreement
    }

    package var publicKeys: MemberKeys {
        MemberKeys(sign: sign.publicKey, agreement: agreement.publicKey, link: link.publicKey)
    }

    /// A member's first statement, signed for a chain; for chain zero, when it stands in the genesis document.
    package func registration(
        roles: Roles, name: String, salt: [UInt8], chain: ChainID = .zero
    ) throws(WireError) -> SignedRegistration {
        let body = Registration(keys: publicKeys, roles: roles, name: name, salt: salt).encoded
        return try SignedRegistration(sign.sign(.registration, chain: chain, body: body))
    }
}

/// A whole network as one dealer makes it: for trying out, for tests, and for operators who trust each other once.
///
/// The dealer draws every key, so it knows them all until it has given them away; a network of strangers makes its keys
/// apart.
package struct Testnet: ~Copyable {
    package struct Node: Sendable {
        package let name: String
        package let member: MemberID
        package let keys: NodeKeys
        package let salt: [UInt8]
        /// The seat's number in dealings, from 1: validators in ascending order of their ids.
        package let shareIndex: Int
    }

    package let genesis: Genesis
    package let chain: ChainID
    /// The validators, all of which may serve peers too, in the order of their names.
    package let nodes: [Node]
    package let registrar: Node
    /// For the day the quorum is lost: one for each validator, in the order of their names.
    package let operators: [SigningKey]
    package let phone: ThresholdDealer
    package let outer: ThresholdDealer
    package let wraps: ThresholdDealer

    /// Where secrets come from: the system, or, for the published example, a seed that everybody knows.
    package enum Source: Sendable {
        case random
        /// Insecure by design.
        case published(seed: String)
    }

    /// - Throws: `WireError` or `RistrettoError` for counts out of range.
    package init(
        name: String, validators: Int, time: Timestamp, limits: NetworkLimits = Testnet.limits,
        source: Source = .random
    ) throws {
        var hash = SHA256()
        func make(_ name: String, roles: Roles) throws -> (Node, SignedRegistration) {
            let keys = try Self.keys(source, name)
            let salt = Self.bytes(source, name + "/salt", count: Registration.saltByteCount)
            let registration = try keys.registration(roles: roles, name: name, salt: salt)
            let node = Node(
                name: name, member: registration.memberID(with: &hash), keys: keys, salt: salt, shareIndex: 0)
            return (node, registration)
        }
        let made = try (1...max(1, validators)).map { try make("validator-\($0)", roles: [.validator, .node]) }
        let (registrar, registration) = try make("registrar", roles: .registrar)
        let operators = try made.map { try SigningKey(seed: Self.bytes(source, $0.0.name + "/operator", count: 32)) }
        let order = made.map(\.0.member).sorted()
        let phone = try Self.dealer(source, .phone, made.count)
        let outer = try Self.dealer(source, .outer, made.count)
        let wraps = try Self.dealer(source, .wraps, made.count)
        let genesis = Genesis(
            name: name, time: time, limits: limits, members: made.map(\.1) + [registration],
            attestersNeeded: UInt64(Quorum.size(of: made.count)), operators: operators.map(\.publicKey),
            registrarsNeeded: 1,
            threshold: [phone.publicKeys, outer.publicKeys, wraps.publicKeys])
        self.operators = operators
        self.phone = phone
        self.outer = outer
        self.wraps = wraps
        self.genesis = genesis
        chain = genesis.chain(with: &hash)
        nodes = made.map(\.0).map { node in
            Node(
                name: node.name, member: node.member, keys: node.keys, salt: node.salt,
                shareIndex: (order.firstIndex(of: node.member) ?? 0) + 1)
        }
        self.registrar = registrar
    }

    /// Limits of a test network: the standard ones, with validator epochs of so many heights (by default one without
    /// end), and two seats in a recorded call, since this version's calls have two participants: a third seat could
    /// only be a stranger's.
    package static var limits: NetworkLimits { limits(epochHeights: 1 << 40) }

    package static func limits(epochHeights: UInt64) -> NetworkLimits {
        var limits = NetworkLimits()
        limits.epochHeights = epochHeights
        limits.roster = 2
        return limits
    }

    private static func bytes(_ source: Source, _ label: String, count: Int) -> [UInt8] {
        switch source {
        case .random: SecureRandom.bytes(count: count)
        case .published(let seed):
            HKDF.derive(from: Array(seed.utf8), info: Array("sotto/example/\(label)".utf8), count: count)
        }
    }

    private static func keys(_ source: Source, _ name: String) throws(CryptoError) -> NodeKeys {
        NodeKeys(
            sign: try SigningKey(seed: bytes(source, name + "/sign", count: 32)),
            link: try SigningKey(seed: bytes(source, name + "/link", count: 32)),
            agreement: try AgreementSecret(secret: bytes(source, name + "/agreement", count: 32)))
    }

    private static func dealer(
        _ source: Source, _ purpose: ThresholdPurpose, _ count: Int
    ) throws(RistrettoError) -> ThresholdDealer {
        switch source {
        case .random: try ThresholdDealer(purpose, sharingEpoch: SharingEpoch(1), memberCount: count)
        case .published:
            try ThresholdDealer(
                publishedSeed: bytes(source, "deal/\(purpose)", count: 64), purpose, sharingEpoch: SharingEpoch(1),
                memberCount: count)
        }
    }
}
