import Consensus
import Crypto
import EventLoop
import Ledger
import Links
import Node
import Primitives
import Synchronization
import TLS
import Testing
import Wire

extension LinkMesh {
    /// Queues all of it in one turn.
    fileprivate func say(_ messages: [[UInt8]], on channel: LinkChannel, to member: MemberID) {
        for message in messages { send(message, on: channel, to: member) }
    }
}

@Suite(
    "A validator that misbehaves on its links is dropped, and nobody else notices", .timeLimit(.minutes(3)), .serialized
)
struct HostileValidatorTests {
    /// What it says; a flood is one harmless vote again and again.
    private static func message(_ offence: Offence, _ network: NetworkTests.Running, _ number: UInt64) -> [UInt8] {
        let node = network.documents.nodes[3]
        let seats = network.documents.nodes.map(\.member).sorted()
        let seat = Seat(seats.firstIndex(of: node.member) ?? 0)
        switch offence {
        case .futureView, .flood:
            let view = offence == .flood ? View(1) : View(1_000_000 + number)
            let ballot = Ballot(kind: .nullify, epoch: .zero, view: view, hash: .zero)
            let signature = node.keys.sign.signature(.nullify, chain: network.documents.chain, body: ballot.body)
            return Message.vote(Vote(ballot: ballot, signer: seat, signature: signature)).encoded
        case .badSignature, .falseHeight:
            // Of a quorum that never signed it.
            var signers = SeatSet()
            for index in 0..<3 { _ = signers.insert(Seat(index)) }
            let ballot = Ballot(kind: .finalize, epoch: .zero, view: View(900_000 + number), hash: Digest(raw: .zero))
            let signature = node.keys.sign.signature(.finalize, chain: network.documents.chain, body: ballot.body)
            guard
                let certificate = Certificate(
                    ballot: ballot, signers: signers, signatures: [signature, signature, signature])
            else { return [] }
            return offence == .badSignature
                ? Message.certificate(certificate).encoded
                : Message.response(CatchUpResponse(certificates: [certificate], proposals: [])).encoded
        case .malformed: return repeatedSigner(network, node.keys.sign)
        case .stalledSync: return []
        }
    }

    /// A certificate whose bitmap names one signer and which brings three signatures of it.
    private static func repeatedSigner(_ network: NetworkTests.Running, _ key: SigningKey) -> [UInt8] {
        let ballot = Ballot(kind: .nullify, epoch: .zero, view: View(5), hash: .zero)
        let signature = key.signature(.nullify, chain: network.documents.chain, body: ballot.body)
        var one = SeatSet()
        _ = one.insert(Seat(0))
        var three = SeatSet()
        for index in 0..<3 { _ = three.insert(Seat(index)) }
        guard
            let certificate = Certificate(
                ballot: ballot, signers: three, signatures: [signature, signature, signature])
        else { return [] }
        var bytes = Message.certificate(certificate).encoded
        // The bitmap is the last thing in it.
        #expect(bytes.last == three.bitmap.last)
        bytes[bytes.count - 1] = one.bitmap[0]
        return bytes
    }

    @Test(
        "It repeats signers, sends what nobody signed, votes far ahead, claims heights, or floods",
        arguments: [Offence.malformed, .badSignature, .futureView, .falseHeight, .flood])
    func dropped(_ offence: Offence) async throws {
        let network = try NetworkTests.Running(count: 4)
        let lines = Lines()
        var conduct = PeerConduct.Limits()
        // So that a busy machine need not be quick to flood another.
        (conduct.messagesPerSecond, conduct.messageBurst) = (200, 1_000)
        for index in 0..<3 {
            let log = index == 0 ? Log { _, line in lines.add(line) } : .silent
            try await network.start(index, log: log, conduct: conduct)
        }
        let first = try #require(network.nodes[0])
        let hostile = try await HostileValidator(network, seat: 3)
        let victim = network.documents.nodes[0].member
        try await waitFor("the hostile validator's link") { await hostile.mesh.connectedMembers.contains(victim) }
        let before = try await first.chain.execute(try network.documents.admission(), within: .seconds(30))
        // As many as drop it, and of a flood as many as its own queue takes at once.
        let numbers: [UInt64] = offence == .flood ? Array(repeating: 0, count: 8_000) : Array(0..<200)
        let channel: LinkChannel = offence == .falseHeight ? .sync : .consensus
        let flood = Self.message(offence, network, 0)
        let messages =
            offence == .flood ? numbers.map { _ in flood } : numbers.map { Self.message(offence, network, $0) }
        await hostile.mesh.say(messages, on: channel, to: victim)
        try await waitFor("the end of the link") { hostile.endings.contains(.refusedByPeer(.misbehaved)) }
        // Nobody else notices: the three that are left go on.
        let after = try await first.chain.execute(try network.documents.admission(), within: .seconds(30))
        #expect(after.height > before.height)
        try await waitFor("the line in the log") {
            lines.all.contains { $0.contains("peer_dropped") && $0.contains("why=\(offence.rawValue)") }
        }
        #expect(!lines.all.contains { $0.contains("127.0.0.1") })
        for node in 1..<3 {
            let other = try #require(network.nodes[node])
            #expect(await other.mesh.connectedMembers.contains(victim))
        }
        await hostile.stop()
        await network.stopAll()
    }
}
