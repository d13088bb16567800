import Crypto
import EventLoop
import ICE
import Ledger
import MediaEndpoint
package import Primitives
package import Signalling
package import Wire

/// A member's phone: it is called, calls, and lets one call happen at a time.
package actor PhoneDevice {
    /// What a phone record names.
    package struct Listing: Sendable, Equatable {
        package let address: MailboxAddress
        package let bundle: CID
        package let expiry: Timestamp
    }

    package nonisolated let member: MemberID
    /// Calls that ring here.
    package nonisolated let incoming: AsyncStream<CallSession>
    private nonisolated let incomingSink: AsyncStream<CallSession>.Continuation
    private let keys: DeviceKeys
    private let home: any CallHome
    private let settings: CallSettings
    private let loop = GLibLoop(name: "media")
    private var prekeys: DevicePrekeys?
    private var replays: InviteReplayCache
    private var mailbox: MailboxID?
    private var current: CallSession?
    /// An invite of the very member we are in a call with: both dialled, or that member's call is over and our side of
    /// it about to be. It rings when ours ends.
    private var held: OpenedInvite?
    private var patience: GLibTimer?
    /// Ends with the call.
    private var running: Task<Void, Never>?
    private var readers: [MailboxID: Task<Void, Never>] = [:]

    package init(member: MemberID, keys: DeviceKeys, home: any CallHome, settings: CallSettings = CallSettings()) {
        (self.member, self.keys, self.home, self.settings) = (member, keys, home, settings)
        replays = InviteReplayCache(limits: settings.limits)
        (incoming, incomingSink) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Opens a mailbox for invites and publishes prekeys beside it. What it returns belongs into the phone record.
    ///
    /// - Throws: what the home node refuses with.
    package func listen() async throws(HomeRefusal) -> Listing {
        let expiry = SystemTime.utc.adding(milliseconds: settings.listenMilliseconds)
        let address = try await openMailbox(until: expiry)
        let made = DevicePrekeys(
            member: member, keys: keys, chain: home.chain, count: settings.oneTimeKeyCount, expiry: expiry)
        prekeys = made
        mailbox = address.mailbox
        try await home.publish(made.bundle, oneTimeKeys: made.oneTimeKeys, beside: address.mailbox)
        return Listing(address: address, bundle: made.bundleID, expiry: expiry)
    }

    /// Calls somebody.
    ///
    /// - Throws: why not: `.busy` here, `.notFound`, `.unreachable`, `.identityMismatch` of prekeys, `.overloaded`.
    package func call(
        _ callee: Callee, media: CallMedia = CallMedia(), hooks: CallHooks = CallHooks()
    ) async throws(EndReason) -> CallSession {
        guard current == nil else { throw .busy }
        let reply: MailboxAddress
        let taken: PrekeyPair
        let found: MemberKeys?
        do throws(HomeRefusal) { found = try await home.keys(of: callee.member) } catch { throw EndReason(error) }
        guard let peerKeys = found else { throw .notFound }
        do throws(HomeRefusal) {
            taken = try await home.takePrekeys(beside: callee.address)
        } catch {
            throw EndReason(error)
        }
        let prekey = try check(taken, of: callee, peerKeys)
        do throws(HomeRefusal) {
            reply = try await openMailbox(until: SystemTime.utc.adding(milliseconds: settings.callMilliseconds))
        } catch {
            throw EndReason(error)
        }
        let transport = try makeTransport()
        var handshake = CallHandshake(
            calling: callee.member, peerKeys, from: member, keys, chain: home.chain, fingerprint: transport.fingerprint)
        let invite = try handshake.makeInvite(
            prekey: prekey.bundle.prekey, oneTimeKey: prekey.oneTimeKey, replyTo: reply, wantsVideo: media.wantsVideo)
        let session = CallSession(
            handshake: handshake, sealedInvite: invite, wantsVideo: media.wantsVideo, address: callee.address,
            transport: transport, home: home, settings: settings, media: media)
        guard current == nil else {
            await close(reply.mailbox)
            throw .busy
        }
        await session.setHooks(hooks)
        begin(session, closing: reply.mailbox)
        return session
    }

    /// Stops listening, and ends the call if there is one.
    package func stop() async {
        incomingSink.finish()
        held = nil
        current?.end(.shutDown)
        await running?.value
        for mailbox in readers.keys.sorted() { await close(mailbox) }
    }

    // MARK: Mailboxes

    private func openMailbox(until expiry: Timestamp) async throws(HomeRefusal) -> MailboxAddress {
        let mailbox = MailboxID(raw: Digest.random().raw)
        try await home.openMailbox(mailbox, until: expiry)
        let messages = try await home.messages(of: mailbox)
        // Cancelled when the mailbox is closed.
        readers[mailbox] = Task { [weak self] in
            for await content in messages { await self?.receive(content, in: mailbox) }
        }
        return MailboxAddress(node: home.node, mailbox: mailbox)
    }

    private func close(_ mailbox: MailboxID) async {
        readers.removeValue(forKey: mailbox)?.cancel()
        await home.closeMailbox(mailbox)
    }

    private func receive(_ content: [UInt8], in mailbox: MailboxID) async {
        if let packet = try? SessionPacket(decoding: content) {
            if current?.call == packet.call { current?.put(.packet(packet)) }
        } else if mailbox == self.mailbox, let sealed = try? SealedInvite(decoding: content) {
            await receive(sealed)
        }
        // Anything else is nobody's message: whoever has the mailbox's id can leave it.
    }

    // MARK: Invites

    private func receive(_ sealed: SealedInvite) async {
        guard let prekeys, let opened = prekeys.open(sealed, chain: home.chain), opened.signed.invite.to == member,
            opened.signed.invite.from != member
        else { return }
        let invite = opened.signed.invite
        // Without the caller's keys nothing can be said to it either.
        guard let found = try? await home.keys(of: invite.from) else { return }
        let ready = OpenedInvite(
            invite: invite, digest: opened.digest, callerKeys: found, prekey: prekeys.secret, oneTimeKey: opened.oneTime
        )
        let context = SignedPrekey<PrekeyBundle>.Context(chain: home.chain, key: found.sign)
        guard SignatureVerifier().verified(opened.signed, in: context) != nil else {
            return await refuse(ready, .identityMismatch)
        }
        if let reason = replays.refusal(of: opened.digest, time: invite.time, now: SystemTime.utc) {
            return await refuse(ready, reason)
        }
        if let used = sealed.oneTimeKey { self.prekeys?.use(used) }
        guard let current else { return await ring(ready) }
        guard current.peer == invite.from, held == nil else { return await refuse(ready, .busy) }
        held = ready
        current.put(.leg(.crossed(invite.call)))
        patience = loop.timer(after: settings.farewell) { [weak self] in
            Task { await self?.loseHeld() }  // Ends with its one message.
        }
    }

    /// Our call goes on: who called meanwhile hears that we are busy, unless it was the call that gave way.
    private func loseHeld() async {
        guard let held, let current else { return }
        self.held = nil
        if current.side == .callee || current.call > held.invite.call { await refuse(held, .busy) }
    }

    private func ring(_ invite: OpenedInvite) async {
        guard let transport = try? makeTransport(),
            let handshake = try? CallHandshake(
                answering: invite, as: member, keys, chain: home.chain, fingerprint: transport.fingerprint)
        else { return await refuse(invite, .protocolError) }
        let session = CallSession(
            handshake: handshake, sealedInvite: nil, wantsVideo: invite.invite.wantsVideo,
            address: invite.invite.replyTo, transport: transport, home: home, settings: settings, media: CallMedia())
        begin(session, closing: nil)
        incomingSink.yield(session)
    }

    /// Says why an invite does not ring, under the keys of its call.
    private func refuse(_ invite: OpenedInvite, _ reason: EndReason) async {
        guard
            var handshake = try? CallHandshake(
                answering: invite, as: member, keys, chain: home.chain, fingerprint: .zero),
            let content = try? handshake.seal(.end(reason))
        else { return }
        // Nobody is left to tell when this is lost; the caller's own timer ends its call.
        try? await home.post(content, to: invite.invite.replyTo)
    }

    // MARK: Calls

    private func begin(_ session: CallSession, closing mailbox: MailboxID?) {
        current = session
        running = Task { [weak self] in
            await session.run { [weak self] in await self?.free(from: session) }
            if let mailbox { await self?.close(mailbox) }
        }
    }

    /// The call is over: another may begin before anybody hears of the end.
    private func free(from session: CallSession) async {
        guard current === session else { return }
        current = nil
        patience = nil
        guard let waiting = held else { return }
        held = nil
        await ring(waiting)
    }

    private func makeTransport() throws(EndReason) -> MediaTransport {
        do throws(TransportError) { return try MediaTransport(loop: loop, settings: settings.transport) } catch {
            throw .protocolError
        }
    }

    /// The prekeys must be those of the phone record, signed by the member's key on the ledger, and still good.
    private func check(
        _ pair: PrekeyPair, of callee: Callee, _ found: MemberKeys
    ) throws(EndReason) -> (bundle: PrekeyBundle, oneTimeKey: AgreementKey?) {
        let context = SignedPrekey<PrekeyBundle>.Context(chain: home.chain, key: found.sign)
        let now = SystemTime.utc
        var hash = SHA256()
        if let expected = callee.bundle {
            guard CID(of: pair.bundle.encoded, .dagCBOR, with: &hash) == expected else { throw .identityMismatch }
        }
        guard let signed = try? SignedPrekey<PrekeyBundle>(pair.bundle),
            let bundle = SignatureVerifier().verified(signed, in: context)?.value.body,
            bundle.member == callee.member, bundle.identity == found.agreement
        else { throw .identityMismatch }
        guard bundle.expiry > now else { throw .notFound }
        guard let object = pair.oneTime else { return (bundle, nil) }
        guard let one = try? SignedPrekey<OneTimePrekey>(object),
            let key = SignatureVerifier().verified(
                one, in: SignedPrekey<OneTimePrekey>.Context(chain: home.chain, key: found.sign))?.value.body,
            key.member == callee.member,
            key.expiry > now
        else { throw .identityMismatch }
        return (bundle, key.key)
    }
}

extension EndReason {
    /// What a refusal of a home node means for a call.
    init(_ refusal: HomeRefusal) {
        switch refusal {
        case .noSuchMailbox, .noPrekeys, .unreachable: self = .unreachable
        case .full, .tooMany, .tooOften: self = .overloaded
        case .tooLarge, .badPrekey, .unreadable: self = .protocolError
        }
    }
}
