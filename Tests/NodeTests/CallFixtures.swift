import Crypto
import EventLoop
import Foundation
import HTTP
import ICE
import Ledger
import Media
import MediaEndpoint
import Node
import Primitives
import RPC
import Rights
import Signalling
import Synchronization
import Wire

/// Two home nodes over real sockets: a validator and a node without a vote. The people stand in the genesis document.
final class CallNetwork: Sendable {
    let rules: RuleBook
    let servers: [NodeServer]
    let homes: [HomeService]
    let ports: [UInt16]
    /// Three members, for tests that run one after the other.
    let people: [Person]

    /// One network serves all tests of a run; nobody stops it before the process ends.
    static let shared = Task { try await CallNetwork() }

    init() async throws {
        var hash = SHA256()
        var members: [SignedRegistration] = []
        func make(_ roles: Roles) throws -> (MemberID, NodeKeys) {
            let keys = NodeKeys(sign: .generate(), link: .generate(), agreement: .generate())
            let salt = SecureRandom.bytes(count: Registration.saltByteCount)
            members.append(try keys.registration(roles: roles, name: "", salt: salt))
            return (members[members.count - 1].memberID(with: &hash), keys)
        }
        let nodes = [try make([.validator, .node]), try make(.node)]
        people = try (0..<3).map { _ in
            let (member, keys) = try make(.person)
            return Person(member: member, keys: DeviceKeys(sign: keys.sign, agreement: keys.agreement))
        }
        _ = try make(.registrar)
        let threshold = try [ThresholdPurpose.phone, .outer, .wraps].map {
            try ThresholdDealer($0, sharingEpoch: SharingEpoch(1), memberCount: 1).publicKeys
        }
        let genesis = Genesis(
            name: "calls", time: SystemTime.utc, limits: Testnet.limits, members: members, attestersNeeded: 1,
            registrarsNeeded: 1, threshold: threshold)
        rules = RuleBook(genesis: genesis, judge: PolicyJudge(), with: &hash)
        let scratch = FileManager.default.temporaryDirectory.appendingPathComponent("sotto-call-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
        var (servers, homes, ports): ([NodeServer], [HomeService], [UInt16]) = ([], [], [])
        var first: NodeSettings.Peer?
        for (index, (member, keys)) in nodes.enumerated() {
            let settings = NodeSettings(
                link: .loopback(port: 0), dht: .loopback(port: 0), dataPath: scratch.path + "/\(index)",
                peers: first.map { [$0] } ?? [])
            let runtime = try NodeRuntime(settings: settings, rules: rules, member: member, keys: keys, log: .silent)
            let home = HomeService(node: runtime)
            let server = NodeServer(runtime: runtime, rpc: RPCSettings(), services: [home], version: "test")
            let addresses = try await server.start()
            first = addresses.link.map { NodeSettings.Peer(member: member, link: $0) }
            ports.append(addresses.rpcPort)
            servers.append(server)
            homes.append(home)
        }
        (self.servers, self.homes, self.ports) = (servers, homes, ports)
        // The second dials the first; calls need their link.
        let address = MailboxAddress(node: nodes[0].0, mailbox: .zero)
        while true {
            do { _ = try await homes[1].takePrekeys(beside: address, for: nodes[1].0) } catch HomeRefusal.noSuchMailbox
            {
                return
            } catch { await Task.yield() }
        }
    }

    func home(_ index: Int, of person: Person) -> LocalHome {
        LocalHome(runtime: servers[index].runtime, service: homes[index], member: person.member, keys: person.keys)
    }

    /// The same home over its RPC.
    func client(_ index: Int, of person: Person) async throws -> HomeClient {
        try await HomeClient(
            url: "http://127.0.0.1:\(ports[index])/rpc", http: HTTPClient(loop: GLibLoop(name: "client")),
            rules: rules, member: person.member, keys: person.keys)
    }
}

struct Person: Sendable {
    let member: MemberID
    let keys: DeviceKeys
}

/// A home node in this process. What is posted can be seen and changed on its way.
final class LocalHome: CallHome {
    let runtime: NodeRuntime
    let service: HomeService
    let member: MemberID
    let signingKey: PublicKey
    let posted = Mutex<[[UInt8]]>([])
    let gate = Mutex<Task<Void, Never>?>(nil)
    let change = Mutex<(@Sendable ([UInt8]) -> [UInt8])?>(nil)

    init(runtime: NodeRuntime, service: HomeService, member: MemberID, keys: DeviceKeys) {
        (self.runtime, self.service, self.member) = (runtime, service, member)
        signingKey = keys.sign.publicKey
    }

    var chain: ChainID { runtime.rules.chain }
    var node: MemberID { runtime.member }

    func keys(of member: MemberID) async throws(HomeRefusal) -> MemberKeys? {
        do { return try await runtime.chain.entry(MemberEntry.self, StateKey(.member, member))?.keys } catch {
            throw .unreachable
        }
    }
    func openMailbox(_ mailbox: MailboxID, until expiry: Timestamp) async throws(HomeRefusal) {
        try await service.desk.open(mailbox, until: expiry, for: member)
    }
    func closeMailbox(_ mailbox: MailboxID) async { await service.desk.close(mailbox, for: member) }
    func publish(
        _ bundle: SignedObject, oneTimeKeys: [SignedObject], beside mailbox: MailboxID
    ) async throws(HomeRefusal) {
        try await service.desk.publish(bundle, oneTimeKeys: oneTimeKeys, beside: mailbox, for: member, key: signingKey)
    }
    func takePrekeys(beside address: MailboxAddress) async throws(HomeRefusal) -> PrekeyPair {
        try await service.takePrekeys(beside: address, for: member)
    }
    func post(_ content: [UInt8], to address: MailboxAddress) async throws(HomeRefusal) {
        await gate.withLock { $0 }?.value
        let sent = change.withLock { $0 }?(content) ?? content
        posted.withLock { $0.append(sent) }
        try await service.post(sent, to: address, for: member)
    }
    func messages(of mailbox: MailboxID) async throws(HomeRefusal) -> AsyncStream<[UInt8]> {
        let (stream, sink) = AsyncStream<[UInt8]>.makeStream()
        let (desk, member) = (service.desk, member)
        let task = Task {
            var last: UInt64 = 0
            while !Task.isCancelled {
                for message in (try? await desk.read(mailbox, after: last, for: member)) ?? [] {
                    last = message.number
                    sink.yield(message.content)
                }
                try? await Task.sleep(for: .milliseconds(2))
            }
        }
        sink.onTermination = { _ in task.cancel() }
        return stream
    }
}

/// A phone with what it received.
final class Phone: Sendable {
    let person: Person
    let home: LocalHome?
    let device: PhoneDevice
    let file = Mutex<[UInt8]>([])
    let frames: AsyncStream<ReceivedFrame>
    private let sink: AsyncStream<ReceivedFrame>.Continuation

    static var settings: CallSettings {
        var settings = CallSettings()
        settings.transport.ice.localAddresses = .only([Redacted("127.0.0.1")])
        settings.oneTimeKeyCount = 2
        settings.farewell = .milliseconds(500)
        return settings
    }

    init(_ person: Person, home: any CallHome, settings: CallSettings = Phone.settings) {
        self.person = person
        self.home = home as? LocalHome
        device = PhoneDevice(member: person.member, keys: person.keys, home: home, settings: settings)
        (frames, sink) = AsyncStream.makeStream()
    }

    func callee() async throws -> Callee {
        let listing = try await device.listen()
        return Callee(member: person.member, address: listing.address, bundle: listing.bundle)
    }

    func media(_ film: [UInt8]? = nil) -> CallMedia {
        var camera: CallMedia.Camera?
        if let film {
            let chunks = Chunks(film)
            camera = { () async throws(PipelineError) -> [UInt8]? in chunks.next() }
        }
        return CallMedia(
            camera: camera,
            received: { [self] bytes in file.withLock { $0 += bytes } },
            frameReceived: { [sink] in _ = sink.yield($0) })
    }

    /// The next `count` opened frames.
    func received(_ count: Int) async -> [ReceivedFrame] {
        var all: [ReceivedFrame] = []
        if count == 0 { return all }
        for await frame in frames {
            all.append(frame)
            if all.count == count { break }
        }
        return all
    }

    func ring() async -> CallSession? {
        for await session in device.incoming { return session }
        return nil
    }
}

/// A file in chunks.
final class Chunks: Sendable {
    private let rest: Mutex<ArraySlice<UInt8>>
    init(_ bytes: [UInt8]) { rest = Mutex(bytes[...]) }

    func next() -> [UInt8]? {
        rest.withLock { rest in
            guard !rest.isEmpty else { return nil }
            defer { rest = rest.dropFirst(1000) }
            return Array(rest.prefix(1000))
        }
    }
}

/// A short film of made-up frames: what matters is that they arrive as they are.
struct Film {
    let pictures: [[UInt8]]
    let sounds: [[UInt8]]
    let file: [UInt8]

    init(seed: Int, count: Int = 8) throws {
        pictures = (0..<count).map { number in
            let body = (0..<2500).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ number &* 3 &+ seed) }
            return number == 0 ? [0x10, 0, 0, 0x9d, 1, 0x2a, 16, 0, 16, 0] + body : [0x11, 0, 0] + body
        }
        sounds = (0..<count).map { [0xf8, UInt8($0), UInt8(truncatingIfNeeded: seed)] }
        let tracks = [
            WebMTrack(number: 1, kind: .vp8(width: 16, height: 16)), WebMTrack(number: 2, kind: .opus(OpusHead())),
        ]
        var writer = try WebMWriter(tracks: tracks, mode: .stream)
        var bytes = writer.start()
        for index in 0..<count {
            let time = Int64(index) * 20_000
            bytes += try writer.write(
                WebMFrame(track: 1, timestamp: time, isKeyFrame: index == 0, bytes: pictures[index]))
            bytes += try writer.write(WebMFrame(track: 2, timestamp: time, isKeyFrame: true, bytes: sounds[index]))
        }
        file = bytes + writer.finish().tail
    }
}

extension CallSession {
    /// How it ended.
    nonisolated func result() async -> CallReport? {
        for await event in events {
            if case .ended(let report) = event { return report }
        }
        return nil
    }

    /// Waits for an event; false when the call ends first.
    nonisolated func reaches(_ isIt: (CallEvent) -> Bool) async -> Bool {
        for await event in events where isIt(event) { return true }
        return false
    }
}
