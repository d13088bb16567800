/// Mistakes that can be put into the correct validators of a run, around the engine, never in it: each changes what is
/// stored, what goes in, or what comes out, so that the whole behaves as if the rule were not there. A checker must
/// catch every one, or it proves nothing.
package struct Flaws: OptionSet, Sendable, Hashable, CaseIterable {
    package let rawValue: Int
    package init(rawValue: Int) { self.rawValue = rawValue }

    /// Signs finalize for a notarized block although the view was given up.
    package static let finalizeAfterNullify = Flaws(rawValue: 1 << 0)
    /// Notarizes every proposal of a view, not only the first.
    package static let notarizeTwice = Flaws(rawValue: 1 << 1)
    /// Leaders leave nullifications out and voters do not miss them.
    package static let shortJustification = Flaws(rawValue: 1 << 2)
    /// Makes a certificate when one signer too few has voted, counting one of them twice.
    package static let repeatedSigner = Flaws(rawValue: 1 << 3)
    /// Sends votes before they are durable.
    package static let unsyncedVotes = Flaws(rawValue: 1 << 4)
    /// Notarizes without keeping the body.
    package static let unsyncedBodies = Flaws(rawValue: 1 << 5)
    /// Votes for blocks that were found invalid.
    package static let trustingVerdicts = Flaws(rawValue: 1 << 6)
    /// Never passes a certificate on, nor answers a question.
    package static let selfish = Flaws(rawValue: 1 << 7)
    /// Starts again without knowing what it signed.
    package static let forgottenVotes = Flaws(rawValue: 1 << 8)
    /// Takes 2f + 1 for a quorum, where n is not 3f + 1.
    package static let smallQuorum = Flaws(rawValue: 1 << 9)
    /// Notarizes a block of whoever says that it leads.
    package static let foreignLeader = Flaws(rawValue: 1 << 10)
    /// Takes a notarization for a finalization.
    package static let hastyFinality = Flaws(rawValue: 1 << 11)
    /// Does not keep certificates over a restart.
    package static let forgottenCertificates = Flaws(rawValue: 1 << 12)
    /// Arms no timer after a restart.
    package static let deafAfterRestart = Flaws(rawValue: 1 << 13)
    /// Commits a block before its ancestors.
    package static let disorderedCommits = Flaws(rawValue: 1 << 14)
    /// Does not check the signatures of certificates.
    package static let uncheckedCertificates = Flaws(rawValue: 1 << 15)
    /// Does not check whether the parent of a proposal was certified.
    package static let uncheckedParents = Flaws(rawValue: 1 << 16)
    /// Takes what cannot be read from the disk as never written.
    package static let ignoredChecksums = Flaws(rawValue: 1 << 17)
    /// Says that a block is final before that is durable.
    package static let unsyncedCommits = Flaws(rawValue: 1 << 18)
    /// Says everything once only.
    package static let noRetry = Flaws(rawValue: 1 << 19)
    /// Never asks for what it lacks.
    package static let incurious = Flaws(rawValue: 1 << 20)
    /// Goes on in a validator epoch that has ended.
    package static let endlessEpoch = Flaws(rawValue: 1 << 21)

    package static let allCases: [Flaws] = names.map(\.flaw)

    /// Each by its name.
    package static let names: [(flaw: Flaws, name: String)] = [
        (.finalizeAfterNullify, "finalizeAfterNullify"), (.notarizeTwice, "notarizeTwice"),
        (.shortJustification, "shortJustification"), (.repeatedSigner, "repeatedSigner"),
        (.unsyncedVotes, "unsyncedVotes"), (.unsyncedBodies, "unsyncedBodies"),
        (.trustingVerdicts, "trustingVerdicts"), (.selfish, "selfish"), (.forgottenVotes, "forgottenVotes"),
        (.smallQuorum, "smallQuorum"), (.foreignLeader, "foreignLeader"), (.hastyFinality, "hastyFinality"),
        (.forgottenCertificates, "forgottenCertificates"), (.deafAfterRestart, "deafAfterRestart"),
        (.disorderedCommits, "disorderedCommits"), (.uncheckedCertificates, "uncheckedCertificates"),
        (.uncheckedParents, "uncheckedParents"), (.ignoredChecksums, "ignoredChecksums"),
        (.unsyncedCommits, "unsyncedCommits"), (.noRetry, "noRetry"), (.incurious, "incurious"),
        (.endlessEpoch, "endlessEpoch"),
    ]

    /// How many members a run needs for the mistake to matter; nil for whatever the seed draws.
    package var memberCount: Int? { self == .smallQuorum ? 5 : nil }
}
