package import Consensus
package import Primitives
package import Wire

/// Signatures that cost nothing and that the simulator can check: nobody in it can sign for another seat of a validator
/// epoch, and a certificate counts only when each of its signatures is its signer's.
package enum SimulatedSigner {
    package static func sign(_ ballot: Ballot, as seat: Seat) -> Signature {
        signature(seat, ballot.kind.rawValue, ballot.epoch, ballot.view, ballot.hash)
    }

    package static func signProposal(view: View, hash: Digest, as seat: Seat) -> Signature {
        signature(seat, 0, .zero, view, hash)
    }

    package static func vote(_ ballot: Ballot, as seat: Seat) -> Vote {
        Vote(ballot: ballot, signer: seat, signature: sign(ballot, as: seat))
    }

    package static func isGenuine(_ vote: Vote) -> Bool { vote.signature == sign(vote.ballot, as: vote.signer) }

    package static func isGenuine(_ certificate: Certificate, quorum: Int) -> Bool {
        certificate.signers.count >= quorum
            && zip(certificate.signers.seats, certificate.signatures).allSatisfy {
                $1 == sign(certificate.ballot, as: $0)
            }
    }

    private static func signature(
        _ seat: Seat, _ kind: UInt8, _ epoch: ValidatorEpoch, _ view: View, _ hash: Digest
    ) -> Signature {
        let words = hash.raw.words
        var state = SeededGenerator.mix(seat.rawValue &* 8 &+ UInt64(kind) &+ 1)
        for word in [epoch.rawValue, view.rawValue, words.0, words.1, words.2, words.3] {
            state = SeededGenerator.mix(state ^ word)
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Signature.byteCount)
        for index in 0..<8 {
            let word = SeededGenerator.mix(state &+ UInt64(index))
            for shift in stride(from: 0, through: 56, by: 8) { bytes.append(UInt8(truncatingIfNeeded: word >> shift)) }
        }
        guard let signature = Signature(bytes) else { preconditionFailure("64 bytes make a signature") }
        return signature
    }
}
