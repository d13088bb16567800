import Consensus
import Crypto
package import Ledger
package import Primitives

/// To whom a network's threshold keys were dealt: the validators of its genesis document, in ascending order of their
/// ids. They hold the shares whoever votes now, until the keys are shared out anew.
package enum ShareCircle {
    /// Members by the number of their share, the first having 1, with the signing keys they began with.
    package static func validators(of genesis: Genesis) -> [(id: MemberID, key: PublicKey)] {
        var hash = SHA256()
        return genesis.members.filter { $0.registration.roles.contains(.validator) }
            .map { (id: $0.memberID(with: &hash), key: $0.registration.keys.sign) }.sorted { $0.id < $1.id }
    }
}
