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
import Signalling
import Synchronization
import Wire

/// Two home nodes over real sockets, which admit people.
final class CallNetwork: Sendable {
    let documents: Documents
    let servers: [NodeServer]
    let homes: [HomeService]
    let ports: [UInt16]

    /// One network serves all tests of a run; nobody stops it before the process ends.
    static let shared = Task { try await CallNetwork() }

    init() async throws {
        let documents = try Documents(validators: 2)
        let scratch = FileManager.default.temporaryDirectory.appendingPathComponent("sotto-call-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
        let links = (0..<2).map { _ in UInt16.random(in: 20_000..<50_000) }
        var (servers, homes, ports): ([NodeServer], [HomeService], [UInt16]) = ([], [], [])
        for index in 0..<2 {
            let other = NodeSettings.Peer(
                member: documents.nodes[1 - index].member, link: .loopback(port: links[1 - index]))
            let settings = NodeSettings(
                link: .loopback(port: links[index]), dht: .loopback(port: 0), dataPath: scratch.path + "/\(index)",
                peers: [other])
            let runtime = try NodeRuntime(
                settings: settings, rules: documents.rules, member: documents.nodes[index].member,
                keys: documents.nodes[index].keys, log: .silent)
            let home = HomeService(node: runtime)
            let server = NodeServer(runtime: runtime, rpc: RPCSettings(), services: [home], version: "test")
            ports.append(try await server.start().rpcPort)
            servers.append(server)
            homes.append(home)
        }
        self.documents = documents
        (self.servers, self.homes, self.ports) = (servers, homes, ports)
    }

    /// Admits a person, and gives its keys.
    func person() async throws -> Person {
        let keys = DeviceKeys(sign: .generate(), agreement: .generate())
        let body = Registration(
            keys: MemberKeys(sign: keys.sign.publicKey, agreement: keys.agreement.publicKey), roles: .person,
            salt: SecureRandom.bytes(count: Registration.saltByteCount)
        ).encoded
        let registration = try SignedRegistration(keys.sign.sign(.registration, chain: documents.chain, body: body))
        let envelope = documents.sign(
            .memberAdmit(MemberAdmit(registration: registration)), by: documents.registrar.member,
            key: documents.registrar.keys.sign)
        let outcome = try await servers[0].runtime.chain.execute(envelope, within: .seconds(30))
        // The other home reads its own copy of the ledger.
        while await servers[1].runtime.chain.outcome(of: outcome.id) == nil { await Task.yield() }
        var hash = SHA256()
        return Person(member: registration.memberID(with: &hash), keys: keys)
    }

    func home(_ index: Int, of person: Person) -> LocalHome {
        LocalHome(runtime: servers[index].runtime, service: homes[index], member: person.member, keys: person.keys)
    }

    /// The same home over its RPC.
    func client(_ index: Int, of person: Person) async throws -> HomeClient {
        try await HomeClient(
            url: "http://127.0.0.1:\(ports[index])/rpc", http: HTTPClient(loop: GLibLoop(name: "client")),
            rules: documents.rules, member: person.member, keys: person.keys)
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
