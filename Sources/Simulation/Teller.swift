import Consensus
import Primitives
import Wire

/// Tells in words what an engine was told and what it answered.
enum Teller {
    /// One line, or a few.
    static func line(_ member: Int, _ event: Engine.Event, _ actions: [Engine.Action]) -> String {
        (["member \(member): \(words(event))"] + actions.compactMap { words($0) }).joined(separator: "\n        ")
    }

    static func name(_ hash: Digest) -> String {
        let digits = String(hash.raw.words.0 >> 32, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }

    private static func words(_ ballot: Ballot) -> String {
        ballot.kind == .nullify ? "nullify \(ballot.view)" : "\(ballot.kind) \(name(ballot.hash)) in \(ballot.view)"
    }

    private static func words(_ certificate: Certificate) -> String {
        let kind =
            switch certificate.kind {
            case .notarize: "notarization of \(name(certificate.hash)) in \(certificate.view)"
            case .nullify: "nullification of \(certificate.view)"
            case .finalize: "finalization of \(name(certificate.hash)) in \(certificate.view)"
            }
        return kind + " by \(certificate.signers.seats)"
    }

    private static func words(_ block: Block) -> String {
        "block \(name(block.hash)) of view \(block.view) on \(name(block.header.parent.hash))"
    }

    private static func words(_ request: CatchUpRequest) -> String {
        switch request {
        case .block(let hash): "block \(name(hash))"
        case .certificates(let view, let epoch): "certificates of epoch \(epoch) above view \(view)"
        case .finalised(let height): "final blocks above height \(height)"
        }
    }

    private static func words(_ event: Engine.Event) -> String {
        switch event {
        case .started: "starts"
        case .vote(let vote): "hears seat \(vote.value.signer) \(words(vote.value.ballot))"
        case .cast(let vote): "has stored its \(words(vote.value.ballot))"
        case .certificate(let certificate): "hears the \(words(certificate.value))"
        case .block(let block): "hears \(words(block.value))"
        case .built(let block): "has built \(words(block.value))"
        case .validated(let hash, let verdict): "found \(name(hash)) \(verdict)"
        case .timerFired(let timer): "waited for \(timer)"
        case .backlog(let backlog):
            "has transactions: \(backlog.hasUnfinalised ? "some" : "none") waiting, "
                + "\(backlog.hasUnproposed ? "some" : "none") in no block"
        case .certificatesRequested(let view, let peer): "is asked by \(peer) for certificates above view \(view)"
        }
    }

    /// Nil for what follows from the rest.
    private static func words(_ action: Engine.Action) -> String? {
        switch action {
        case .persist(.block(let block)): "keeps \(words(block))"
        case .persist(.certificate(let certificate)): "keeps the \(words(certificate))"
        case .cast(let ballot): "signs \(words(ballot))"
        case .broadcast(.vote(let vote)): "tells all its \(words(vote.ballot))"
        case .broadcast(.certificate(let certificate)): "tells all the \(words(certificate))"
        case .broadcast(.proposal(let block)): "proposes \(words(block))"
        case .send(.certificate(let certificate), let seat): "tells \(seat) the \(words(certificate))"
        case .send(_, let seat): "tells \(seat)"
        case .fetch(let request, let seat): "asks \(seat) for \(words(request))"
        case .commit(let blocks, _): "final: \(blocks.map { words($0) }.joined(separator: ", "))"
        case .seal(let seal):
            "final: \(seal.blocks.map { words($0) }.joined(separator: ", ")), the end of epoch "
                + "\(seal.finalization.ballot.epoch), with \(seal.echoes.count) echoes"
        case .drop(let hashes): "drops \(hashes.map { name($0) }.joined(separator: ", "))"
        case .report(.entered(let view, let kind)): "enters view \(view), the last ended by \(kind)"
        case .report(.conflict(let first, let second)):
            "accuses seat \(first.signer): \(words(first.ballot)), \(words(second.ballot))"
        case .report(.stalled(let view, let missing)): "waits in view \(view) for \(missing)"
        case .report(let notice): "reports \(notice)"
        case .resendTransactions, .startTimer, .cancelTimer, .validate, .propose: nil
        }
    }
}
