package import Primitives

/// The mailboxes of one home node: members open them and read; whoever has a mailbox's id may post a message.
///
/// A home node thus learns which of its members has a message and when, and nothing of its content or of the other side
/// but its home node.
package struct MailboxRouter: Sendable, Equatable {
    package enum PostResult: Sendable, Equatable {
        /// Waits for, or goes straight to, the reader.
        case delivered
        case noSuchMailbox
        /// Too many or too many bytes wait already.
        case full
        case tooLarge
    }

    package struct Message: Sendable, Equatable {
        /// Counts the mailbox's messages from 1; acknowledging one frees it and all before it.
        package let number: UInt64
        package let time: Timestamp
        package let content: [UInt8]

        package init(number: UInt64, time: Timestamp, content: [UInt8]) {
            self.number = number
            self.time = time
            self.content = content
        }
    }

    fileprivate struct Mailbox: Sendable, Equatable {
        let owner: MemberID
        let expiry: Timestamp
        var messages: [Message] = []
        var byteCount = 0
        var nextNumber: UInt64 = 1
    }

    package static let contentByteCountMax = 16 << 10
    /// How far ahead a mailbox's end may lie: thirty days, in milliseconds.
    package static let lifeMax: UInt64 = 30 * 24 * 3_600_000

    private let limits: Limits
    private var mailboxes: [MailboxID: Mailbox] = [:]
    private var countByOwner: [MemberID: Int] = [:]

    package init(limits: Limits = Limits()) { self.limits = limits }

    package var count: Int { mailboxes.count }

    /// Opens a mailbox, or moves the end of the owner's own; false when it is somebody else's or a bound is reached.
    package mutating func open(_ id: MailboxID, owner: MemberID, expiry: Timestamp, now: Timestamp) -> Bool {
        guard expiry > now, expiry <= now.adding(milliseconds: Self.lifeMax) else { return false }
        if let existing = mailboxes[id] {  // MB-1
            guard existing.owner == owner else { return false }
            var renewed = Mailbox(owner: owner, expiry: expiry)
            (renewed.messages, renewed.byteCount) = (existing.messages, existing.byteCount)
            renewed.nextNumber = existing.nextNumber
            mailboxes[id] = renewed
            return true
        }
        guard mailboxes.count < limits.mailboxesMax,
            countByOwner[owner, default: 0] < limits.mailboxesPerMemberMax
        else { return false }  // MB-2
        mailboxes[id] = Mailbox(owner: owner, expiry: expiry)
        countByOwner[owner, default: 0] += 1
        return true
    }

    package mutating func close(_ id: MailboxID, owner: MemberID) {
        guard mailboxes[id]?.owner == owner else { return }
        remove(id)
    }

    package func owner(of id: MailboxID) -> MemberID? { mailboxes[id]?.owner }

    /// The member's mailbox that ends first: what gives way when it opens one too many.
    package func firstToEnd(of owner: MemberID) -> MailboxID? {
        mailboxes.filter { $0.value.owner == owner }.min { ($0.value.expiry, $0.key) < ($1.value.expiry, $1.key) }?.key
    }

    /// The number of the last message that was left there.
    package func lastNumber(of id: MailboxID) -> UInt64? { mailboxes[id].map { $0.nextNumber - 1 } }

    /// Leaves a message (MB-3).
    package mutating func post(_ content: [UInt8], to id: MailboxID, now: Timestamp) -> PostResult {
        guard content.count <= Self.contentByteCountMax else { return .tooLarge }
        guard var mailbox = mailboxes[id], mailbox.expiry > now else { return .noSuchMailbox }
        mailbox.dropOld(before: now, age: limits.messageAge)
        guard mailbox.messages.count < limits.mailboxMessagesMax,
            mailbox.byteCount + content.count <= limits.mailboxBytesMax
        else {
            mailboxes[id] = mailbox
            return .full
        }
        mailbox.messages.append(Message(number: mailbox.nextNumber, time: now, content: content))
        mailbox.nextNumber += 1
        mailbox.byteCount += content.count
        mailboxes[id] = mailbox
        return .delivered
    }

    /// The messages after `number`, for the owner alone; those up to `number` are gone (MB-4).
    package mutating func read(
        _ id: MailboxID, owner: MemberID, after number: UInt64, now: Timestamp
    ) -> [Message]? {
        guard var mailbox = mailboxes[id], mailbox.owner == owner, mailbox.expiry > now else { return nil }
        mailbox.dropOld(before: now, age: limits.messageAge)
        mailbox.drop { $0.number <= number }
        mailboxes[id] = mailbox
        return mailbox.messages
    }

    /// Forgets mailboxes that have come to their end (MB-5).
    package mutating func expire(now: Timestamp) {
        for id in mailboxes.filter({ $0.value.expiry <= now }).keys { remove(id) }
    }

    private mutating func remove(_ id: MailboxID) {
        guard let mailbox = mailboxes.removeValue(forKey: id) else { return }
        let left = countByOwner[mailbox.owner, default: 1] - 1
        countByOwner[mailbox.owner] = left == 0 ? nil : left
    }
}

extension MailboxRouter.Mailbox {
    fileprivate mutating func drop(where isOver: (MailboxRouter.Message) -> Bool) {
        messages.removeAll(where: isOver)
        byteCount = messages.reduce(0) { $0 + $1.content.count }
    }

    fileprivate mutating func dropOld(before now: Timestamp, age: UInt64) {
        drop { now.milliseconds(since: $0.time) > age }
    }
}
