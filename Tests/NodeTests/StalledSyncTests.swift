import Consensus
import Crypto
import EventLoop
import HTTP
import Ledger
import Links
import Node
import Primitives
import RPC
import Testing
import Wire

@Suite("A validator that stalls a sync", .timeLimit(.minutes(3)), .serialized)
struct StalledSyncTests {
    /// A node without a seat, which has nothing but genesis when it starts.
    private final class Newcomer {
        let keys = NodeKeys(sign: .generate(), link: .generate(), agreement: .generate())
        let registration: SignedRegistration
        let member: MemberID
        let port: UInt16
        let lines = Lines()
        private let scratch: Scratch

        init(_ documents: Documents) throws {
            registration = try keys.registration(
                roles: .node, name: "newcomer", salt: SecureRandom.bytes(count: Registration.saltByteCount),
                chain: documents.chain)
            var hash = SHA256()
            member = registration.memberID(with: &hash)
            port = try freePorts(1)[0]
            scratch = try Scratch()
        }

        var linkPeer: LinkPeer {
            LinkPeer(member: member, keys: [keys.link.publicKey], address: .loopback(port: port))
        }

        /// With nobody to dial, and without much patience.
        func server(_ documents: Documents) throws -> NodeServer {
            var settings = NodeSettings(
                link: .loopback(port: port), dht: .loopback(port: 0), dataPath: scratch.path + "/ledger", peers: [])
            settings.conduct.answerTime = .milliseconds(500)
            let signer = LocalSigner(SoftwareKey(keys.sign))
            let lines = lines
            let runtime = try NodeRuntime(
                settings: settings, rules: documents.rules, member: member,
                keys: RuntimeKeys(votes: signer, link: keys.link, agreement: keys.agreement),
                log: Log { _, line in lines.add(line) })
            var rpc = RPCSettings()
            rpc.http.port = 0
            return NodeServer(runtime: runtime, rpc: rpc, version: "test")
        }
    }

    @Test("It is dropped with the reason in log and metrics, the others go on, and they give what it kept back")
    func dropped() async throws {
        let network = try NetworkTests.Running(count: 4)
        let documents = network.documents
        for index in 0..<3 { try await network.start(index) }
        let first = try #require(network.nodes[0])
        let newcomer = try Newcomer(documents)
        let admission = documents.sign(
            .memberAdmit(MemberAdmit(registration: newcomer.registration)), by: documents.registrar.member,
            key: documents.registrar.keys.sign)
        #expect(try await first.chain.execute(admission, within: .seconds(30)).result == .succeeded)
        for _ in 0..<3 { _ = try await first.chain.execute(try documents.admission(), within: .seconds(30)) }

        // Linked with the fourth validator alone, it is told of a finalised block, and asks for it in vain.
        let server = try newcomer.server(documents)
        _ = try await server.start()
        let hostile = try await HostileValidator(network, seat: 3, others: [newcomer.linkPeer])
        let member = newcomer.member
        try await eventually("the link") { await hostile.mesh.connectedMembers.contains(member) }
        let height = await first.chain.currentTip.record.height
        let finalization = try #require(try first.chain.store.nextFinalization(from: height)?.1)
        await hostile.mesh.send(Message.certificate(finalization).encoded, on: .consensus, to: member)
        try await eventually("the end of the link", within: .seconds(90)) {
            hostile.endings.contains(.refusedByPeer(.misbehaved))
        }
        let culprit = documents.nodes[3].member
        let drops = newcomer.lines.all.filter { $0.contains("peer_dropped") }
        #expect(drops.count == 1)
        #expect(drops.first?.contains("why=stalled_sync") ?? false)
        #expect(drops.first?.contains("peer=\(culprit.hex.prefix(12))") ?? false)
        try await eventually("the count") {
            server.metrics.value(of: .p2pDroppedPeersTotal, label: "stalled_sync") == 1
        }

        // Nobody else notices: the three go on, and whoever is asked gives what was kept back.
        let later = try await first.chain.execute(try documents.admission(), within: .seconds(30))
        #expect(later.height > height)
        try await server.runtime.mesh.setPeers(network.linkPeers)
        try await eventually("the newcomer's catching up", within: .seconds(90)) {
            await server.runtime.chain.currentTip.record.height >= later.height
        }
        #expect(newcomer.lines.all.count { $0.contains("peer_dropped") } == 1)
        await hostile.stop()
        await server.stop()
        await network.stopAll()
    }
}
