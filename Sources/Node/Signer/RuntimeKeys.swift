package import Crypto
package import Ledger
package import Primitives

/// What a running node signs, proves itself and opens seals with. The signing key may lie in another process or in a
/// token; the other two are used all the time and stay in the node.
package struct RuntimeKeys: Sendable {
    /// The member's signing key as votes and proposals use it.
    package let votes: any VoteSigning
    /// Another voting key of the member, while it changes from one to the other: the node votes with the one that the
    /// set of the validator epoch names.
    package let other: (any VoteSigning)?
    /// The member's key for everything else that the node says.
    package let sign: MemberSigning
    /// Looks for a key that the ledger gives the member while the node runs; nil when it is not here. Called on the
    /// chain's thread, and may read files.
    let find: @Sendable (PublicKey) -> (any VoteSigning)?
    /// Proves the node in TLS links.
    package let link: SigningKey
    /// Static key of Noise sessions, and what is sealed to the node.
    package let agreement: AgreementSecret

    /// - Parameter statements: another way to the same key for what is no vote, so that votes never wait for it; nil
    ///   for the same way.
    package init(
        votes: any VoteSigning, other: (any VoteSigning)? = nil, statements: (any VoteSigning)? = nil, link: SigningKey,
        agreement: AgreementSecret, find: @escaping @Sendable (PublicKey) -> (any VoteSigning)? = { _ in nil }
    ) {
        self.votes = votes
        self.other = other
        self.find = find
        sign = MemberSigning(statements ?? votes, others: other.map { [$0] } ?? [])
        self.link = link
        self.agreement = agreement
    }
}

extension NodeRuntime {
    /// A node whose keys all lie in its own process; what it signed is remembered beside its store.
    package convenience init(
        settings: NodeSettings, rules: RuleBook, member: MemberID, keys: NodeKeys, log: Log
    ) throws(NodeError) {
        let signer: LocalSigner
        do throws(SignerMemoryError) {
            signer = try LocalSigner(SoftwareKey(keys.sign), memory: settings.dataPath + ".signer")
        } catch {
            throw .signer(error)
        }
        let keys = RuntimeKeys(votes: signer, link: keys.link, agreement: keys.agreement)
        try self.init(settings: settings, rules: rules, member: member, keys: keys, log: log)
    }
}
