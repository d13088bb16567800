import Consensus
import Node
import Primitives
import Wire

extension Golden {
    /// What a node and the process that holds its key say to each other.
    static var signer: [Golden] {
        let ballot = Ballot(
            kind: .finalize, epoch: ValidatorEpoch(1), view: View(14), hash: Sample.digest("block 14"))
        let promise = SigningGuard.Promise(ballot: ballot, signature: Sample.signature("vote"))
        let preimage = SigningKind.finalize.preimage(chain: Sample.chain, body: ballot.body)
        let place = SigningGuard.Place(epoch: ValidatorEpoch(1), view: View(15))
        return [
            Golden("signer-promise", promise), Golden("signer-question", SignerQuestion.key),
            Golden("signer-question+sign", SignerQuestion.sign([preimage])),
            Golden("signer-question+promises", SignerQuestion.promises(Sample.chain, [promise])),
            Golden("signer-answer", SignerAnswer.key(Sample.publicKey("validator 1"))),
            Golden(
                "signer-answer+sign",
                SignerAnswer.sign([
                    .success(Sample.signature("vote")), .failure(.behind(place)), .failure(.contradicts),
                ])),
            Golden("signer-answer+promises", SignerAnswer.promises([promise])),
            Golden("signer-answer+failed", SignerAnswer.failed(.memoryFailed)),
            Golden("signing-refusal", SigningRefusal.behind(place)),
        ]
    }
}
