import Consensus
import Crypto
import Ledger
import Links
package import Primitives
import Wire

/// What other validators say about consensus, checked before the engine hears it.
extension ChainActor {
    package func receive(_ bytes: [UInt8], from peer: MemberID) {
        guard !isStopped else { return }
        speakers.began(with: peer)
        defer { speakers.current = nil }
        guard let message = try? Message(decoding: bytes) else { return blame(.malformed) }
        guard isOfThisEpoch(message, bytes, from: peer) else { return }
        switch message {
        case .vote(let vote): take(vote)
        case .certificate(let certificate): take(certificate)
        case .proposal(let proposal): take(proposal)
        case .request(let request): answer(request, to: peer)
        case .response(let response):
            speakers.answered(peer)
            speakers.sync.gave(response.proposals.count, peer, isMissing: engine.awaited.step == .block)
            for proposal in response.proposals { followRecovery(proposal) }
            for certificate in response.certificates { take(certificate) }
            for proposal in response.proposals { take(proposal) }
        }
    }

    private func take(_ vote: Vote) {
        blameIfAhead(vote)
        guard engine.isNews(vote) else { return }
        guard let verified = signatures.verified(vote, in: context) else { return blameUnsigned(vote.ballot.epoch) }
        handle(.vote(verified))
    }

    private func take(_ certificate: Certificate) {
        guard engine.isNews(certificate) else { return }
        guard let verified = signatures.verified(certificate, in: context) else {
            return blameUnsigned(certificate.ballot.epoch)
        }
        handle(.certificate(verified))
    }

    private func take(_ proposal: Proposal) {
        guard let block = Block(proposal, with: &hash) else { return blame(.malformed) }
        guard engine.isNews(block) else { return }
        guard let verified = signatures.verified(block, in: context) else { return blameUnsigned(block.header.epoch) }
        if block.view == engine.view { meter.proposed(block.view) }
        let isNew = bodies[block.hash] == nil
        bodies[block.hash] = block
        handle(.block(verified))
        // The engine keeps blocks it may need and says nothing of the others.
        if isNew, !engine.holds(block.hash) { bodies[block.hash] = nil }
    }

    // MARK: Serving

    private func answer(_ request: CatchUpRequest, to peer: MemberID) {
        switch request {
        case .block(let hash):
            respond(CatchUpResponse(certificates: [], proposals: proposal(hash).map { [$0] } ?? []), to: peer)
        case .certificates(let view, _):
            guard let seat = validators.seat(of: peer) else {
                return respond(followerAnswer(after: view), to: peer)
            }
            handle(.certificatesRequested(after: view, by: seat))
        case .finalised(let height): respond(finalised(after: height), to: peer)
        }
    }

    private func proposal(_ hash: Digest) -> Proposal? {
        if let block = bodies[hash] { return block.proposal }
        return try? store.proposal(hash, with: &self.hash)
    }

    /// A node without a seat asks where the chain is: the newest finalization tells.
    private func followerAnswer(after view: View) -> CatchUpResponse {
        let newest = engine.head.finalization.flatMap { $0.view > view ? $0 : nil }
        return CatchUpResponse(certificates: newest.map { [$0] } ?? [], proposals: [])
    }

    /// Blocks above a height, as many as an answer holds and of one validator epoch, with the finalization that covers
    /// the last of them; where that is an echo's, with the echoes too (S-15).
    private func finalised(after height: Height) -> CatchUpResponse {
        var proposals: [Proposal] = []
        var byteCount = 0
        var next = height.next
        guard let end = (try? store.head(at: next)).flatMap({ store.lastHeight(of: $0.record) }) else {
            return CatchUpResponse(certificates: [], proposals: [])
        }
        while next <= end, proposals.count < CatchUpResponse.proposalCountMax, byteCount < Proposal.bodyByteCountMax,
            let block = try? store.keptBlock(at: next)
        {
            proposals.append(block.proposal)
            byteCount += block.proposal.body.count
            next = next.next
        }
        guard let last = next.previous, !proposals.isEmpty,
            let (_, certificate) = try? store.nextFinalization(from: last)
        else { return CatchUpResponse(certificates: [], proposals: []) }
        if last == end, let echoes = try? store.echoes(above: end) {
            proposals += echoes.prefix(CatchUpResponse.proposalCountMax - proposals.count)
        }
        return CatchUpResponse(certificates: [certificate], proposals: proposals)
    }

    /// An empty answer says that there is none: who is silent stalls.
    func respond(_ response: CatchUpResponse, to peer: MemberID) {
        network.send(peer, .sync, Message.response(response).encoded)
    }
}
