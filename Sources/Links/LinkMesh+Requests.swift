import EventLoop
package import Primitives

/// Questions and answers: each request gets exactly one outcome, at the latest at its deadline.
extension LinkMesh {
    /// Asks a member and waits for its answer. Cancelling does not cut the wait short; the deadline does.
    ///
    /// - Throws: `notConnected`, `busy`, `tooLarge`, `timedOut`, `disconnected`, `refusedByPeer`, `stopped`.
    package func request(
        _ bytes: [UInt8], on channel: LinkChannel = .service, to member: MemberID, within time: Duration
    ) async throws(LinkError) -> [UInt8] {
        let result = await withCheckedContinuation { continuation in
            request(bytes, on: channel, to: member, within: time) { continuation.resume(returning: $0) }
        }
        return try result.get()
    }

    /// Asks a member; `complete` is called once, on the loop's thread, never before this returns a success, but before
    /// it returns when the request cannot be sent.
    package func request(
        _ bytes: [UInt8], on channel: LinkChannel = .service, to member: MemberID, within time: Duration,
        complete: @escaping @Sendable (Result<[UInt8], LinkError>) -> Void
    ) {
        guard let state = peers[member], let link = state.link else { return complete(.failure(.notConnected)) }
        guard bytes.count <= settings.bounds(of: channel).messageByteCountMax else {
            return complete(.failure(.tooLarge))
        }
        guard state.outstanding.count < settings.requestCountMax else { return complete(.failure(.busy)) }
        state.nextRequestID &+= 1
        let id = state.nextRequestID
        guard link.send(channel, .request, id.bigEndianBytes + bytes) != .full else {
            return complete(.failure(.busy))
        }
        let timer = loop.schedule(after: min(time, settings.requestTimeMax)) { [weak self] in
            self?.assumeIsolated { $0.settle(id, of: member, .failure(.timedOut)) }
        }
        state.outstanding[id] = PeerState.Outstanding(timer: timer, complete: complete)
    }

    /// Answers a request; of two answers the first holds. `notConnected` when the asker is gone or was answered.
    @discardableResult
    package func respond(to request: LinkRequest, _ bytes: [UInt8]) -> LinkSendResult {
        guard bytes.count <= settings.bounds(of: request.channel).messageByteCountMax else {
            refuse(request)
            return .tooLarge
        }
        return answer(request, .response, bytes)
    }

    /// Tells the asker that there will be no answer.
    package func refuse(_ request: LinkRequest) { _ = answer(request, .refusal, []) }

    private func answer(_ request: LinkRequest, _ kind: LinkFrame.Kind, _ bytes: [UInt8]) -> LinkSendResult {
        guard let state = peers[request.member], let link = state.link,
            state.inbound.removeValue(forKey: request.id) != nil
        else { return .notConnected }
        guard link.send(request.channel, kind, request.id.bigEndianBytes + bytes) != .full else { return .busy }
        return .queued
    }

    /// Hands a message of a link on to the node, or to the request it answers.
    func deliver(_ message: FrameAssembler.Message, from link: Link) {
        // A link that gave way to another still delivers what was on its way; a refused one does not.
        guard link.establishedAt != nil || link.isGivingWay, let member = link.hello?.member, let state = peers[member],
            let key = link.peerKey, state.peer.keys.contains(key),
            let channel = LinkChannel(rawValue: UInt8(message.lane))
        else { return }
        guard message.kind.hasID else { return handler(.message(from: member, channel, message.bytes)) }
        guard message.bytes.count >= LinkFrame.idByteCount else { return }
        let id = UInt64(bigEndianBytes: message.bytes[..<LinkFrame.idByteCount])
        switch message.kind {
        case .message: break
        case .request: take(id, channel, Array(message.bytes[LinkFrame.idByteCount...]), from: state)
        case .response: settle(id, of: member, .success(Array(message.bytes[LinkFrame.idByteCount...])))
        case .refusal: settle(id, of: member, .failure(.refusedByPeer))
        }
    }

    private func take(_ id: UInt64, _ channel: LinkChannel, _ bytes: [UInt8], from state: PeerState) {
        guard state.inbound.count < settings.requestCountMax, state.inbound[id] == nil else {
            _ = state.link?.send(channel, .refusal, id.bigEndianBytes)
            return
        }
        state.inbound[id] = SystemTime.monotonic + settings.requestTimeMax
        handler(.request(LinkRequest(member: state.peer.member, channel: channel, bytes: bytes, id: id)))
    }

    /// Late or unknown answers are ignored: the request has had its one outcome.
    private func settle(_ id: UInt64, of member: MemberID, _ result: Result<[UInt8], LinkError>) {
        guard let outstanding = peers[member]?.outstanding.removeValue(forKey: id) else { return }
        loop.cancel(outstanding.timer)
        outstanding.complete(result)
    }

    /// Ends every request to a member.
    func fail(_ state: PeerState, _ error: LinkError) {
        let outstanding = state.outstanding
        state.outstanding = [:]
        state.inbound = [:]
        for (_, request) in outstanding.sorted(by: { $0.key < $1.key }) {
            loop.cancel(request.timer)
            request.complete(.failure(error))
        }
    }
}
