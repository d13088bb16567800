package import Ledger
package import Primitives
import Wire

/// The validators that hold shares, and the public side of their keys: what a requester must know before it can tell a
/// good share from a bad one.
package struct ReleaseCircle: Equatable, Sendable {
    package struct Validator: Equatable, Sendable {
        package let member: MemberID
        /// Its number in the dealings, from 1: the place of its id among the validators of genesis.
        package let index: Int
        /// Answers are authenticated with it.
        package let agreement: AgreementKey

        package init(member: MemberID, index: Int, agreement: AgreementKey) {
            self.member = member
            self.index = index
            self.agreement = agreement
        }
    }

    package let chain: ChainID
    package let validators: [Validator]
    package let outer: ThresholdPublicKeys
    package let wraps: ThresholdPublicKeys

    package init(
        chain: ChainID, validators: [Validator], outer: ThresholdPublicKeys, wraps: ThresholdPublicKeys
    ) {
        self.chain = chain
        self.validators = validators
        self.outer = outer
        self.wraps = wraps
    }

    /// The keys that this circle is asked to use.
    package func keys(_ kind: ReleaseKind) -> ThresholdPublicKeys { kind == .shares ? wraps : outer }

    /// Those to whom genesis dealt shares, with the keys that they have in this state.
    /// - Throws: `StateError.unreadable` where an entry is missing or false.
    package init(chain: ChainID, genesis: Genesis, in view: any StateView) throws(StateError) {
        func entry<Entry: WireObject>(_ type: Entry.Type, _ key: StateKey) throws(StateError) -> Entry {
            guard let bytes = try view.value(for: key), let entry = try? Entry(decoding: bytes) else {
                throw .unreadable(key)
            }
            return entry
        }
        var validators: [Validator] = []
        for (place, holder) in ShareCircle.validators(of: genesis).enumerated() {
            let member = try entry(MemberEntry.self, StateKey(.member, holder.id))
            validators.append(Validator(member: holder.id, index: place + 1, agreement: member.keys.agreement))
        }
        self.init(
            chain: chain, validators: validators,
            outer: try entry(ThresholdPublicKeys.self, RuleBook.thresholdKey(.outer)),
            wraps: try entry(ThresholdPublicKeys.self, RuleBook.thresholdKey(.wraps)))
    }
}

/// The two things that validators release.
package enum ReleaseKind: Sendable {
    /// Shares of lease-group keys.
    case shares
    /// Shares of outer keys.
    case outer
}
