import Crypto
import EventLoop
package import Primitives
package import Signalling
package import Wire

/// The mailboxes and prekeys of one home node: the shell of `MailboxRouter` and `PrekeyShelf`.
///
/// It sees which of its members has a message, when, how long it is, and which node it came from.
package actor HomeDesk {
    private let chain: ChainID
    private var router: MailboxRouter
    private var shelf: PrekeyShelf
    /// A call takes about ten messages on each side; candidates and recording come on top.
    private var posting = AskingRate(perSecond: 50, burst: 200)
    /// So that a stranger cannot use up a member's one-time keys in a moment. A node asks for all its members.
    private var taking = AskingRate(perSecond: 5, burst: 40)
    private var onMessage: (@Sendable (MemberID, MailboxID, MailboxRouter.Message) -> Void)?

    package init(chain: ChainID, limits: Signalling.Limits = Signalling.Limits()) {
        self.chain = chain
        router = MailboxRouter(limits: limits)
        shelf = PrekeyShelf(limits: limits)
    }

    /// Sets who hears of each message at once, with the mailbox's owner.
    package func setListener(_ listener: @escaping @Sendable (MemberID, MailboxID, MailboxRouter.Message) -> Void) {
        onMessage = listener
    }

    /// Opens a mailbox. One too many of a member takes the place of that one of its own which ends first: a phone that
    /// died could not close its mailboxes, and must not shut its member out.
    package func open(_ mailbox: MailboxID, until expiry: Timestamp, for member: MemberID) throws(HomeRefusal) {
        let now = SystemTime.utc
        router.expire(now: now)
        if !router.open(mailbox, owner: member, expiry: expiry, now: now) {
            guard router.owner(of: mailbox) == nil, expiry > now,
                expiry <= now.adding(milliseconds: MailboxRouter.lifeMax), let oldest = router.firstToEnd(of: member)
            else { throw .tooMany }
            router.close(oldest, owner: member)
            guard router.open(mailbox, owner: member, expiry: expiry, now: now) else { throw .tooMany }
        }
        shelf.retain { router.owner(of: $0) != nil }
    }

    package func close(_ mailbox: MailboxID, for member: MemberID) {
        router.close(mailbox, owner: member)
        shelf.retain { router.owner(of: $0) != nil }
    }

    /// Messages after `number`; those up to it are gone.
    package func read(
        _ mailbox: MailboxID, after number: UInt64, for member: MemberID
    ) throws(HomeRefusal) -> [MailboxRouter.Message] {
        guard let messages = router.read(mailbox, owner: member, after: number, now: SystemTime.utc) else {
            throw .noSuchMailbox
        }
        return messages
    }

    /// Leaves a message, and tells the mailbox's reader.
    /// - Parameter asker: the member, or the node on behalf of one of its own, to count.
    package func post(_ content: [UInt8], to mailbox: MailboxID, from asker: MemberID) throws(HomeRefusal) {
        let now = SystemTime.utc
        guard posting.admits(asker, now: now) else { throw .tooOften }
        switch router.post(content, to: mailbox, now: now) {
        case .delivered: break
        case .noSuchMailbox: throw .noSuchMailbox
        case .full: throw .full
        case .tooLarge: throw .tooLarge
        }
        guard let owner = router.owner(of: mailbox), let number = router.lastNumber(of: mailbox) else { return }
        onMessage?(owner, mailbox, MailboxRouter.Message(number: number, time: now, content: content))
    }

    /// Lays a member's prekeys beside its mailbox.
    /// - Parameter key: the member's signing key, as the ledger has it now.
    package func publish(
        _ bundle: SignedObject, oneTimeKeys: [SignedObject], beside mailbox: MailboxID, for member: MemberID,
        key: PublicKey
    ) throws(HomeRefusal) {
        guard router.owner(of: mailbox) == member else { throw .noSuchMailbox }
        let context = SignedPrekey<PrekeyBundle>.Context(chain: chain, key: key)
        let now = SystemTime.utc
        let verifier = SignatureVerifier()
        guard let signed = try? SignedPrekey<PrekeyBundle>(bundle), signed.body.member == member,
            signed.body.expiry > now, let checked = verifier.verified(signed, in: context)
        else { throw .badPrekey }
        var keys: [Verified<SignedPrekey<OneTimePrekey>>] = []
        let oneTimeContext = SignedPrekey<OneTimePrekey>.Context(chain: chain, key: key)
        for object in oneTimeKeys {
            guard let signed = try? SignedPrekey<OneTimePrekey>(object), signed.body.member == member,
                let checked = verifier.verified(signed, in: oneTimeContext)
            else { throw .badPrekey }
            keys.append(checked)
        }
        guard shelf.store(checked, oneTimeKeys: keys, for: mailbox) else { throw .tooMany }
    }

    /// The prekeys beside a mailbox; a one-time key is given once.
    package func take(beside mailbox: MailboxID, for asker: MemberID) throws(HomeRefusal) -> PrekeyPair {
        let now = SystemTime.utc
        guard taking.admits(asker, now: now) else { throw .tooOften }
        guard router.owner(of: mailbox) != nil else { throw .noSuchMailbox }
        guard let keys = shelf.take(for: mailbox, now: now) else { throw .noPrekeys }
        return PrekeyPair(bundle: keys.bundle, oneTime: keys.oneTime)
    }
}
