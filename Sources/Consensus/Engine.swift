package import Primitives

/// Simplex.
package struct Engine: Sendable, Equatable {
    /// Placeholder of the entry, filled by the next change: the shape that shells are written against.
    package let chain: ChainID

    package init(
        chain: ChainID, validators: ValidatorSet, seat: Seat?, restored: Restored, pace: Pace = Pace(),
        limits: Limits = Limits()
    ) {
        self.chain = chain
    }

    /// Takes one event and returns what the shell must now do, in order.
    package mutating func receive(_ event: Event) -> [Action] { [] }

    /// Whether this vote could change anything: otherwise its signature need not be checked.
    package func isNews(_ vote: Vote) -> Bool { true }

    /// Whether this certificate could change anything.
    package func isNews(_ certificate: Certificate) -> Bool { true }

    /// Whether this block could change anything.
    package func isNews(_ block: Block) -> Bool { true }
}
