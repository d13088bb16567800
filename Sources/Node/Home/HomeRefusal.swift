/// Why a home node did not do what it was asked for. The number travels between nodes, the name to members.
package enum HomeRefusal: UInt64, Error, CaseIterable, Sendable {
    /// No such mailbox here, or not one of the asking member.
    case noSuchMailbox = 1
    /// Too much waits in the mailbox already.
    case full = 2
    case tooLarge = 3
    /// As many mailboxes or keys as may be are there.
    case tooMany = 4
    /// Asked too often; later again.
    case tooOften = 5
    /// A prekey is not signed by the member that publishes it, names another, or has expired.
    case badPrekey = 6
    /// No prekeys lie beside the mailbox, or they have expired.
    case noPrekeys = 7
    /// The other home node cannot be reached, or did not answer.
    case unreachable = 8
    /// The request, or the other node's answer, cannot be read.
    case unreadable = 9

    package var name: String { String(describing: self) }

    /// The refusal of this name, as an RPC error carries it.
    package init?(name: String) {
        guard let refusal = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = refusal
    }
}
