/// Mistakes that can be put into the correct validators of a run, around the engine, never in it: each changes the
/// events that go in or the actions that come out. A checker must catch every one.
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

    package static let allCases: [Flaws] = [
        .finalizeAfterNullify, .notarizeTwice, .shortJustification, .repeatedSigner, .unsyncedVotes, .unsyncedBodies,
        .trustingVerdicts, .selfish,
    ]
}
