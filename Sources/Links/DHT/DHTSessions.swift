import Crypto
import EventLoop
import Kademlia
import Primitives

/// One Noise session with a node, over UDP.
final class DHTSession {
    let peer: DHTPeer
    let transport: NoiseTransport
    /// Our number for it, which the peer writes into its datagrams.
    let local: UInt32
    let remote: UInt32
    var address: SocketAddress
    /// The peer has shown that it hears us at `address`: an opening could have been replayed, a sealed message not.
    var isProven: Bool
    /// The token that the peer asks back with a put.
    var peerToken = Token.none
    /// The token that we gave.
    let ownToken: Token

    init(
        peer: DHTPeer, transport: NoiseTransport, local: UInt32, remote: UInt32, address: SocketAddress,
        isProven: Bool, ownToken: Token
    ) {
        self.peer = peer
        self.transport = transport
        self.local = local
        self.remote = remote
        self.address = address
        self.isProven = isProven
        self.ownToken = ownToken
    }
}

/// The sessions of one node. Lives on its loop's thread.
struct DHTSessions {
    private struct Opening {
        let peer: DHTPeer
        let initiator: NoiseInitiator
        let address: SocketAddress
    }

    private let prologue: [UInt8]
    private let member: MemberID
    private let secret: AgreementSecret
    private let unprovenMax: Int
    private var random = SecureRandom()
    private var openings: [UInt32: Opening] = [:]
    private var sessions: [UInt32: DHTSession] = [:]
    private var current: [MemberID: UInt32] = [:]
    /// Sessions of peers that have not been heard in them yet, oldest first.
    private var unproven: [UInt32] = []

    init(chain: ChainID, member: MemberID, secret: AgreementSecret, unprovenMax: Int) {
        prologue = Array("sotto/1/dht".utf8) + [0] + chain.bytes
        self.member = member
        self.secret = secret
        self.unprovenMax = unprovenMax
    }

    var count: Int { current.count }

    func session(with member: MemberID) -> DHTSession? { current[member].flatMap { sessions[$0] } }

    /// Begins a handshake; the datagram to send, or nil when the peer's key is unusable or too many are begun.
    mutating func open(_ peer: DHTPeer, at address: SocketAddress) -> [UInt8]? {
        guard openings.count < unprovenMax,
            let initiator = try? NoiseInitiator(
                prologue: prologue, own: secret, responder: peer.agreement, payload: member.bytes)
        else { return nil }
        let number = freeNumber()
        openings = openings.filter { $0.value.peer.contact.member != peer.contact.member }
        openings[number] = Opening(peer: peer, initiator: initiator, address: address)
        return DHTDatagram.opening(session: number, noise: initiator.message).bytes
    }

    /// Answers a handshake of a node that `directory` knows; anybody else hears nothing.
    mutating func answer(
        session remote: UInt32, noise: [UInt8], from address: SocketAddress, directory: [MemberID: DHTPeer]
    ) -> [UInt8]? {
        guard let responder = try? NoiseResponder(prologue: prologue, own: secret, reading: noise),
            let claimed = MemberID(responder.payload), let peer = directory[claimed],
            peer.agreement == responder.initiator, let (message, transport) = try? responder.answer()
        else { return nil }
        if unproven.count >= unprovenMax { sessions[unproven.removeFirst()] = nil }
        let number = freeNumber()
        sessions[number] = DHTSession(
            peer: peer, transport: transport, local: number, remote: remote, address: address, isProven: false,
            ownToken: Token(rawValue: random.next()))
        unproven.append(number)
        return DHTDatagram.answer(receiver: remote, session: number, noise: message).bytes
    }

    /// Finishes a handshake we began; the session, from now on the current one with its peer.
    mutating func finish(receiver: UInt32, session remote: UInt32, noise: [UInt8]) -> DHTSession? {
        guard let opening = openings[receiver], let (_, transport) = try? opening.initiator.finish(reading: noise)
        else { return nil }
        openings[receiver] = nil
        let session = DHTSession(
            peer: opening.peer, transport: transport, local: receiver, remote: remote, address: opening.address,
            isProven: true, ownToken: Token(rawValue: random.next()))
        sessions[receiver] = session
        makeCurrent(session)
        return session
    }

    /// Opens a sealed datagram; the first one that opens proves the session.
    mutating func open(receiver: UInt32, content: [UInt8], from address: SocketAddress) -> (DHTSession, [UInt8])? {
        guard let session = sessions[receiver], let plain = try? session.transport.open(content) else { return nil }
        session.address = address
        if !session.isProven {
            session.isProven = true
            unproven.removeAll { $0 == receiver }
            makeCurrent(session)
        }
        return (session, plain)
    }

    /// Forgets the session with a peer that stopped answering, so that the next request begins a new one.
    mutating func drop(_ member: MemberID) {
        guard let number = current.removeValue(forKey: member) else { return }
        sessions[number] = nil
    }

    /// Forgets everybody whom the ledger does not name any more, or names with another key.
    mutating func retain(_ directory: [MemberID: DHTPeer]) {
        func isKnown(_ peer: DHTPeer) -> Bool { directory[peer.contact.member]?.agreement == peer.agreement }
        sessions = sessions.filter { isKnown($0.value.peer) }
        openings = openings.filter { isKnown($0.value.peer) }
        current = current.filter { sessions[$0.value] != nil }
        unproven.removeAll { sessions[$0] == nil }
    }

    private mutating func makeCurrent(_ session: DHTSession) {
        let member = session.peer.contact.member
        let older = sessions.values.filter { $0.peer.contact.member == member && $0.isProven }.map(\.local)
        current[member] = session.local
        // The peer may still send in the session before this one; earlier ones are gone.
        for number in older where number != session.local {
            if older.count > 2 { sessions[number] = nil }
        }
    }

    private mutating func freeNumber() -> UInt32 {
        while true {
            let number = UInt32(truncatingIfNeeded: random.next())
            if number != 0, sessions[number] == nil, openings[number] == nil { return number }
        }
    }
}
