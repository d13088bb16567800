import Consensus
import Ledger
import Node
import Primitives
import Wire

extension Golden {
    private static func ballot(_ kind: Ballot.Kind, view: UInt64) -> Ballot {
        Ballot(kind: kind, epoch: ValidatorEpoch(1), view: View(view), hash: Sample.digest("block \(view)"))
    }

    /// By seats 0, 2 and 9, so that the bitmap has two bytes.
    static func certificate(_ kind: Ballot.Kind, view: UInt64) -> [Certificate] {
        var signers = SeatSet()
        for seat in [0, 2, 9] { _ = signers.insert(Seat(seat)) }
        let signatures = signers.seats.map { Sample.signature("vote of \($0.index)") }
        return Certificate(ballot: ballot(kind, view: view), signers: signers, signatures: signatures).map { [$0] }
            ?? []
    }

    static var header: EngineHeader {
        EngineHeader(
            epoch: ValidatorEpoch(1), view: View(14),
            parent: BlockReference(view: View(11), hash: Sample.digest("block 11")),
            justification: Justification(
                parent: certificate(.notarize, view: 11).first,
                nullifications: certificate(.nullify, view: 12) + certificate(.nullify, view: 13)),
            proposer: Sample.id("validator 2"), record: Sample.cid("record 9"), body: Sample.digest("body"))
    }

    private static var proposal: Proposal {
        Proposal(header: header, signature: Sample.signature("leader"), body: Sample.bytes("body", count: 100))
    }

    /// What validators say and prove.
    static var consensus: [Golden] {
        let first = EngineHeader(
            epoch: .zero, view: View(1), parent: .genesis(of: Sample.chain),
            justification: Justification(parent: nil, nullifications: []), proposer: Sample.id("validator 1"),
            record: Sample.cid("record 1"), body: Sample.digest("body"))
        let echo = EngineHeader(
            epoch: ValidatorEpoch(1), view: View(14),
            parent: BlockReference(view: View(13), hash: Sample.digest("block 13")),
            justification: Justification(
                parent: certificate(.notarize, view: 13).first, nullifications: []),
            proposer: Sample.id("validator 2"), record: Sample.cid("record 9"), body: Sample.digest("no body"))
        let opening = EngineHeader(
            epoch: ValidatorEpoch(2), view: View(14),
            parent: BlockReference(view: View(13), hash: Sample.digest("block 13")),
            justification: Justification(
                parent: certificate(.finalize, view: 14).first, echo: echo, nullifications: []),
            proposer: Sample.id("validator 1"), record: Sample.cid("record 10"), body: Sample.digest("body"))
        let vote = Vote(ballot: ballot(.notarize, view: 14), signer: Seat(255), signature: Sample.signature("vote"))
        let nullify = Vote(ballot: ballot(.nullify, view: 14), signer: Seat(0), signature: Sample.signature("vote"))
        var list = [
            Golden("vote", vote), Golden("vote+nullify", nullify), Golden("engine-header", header),
            Golden("engine-header+first", first),
            Golden("engine-header+opening", opening), Golden("proposal", proposal),
            Golden("consensus-message+vote", Consensus.Message.vote(vote)),
            Golden("consensus-message+proposal", Consensus.Message.proposal(proposal)),
            Golden("consensus-message+block", Consensus.Message.request(.block(Sample.digest("block 14")))),
            Golden(
                "consensus-message+certs",
                Consensus.Message.request(.certificates(after: View(300), epoch: ValidatorEpoch(1)))),
            Golden("consensus-message+final", Consensus.Message.request(.finalised(after: Height(70_000)))),
            Golden(
                "consensus-message+response",
                Consensus.Message.response(
                    CatchUpResponse(certificates: certificate(.nullify, view: 12), proposals: [proposal]))),
        ]
        for certificate in certificate(.finalize, view: 14) {
            list += [
                Golden("certificate", certificate),
                Golden("consensus-message+cert", Consensus.Message.certificate(certificate)),
                Golden(
                    "finality-proof",
                    FinalityProof.simplex(SimplexProof(finalization: certificate, headers: [header, first]))),
            ]
            list += light(.simplex(SimplexProof(finalization: certificate, headers: [header])))
        }
        return list
    }

    /// What a light client keeps.
    private static func light(_ finality: FinalityProof) -> [Golden] {
        let entry = ValidatorList.Entry(member: Sample.id("validator 1"), key: Sample.publicKey("validator 1"))
        let proven = ProvenRecord(record: record(height: 9), finality: finality)
        let other = ProvenRecord(record: record(height: 9, time: Sample.time(1)), finality: finality)
        let evidence = Evidence(
            key: Sample.publicKey("validator 1"), chain: Sample.chain, epoch: ValidatorEpoch(1), view: View(14),
            Evidence.SignedBallot(ballot(.finalize, view: 14), signature: Sample.signature("first")),
            Evidence.SignedBallot(ballot(.nullify, view: 14), signature: Sample.signature("second")))
        return [
            Golden(
                "light-checkpoint",
                LightCheckpoint(list: ValidatorList(epoch: ValidatorEpoch(1), [entry]), proven: proven)),
            Golden("fork-alarm", ForkAlarm(proven, other, evidence: evidence.map { [$0] } ?? [])),
        ]
    }
}
