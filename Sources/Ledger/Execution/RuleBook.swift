package import Primitives

/// The rules of one network: its genesis document, and a judge of policies. Everything the ledger decides is decided
/// by its functions, and by nothing else.
package struct RuleBook: Sendable {
    /// The rights epoch in which a recording is published.
    package static let firstRightsEpoch = RightsEpoch(1)

    package let genesis: Genesis
    package let chain: ChainID
    package let leaseLimits: LeaseLimits
    package let judge: any PolicyJudging

    package init(genesis: Genesis, judge: any PolicyJudging, with hash: inout some Hashing) {
        self.genesis = genesis
        self.judge = judge
        chain = genesis.chain(with: &hash)
        leaseLimits = genesis.limits.leaseLimits ?? .standard
    }

    /// The recording that a `call.open` makes: SHA-256 of "sotto/recording" ‖ 0x00 ‖ call ‖ transaction id.
    package static func recordingID(
        call: CallID, opening: TransactionID, with hash: inout some Hashing
    ) -> RecordingID {
        var bytes = Array("sotto/recording".utf8) + [0]
        call.raw.append(to: &bytes)
        opening.raw.append(to: &bytes)
        return RecordingID(raw: hash.digest(bytes).raw)
    }

    /// Whether a grant counts now (rule LG-85).
    package static func isActive(_ grant: GrantEntry, _ rights: RightsEntry) -> Bool {
        grant.isActive && grant.epoch >= rights.floor
    }

    /// Whether keys of a sender's tracks may be released at all: consent stands and retention has not run out
    /// (rule LG-76).
    package static func isReleasable(_ seal: SealEntry, _ consent: ConsentEntry, at now: Timestamp) -> Bool {
        consent.isLive && now < seal.time.adding(milliseconds: consent.retentionDays * 86_400_000)
    }
}
