package import Primitives
package import Wire

/// The prekeys that a home node keeps for its members, found by mailbox: a caller knows the mailbox and not the member.
package struct PrekeyShelf: Sendable, Equatable {
    private struct Entry: Sendable, Equatable {
        var bundle: SignedObject
        var expiry: Timestamp
        var oneTimeKeys: [SignedObject]
    }

    private let limits: Limits
    private var entries: [MailboxID: Entry] = [:]

    package init(limits: Limits = Limits()) { self.limits = limits }

    package var count: Int { entries.count }

    /// Puts a member's bundle and one-time keys beside its mailbox; keys beyond the limit are refused (PK-1).
    package mutating func store(
        _ bundle: Verified<SignedPrekey<PrekeyBundle>>, oneTimeKeys: [Verified<SignedPrekey<OneTimePrekey>>],
        for mailbox: MailboxID
    ) -> Bool {
        guard entries[mailbox] != nil || entries.count < limits.mailboxesMax,
            oneTimeKeys.count <= limits.oneTimeKeysMax
        else { return false }
        entries[mailbox] = Entry(
            bundle: bundle.value.object, expiry: bundle.value.body.expiry,
            oneTimeKeys: oneTimeKeys.map(\.value.object))
        return true
    }

    /// The bundle, and a one-time key that is handed out this once, while there are any (PK-2).
    package mutating func take(for mailbox: MailboxID, now: Timestamp) -> (
        bundle: SignedObject, oneTime: SignedObject?
    )? {
        guard var entry = entries[mailbox], entry.expiry > now else { return nil }
        let key = entry.oneTimeKeys.popLast()
        entries[mailbox] = entry
        return (entry.bundle, key)
    }

    package func oneTimeKeyCount(for mailbox: MailboxID) -> Int { entries[mailbox]?.oneTimeKeys.count ?? 0 }

    /// Keeps the shelf of the mailboxes that still exist.
    package mutating func retain(where exists: (MailboxID) -> Bool) { entries = entries.filter { exists($0.key) } }
}

/// Remembers the invites of the last minutes: an invite on a signed prekey alone could be played again.
package struct InviteReplayCache: Sendable, Equatable {
    private let limits: Limits
    private var seen: [Digest: Timestamp] = [:]
    private var order: [Digest] = []

    package init(limits: Limits = Limits()) { self.limits = limits }

    /// Nil when an invite of `time` with this hash may ring now; otherwise why not (PK-3). A full cache refuses: to
    /// forget one early would let it ring again.
    package mutating func refusal(of invite: Digest, time: Timestamp, now: Timestamp) -> EndReason? {
        forget(now: now)
        let age = limits.inviteAge
        guard now.milliseconds(since: time) <= age, time.milliseconds(since: now) <= age else { return .stale }
        guard seen[invite] == nil else { return .stale }
        guard seen.count < limits.replaysMax else { return .overloaded }
        seen[invite] = now
        order.append(invite)
        return nil
    }

    /// An invite may lie ahead by the age limit and then live as long again.
    private mutating func forget(now: Timestamp) {
        let kept = order.drop { digest in
            seen[digest].map { now.milliseconds(since: $0) > 2 * limits.inviteAge } ?? true
        }
        for digest in order.prefix(order.count - kept.count) { seen[digest] = nil }
        order = Array(kept)
    }
}
