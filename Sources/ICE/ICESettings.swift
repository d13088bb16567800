package import Primitives

/// What an agent may use to find its addresses, and what it may show of them.
package struct ICESettings: Sendable {
    /// A STUN server; gives the address that a NAT shows to the world.
    package struct STUNServer: Sendable, Equatable {
        package var host: String
        package var port: UInt16

        package init(host: String, port: UInt16 = 3478) {
            self.host = host
            self.port = port
        }
    }

    /// A TURN server, which passes packets on for who cannot be reached directly.
    package struct TURNServer: Sendable, Equatable {
        package enum Transport: Sendable { case udp, tcp }

        package var host: String
        package var port: UInt16
        package var username: String
        package var password: Redacted<String>
        package var transport: Transport

        package init(
            host: String, port: UInt16 = 3478, username: String, password: Redacted<String>, transport: Transport = .udp
        ) {
            self.host = host
            self.port = port
            self.username = username
            self.password = password
            self.transport = transport
        }
    }

    /// Where host candidates come from.
    package enum LocalAddresses: Sendable, Equatable {
        /// Every address of every interface that is up, without loopback.
        case interfaces
        /// The same and loopback, for peers on one machine.
        case interfacesAndLoopback
        /// Exactly these, as numbers.
        case only([Redacted<String>])
    }

    /// One STUN server. Left out when it is one of the TURN servers: libnice then drops its answer and waits two
    /// seconds for another, and TURN yields the reflexive address anyway.
    package var stunServer: STUNServer?
    /// At most ``turnServerCountMax``; further ones are not asked.
    package var turnServers: [TURNServer]
    /// Show and use relayed candidates only: the peer never learns an address of this machine.
    package var isRelayOnly: Bool
    package var localAddresses: LocalAddresses
    /// Time between two checks that are started, RFC 8445 Ta. Milliseconds, 5 or more; 5 because two peers on good
    /// links then connect in a tenth of a second, and calls are few.
    package var checkIntervalMilliseconds: UInt32
    /// How often a check is sent again before its pair is given up. 6: a pair then survives ten lost seconds.
    package var checkRetransmissionCount: UInt32
    /// How long silence may last after libnice has given up the pair (10 s), before consent counts as gone. 20 s, so
    /// that both make the 30 s of RFC 7675; within them an ICE restart can save the call.
    package var consentGrace: Duration

    /// libnice's own bound.
    package static let turnServerCountMax = 8
    /// libnice's own bound; what comes after is dropped.
    package static let remoteCandidateCountMax = 25

    package init(
        stunServer: STUNServer? = nil, turnServers: [TURNServer] = [], isRelayOnly: Bool = false,
        localAddresses: LocalAddresses = .interfaces, checkIntervalMilliseconds: UInt32 = 5,
        checkRetransmissionCount: UInt32 = 6, consentGrace: Duration = .seconds(20)
    ) {
        self.stunServer = stunServer
        self.turnServers = turnServers
        self.isRelayOnly = isRelayOnly
        self.localAddresses = localAddresses
        self.checkIntervalMilliseconds = checkIntervalMilliseconds
        self.checkRetransmissionCount = checkRetransmissionCount
        self.consentGrace = consentGrace
    }

    /// The STUN server, unless TURN at the same place makes it harmful.
    var effectiveSTUNServer: STUNServer? {
        guard let server = stunServer else { return nil }
        return turnServers.contains { $0.host == server.host && $0.port == server.port } ? nil : server
    }
}
