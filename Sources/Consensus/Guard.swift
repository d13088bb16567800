package import Primitives
import Wire

/// What a validator has signed, as far as it still binds it: the memory that must survive every restart.
///
/// Views only go up, so a validator signs nothing below the highest view it ever signed in. What it signed in that view
/// and in those above the last finalised one is kept and sent again, byte for byte.
package struct Guard: Sendable, Equatable {
    /// The own votes found on the disk, by view, then kind; only of the current validator epoch.
    package let votes: [Vote]

    /// Takes everything the disk holds, in any order. Votes of other seats or validator epochs bind nobody here.
    package init(votes: [Vote], of seat: Seat, epoch: ValidatorEpoch) {
        self.votes = votes.filter { $0.signer == seat && $0.ballot.epoch == epoch }
            .sorted {
                ($0.view, $0.ballot.kind.rawValue, $0.ballot.hash) < ($1.view, $1.ballot.kind.rawValue, $1.ballot.hash)
            }
    }

    /// The highest view signed in; zero for a validator that never signed.
    package var watermark: View { votes.last?.view ?? .zero }

    /// The votes worth keeping once `view` is final: those above it and those of the watermark.
    package func compacted(finalised view: View) -> [Vote] {
        votes.filter { $0.view > view || $0.view == watermark }
    }
}
