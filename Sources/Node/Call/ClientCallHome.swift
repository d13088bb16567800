import HTTP
package import Ledger
package import Primitives
import RPC
package import Signalling
package import Wire

/// A phone's home node over its RPC.
package struct ClientCallHome: CallHome {
    private let client: HomeClient

    package init(_ client: HomeClient) { self.client = client }

    package var chain: ChainID { client.chain }
    package var node: MemberID { client.node }

    package func keys(of member: MemberID) async throws(HomeRefusal) -> MemberKeys? {
        do throws(HomeError) {
            guard let entry = try await client.memberEntry(member), entry.standing == .active else { return nil }
            return entry.keys
        } catch { throw HomeRefusal(error) }
    }

    package func openMailbox(_ mailbox: MailboxID, until expiry: Timestamp) async throws(HomeRefusal) {
        _ = try await call(
            "mailbox.open", ["mailbox": .string(mailbox.hex), "expiry": .unsigned(expiry.rawValue)])
    }

    package func closeMailbox(_ mailbox: MailboxID) async {
        // Lost, it closes itself at its end.
        _ = try? await call("mailbox.close", ["mailbox": .string(mailbox.hex)])
    }

    package func publish(
        _ bundle: SignedObject, oneTimeKeys: [SignedObject], beside mailbox: MailboxID
    ) async throws(HomeRefusal) {
        _ = try await call(
            "prekeys.publish",
            [
                "mailbox": .string(mailbox.hex), "bundle": .string(Hex.encode(bundle.encoded)),
                "oneTime": .list(oneTimeKeys.map { .string(Hex.encode($0.encoded)) }),
            ])
    }

    package func takePrekeys(beside address: MailboxAddress) async throws(HomeRefusal) -> PrekeyPair {
        let answer = try await call(
            "prekeys.take", ["node": .string(address.node.hex), "mailbox": .string(address.mailbox.hex)])
        guard let bundle = Self.signed(answer["bundle"]) else { throw .unreadable }
        guard let oneTime = answer["oneTime"], oneTime != .null else { return PrekeyPair(bundle: bundle, oneTime: nil) }
        guard let key = Self.signed(oneTime) else { throw .unreadable }
        return PrekeyPair(bundle: bundle, oneTime: key)
    }

    package func post(_ content: [UInt8], to address: MailboxAddress) async throws(HomeRefusal) {
        _ = try await call(
            "mailbox.post",
            [
                "node": .string(address.node.hex), "mailbox": .string(address.mailbox.hex),
                "content": .string(Hex.encode(content)),
            ])
    }

    package func messages(of mailbox: MailboxID) async throws(HomeRefusal) -> AsyncStream<[UInt8]> {
        let (stream, sink) = AsyncStream<[UInt8]>.makeStream(
            bufferingPolicy: .bufferingOldest(2 * Limits().mailboxMessagesMax))
        let reader = MailboxReader(client: client, mailbox: mailbox, sink: sink)
        do throws(HomeError) { try await reader.connect() } catch { throw HomeRefusal(error) }
        // Ends when nobody reads the stream any more.
        let task = Task { await reader.run() }
        sink.onTermination = { _ in task.cancel() }
        return stream
    }

    private func call(_ method: String, _ params: JSONValue) async throws(HomeRefusal) -> JSONValue {
        do throws(HomeError) { return try await client.signed(method, params) } catch { throw HomeRefusal(error) }
    }

    private static func signed(_ value: JSONValue?) -> SignedObject? {
        value?.string.flatMap { Hex.decode($0) }.flatMap { try? SignedObject(decoding: $0) }
    }
}

/// Follows one mailbox: at once by the topic, and by reading when something was missed or the connection broke.
actor MailboxReader {
    /// Messages between two acknowledgements, which free them at the home node.
    private static let acknowledgedEvery: UInt64 = 32

    private let client: HomeClient
    private let mailbox: MailboxID
    private let sink: AsyncStream<[UInt8]>.Continuation
    private var socket: RPCSocket?
    private var values: AsyncStream<RPCSocket.Event>?
    private var last: UInt64 = 0

    init(client: HomeClient, mailbox: MailboxID, sink: AsyncStream<[UInt8]>.Continuation) {
        self.client = client
        self.mailbox = mailbox
        self.sink = sink
    }

    func connect() async throws(HomeError) {
        let made = try await client.socket()
        values = try await client.follow("mailbox.messages", on: made)
        socket = made
    }

    func run() async {
        while !Task.isCancelled {
            do throws(HomeError) {
                if socket == nil { try await connect() }
                try await follow()
            } catch {
                // The connection broke or the node is away: the mailbox keeps what comes meanwhile.
            }
            await socket?.close()
            socket = nil
            try? await Task.sleep(for: .seconds(1))
        }
        await socket?.close()
    }

    private func follow() async throws(HomeError) {
        guard let values else { return }
        try await catchUp()
        for await event in values {
            guard case .value(let value) = event else { return }
            guard value["mailbox"]?.string == mailbox.hex, let number = value["number"]?.unsigned, number > last else {
                continue
            }
            if number == last + 1 { take(value) } else { try await catchUp() }
            if last % Self.acknowledgedEvery == 0 { try await catchUp() }
        }
    }

    private func catchUp() async throws(HomeError) {
        guard let socket else { return }
        let waiting = try await client.signed(
            "mailbox.read", ["mailbox": .string(mailbox.hex), "after": .unsigned(last)], on: socket)
        for value in waiting.list ?? [] { take(value) }
    }

    private func take(_ value: JSONValue) {
        guard let number = value["number"]?.unsigned, number > last,
            let content = value["content"]?.string.flatMap({ Hex.decode($0) })
        else { return }
        last = number
        sink.yield(content)
    }
}

extension HomeRefusal {
    /// What went wrong between a phone and its home node.
    init(_ error: HomeError) {
        guard case .rpc(.refused(let refusal)) = error else {
            self = .unreachable
            return
        }
        self = refusal.data?["reason"]?.string.flatMap { HomeRefusal(name: $0) } ?? .unreachable
    }
}
