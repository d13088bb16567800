import Crypto
import Ledger
package import Primitives
package import RPC
package import Signalling
import Wire

/// A home node's part in calls: mailboxes and prekeys of its members, and posts to the homes of others.
package struct HomeService: NodeServicing {
    /// Mailboxes one answer of `mailbox.read` reports, in messages; the limit of a mailbox.
    static let messagesMax = Limits().mailboxMessagesMax
    static let signedByteCountMax = 512

    package let desk: HomeDesk
    private let node: NodeRuntime
    private let messages = RPCTopic(
        "mailbox.messages", "Messages of the member's own mailboxes, as they come.",
        value: "{mailbox, number, time, content}", authority: .member)

    package init(node: NodeRuntime) {
        self.node = node
        desk = HomeDesk(chain: node.rules.chain)
    }

    package var topics: [RPCTopic] { [messages] }
    package var methods: [RPCMethod] { [open, close, read, post, publish, take] }

    package func install(on node: NodeRuntime) async {
        let topic = messages
        await desk.setListener { owner, mailbox, message in
            topic.publish(message.json(in: mailbox), to: owner)
        }
        let desk = desk
        node.serve(.post) { peer, body in
            guard let post = try? MailboxPost(decoding: body) else {
                return MailboxReceipt(refusal: .unreadable).encoded
            }
            do throws(HomeRefusal) {
                try await desk.post(post.content, to: post.mailbox, from: peer)
                return MailboxReceipt(refusal: nil).encoded
            } catch {
                return MailboxReceipt(refusal: error).encoded
            }
        }
        node.serve(.prekeys) { peer, body in
            guard let question = try? PrekeyQuestion(decoding: body) else {
                return PrekeyAnswer(.failure(.unreadable)).encoded
            }
            do throws(HomeRefusal) {
                return PrekeyAnswer(.success(try await desk.take(beside: question.mailbox, for: peer))).encoded
            } catch {
                return PrekeyAnswer(.failure(error)).encoded
            }
        }
    }

    // MARK: For members here, whoever the other node is

    /// Leaves a message in a mailbox of any node, for one of our members.
    package func post(_ content: [UInt8], to address: MailboxAddress, for member: MemberID) async throws(HomeRefusal) {
        guard content.count <= MailboxRouter.contentByteCountMax else { throw .tooLarge }
        if address.node == node.member { return try await desk.post(content, to: address.mailbox, from: member) }
        let answer: [UInt8]
        do {
            answer = try await node.ask(
                .post, MailboxPost(mailbox: address.mailbox, content: content).encoded, of: address.node)
        } catch { throw .unreachable }
        guard let receipt = try? MailboxReceipt(decoding: answer) else { throw .unreadable }
        if let refusal = receipt.refusal { throw refusal }
    }

    /// The prekeys beside a mailbox of any node, for one of our members.
    package func takePrekeys(
        beside address: MailboxAddress, for member: MemberID
    ) async throws(HomeRefusal) -> PrekeyPair {
        if address.node == node.member { return try await desk.take(beside: address.mailbox, for: member) }
        let answer: [UInt8]
        do {
            answer = try await node.ask(.prekeys, PrekeyQuestion(mailbox: address.mailbox).encoded, of: address.node)
        } catch { throw .unreachable }
        guard let read = try? PrekeyAnswer(decoding: answer) else { throw .unreadable }
        return try read.outcome.get()
    }

    // MARK: Methods

    private static let mailboxParameter = RPCParameter("mailbox", .identifier, "the mailbox's id")

    private var open: RPCMethod {
        RPCMethod(
            "mailbox.open", "Opens a mailbox of the member here, or moves the end of one.",
            parameters: [Self.mailboxParameter, RPCParameter("expiry", .unsigned, "milliseconds since 1970")],
            result: RPCParameter("opened", .boolean, "true"), errors: HomeRefusal.codes, authority: .member
        ) { [desk] call throws(RPCError) in
            let (mailbox, member) = (try call.arguments.identifier("mailbox", MailboxID.self), try call.asker)
            let expiry = Timestamp(try call.arguments.unsigned("expiry"))
            do throws(HomeRefusal) { try await desk.open(mailbox, until: expiry, for: member) } catch {
                throw error.rpc
            }
            return true
        }
    }

    private var close: RPCMethod {
        RPCMethod(
            "mailbox.close", "Closes a mailbox of the member; what waits in it is gone.",
            parameters: [Self.mailboxParameter], result: RPCParameter("closed", .boolean, "true"), authority: .member
        ) { [desk] call throws(RPCError) in
            await desk.close(try call.arguments.identifier("mailbox"), for: try call.asker)
            return true
        }
    }

    private var read: RPCMethod {
        RPCMethod(
            "mailbox.read", "The messages after a number; those up to it are deleted.",
            parameters: [Self.mailboxParameter, RPCParameter("after", .unsigned, "0 for all")],
            result: RPCParameter(
                "messages", .list(of: .object, countMax: Self.messagesMax), "{mailbox, number, time, content}"),
            errors: HomeRefusal.codes, authority: .member
        ) { [desk] call throws(RPCError) in
            let mailbox = try call.arguments.identifier("mailbox", MailboxID.self)
            let (after, member) = (try call.arguments.unsigned("after"), try call.asker)
            do throws(HomeRefusal) {
                return .list(try await desk.read(mailbox, after: after, for: member).map { $0.json(in: mailbox) })
            } catch { throw error.rpc }
        }
    }

    private var post: RPCMethod {
        RPCMethod(
            "mailbox.post", "Leaves a message in a mailbox of this or another node.",
            parameters: [
                RPCParameter("node", .member, "the mailbox's home node"), Self.mailboxParameter,
                RPCParameter("content", .bytes(byteCountMax: MailboxRouter.contentByteCountMax), "ciphertext"),
            ],
            result: RPCParameter("delivered", .boolean, "true"), errors: HomeRefusal.codes, authority: .member
        ) { call throws(RPCError) in
            let address = MailboxAddress(
                node: try call.arguments.member("node"), mailbox: try call.arguments.identifier("mailbox"))
            let (content, member) = (try call.arguments.bytes("content"), try call.asker)
            do throws(HomeRefusal) { try await post(content, to: address, for: member) } catch { throw error.rpc }
            return true
        }
    }

    private var publish: RPCMethod {
        RPCMethod(
            "prekeys.publish", "Lays the member's prekeys beside its mailbox, in place of those before.",
            parameters: [
                Self.mailboxParameter,
                RPCParameter("bundle", .bytes(byteCountMax: Self.signedByteCountMax), "the signed bundle"),
                RPCParameter(
                    "oneTime",
                    .list(
                        of: .bytes(byteCountMax: Self.signedByteCountMax), countMax: Limits().oneTimeKeysMax),
                    "signed keys that are handed out once"),
            ],
            result: RPCParameter("published", .boolean, "true"), errors: HomeRefusal.codes, authority: .member,
            rateClass: .normal
        ) { [desk] call throws(RPCError) in
            guard let key = call.key else { throw RPCError(.unauthorised) }
            let mailbox = try call.arguments.identifier("mailbox", MailboxID.self)
            let (bundle, member) = (try Self.signed(try call.arguments.bytes("bundle")), try call.asker)
            var keys: [SignedObject] = []
            for value in try call.arguments.list("oneTime") {
                keys.append(try Self.signed(value.string.flatMap { Hex.decode($0) } ?? []))
            }
            do throws(HomeRefusal) {
                try await desk.publish(bundle, oneTimeKeys: keys, beside: mailbox, for: member, key: key)
            } catch { throw error.rpc }
            return true
        }
    }

    private var take: RPCMethod {
        RPCMethod(
            "prekeys.take", "The prekeys beside a mailbox of this or another node.",
            parameters: [RPCParameter("node", .member, "the mailbox's home node"), Self.mailboxParameter],
            result: RPCParameter("prekeys", .object, "{bundle, oneTime or null}, signed objects in hexadecimal"),
            errors: HomeRefusal.codes, authority: .member, rateClass: .normal
        ) { call throws(RPCError) in
            let address = MailboxAddress(
                node: try call.arguments.member("node"), mailbox: try call.arguments.identifier("mailbox"))
            let member = try call.asker
            do throws(HomeRefusal) {
                let pair = try await takePrekeys(beside: address, for: member)
                return [
                    "bundle": .string(Hex.encode(pair.bundle.encoded)),
                    "oneTime": pair.oneTime.map { .string(Hex.encode($0.encoded)) } ?? .null,
                ]
            } catch { throw error.rpc }
        }
    }

    private static func signed(_ bytes: [UInt8]) throws(RPCError) -> SignedObject {
        do throws(WireError) { return try SignedObject(decoding: bytes) } catch { throw HomeRefusal.unreadable.rpc }
    }
}

extension RPCCall {
    /// The member that signed.
    fileprivate var asker: MemberID {
        get throws(RPCError) {
            guard let member else { throw RPCError(.unauthorised) }
            return member
        }
    }
}

extension MailboxRouter.Message {
    fileprivate func json(in mailbox: MailboxID) -> JSONValue {
        [
            "mailbox": .string(mailbox.hex), "number": .unsigned(number), "time": .unsigned(time.rawValue),
            "content": .string(Hex.encode(content)),
        ]
    }
}

extension HomeRefusal {
    static let codes: [RPCErrorCode] = [
        .notFound, .busy, .tooLarge, .conflict, .rateLimited, .refused, .peerUnreachable, .invalidParameters,
    ]

    /// The error that a member sees; `reason` holds the refusal's name.
    var rpc: RPCError {
        let data: JSONValue = ["reason": .string(name)]
        return switch self {
        case .noSuchMailbox: RPCError(.notFound, "There is no such mailbox.", data: data)
        case .full: RPCError(.busy, "The mailbox is full.", data: data)
        case .tooLarge: RPCError(.tooLarge, data: data)
        case .tooMany: RPCError(.conflict, "The mailbox is another's, or there are too many already.", data: data)
        case .tooOften: RPCError(.rateLimited, data: data)
        case .badPrekey: RPCError(.invalidParameters, "A prekey is not the member's, or has expired.", data: data)
        case .noPrekeys: RPCError(.notFound, "No prekeys lie there.", data: data)
        case .unreachable: RPCError(.peerUnreachable, data: data)
        case .unreadable: RPCError(.invalidParameters, "The message cannot be read.", data: data)
        }
    }
}
