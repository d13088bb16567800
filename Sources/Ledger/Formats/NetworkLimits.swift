package import Primitives
package import Wire

/// The bounds that every node of a network holds to. They stand in the genesis document and are part of the chain's
/// name. Each has a ceiling that no genesis may exceed, since decoders allocate up to it.
package struct NetworkLimits: WireObject, Equatable {
    /// The longest signed transaction, in bytes.
    package var transactionBytes: UInt64 = 65_536
    /// All signed transactions of one ledger block together, in bytes.
    package var blockBytes: UInt64 = 2_097_152
    /// Transactions in one ledger block.
    package var blockTransactions: UInt64 = 8_192
    /// The justification of a proposal, in bytes.
    package var justificationBytes: UInt64 = 262_144
    /// Envelopes that a client may hand in at once.
    package var batch: UInt64 = 256
    /// A policy, in bytes of its normal form.
    package var policyBytes: UInt64 = 4_096
    /// Participants of a recorded call.
    package var roster: UInt64 = 64
    /// Roster changes of a recorded call.
    package var rosterChanges: UInt64 = 128
    /// Validators in a set.
    package var validators: UInt64 = 64
    /// Validators that must remain.
    package var validatorsMin: UInt64 = 1
    /// Open proposals of changes to the validator set.
    package var proposals: UInt64 = 16
    /// Registrars, and with them the approvals that one operation may carry.
    package var registrars: UInt64 = 32
    /// How far ahead of the record time a transaction's `until` may lie, in milliseconds.
    package var untilWindow: UInt64 = 120_000
    /// Tracks in one seal.
    package var tracksPerSeal: UInt64 = 16
    /// Groups of 60 s in one seal, over all its tracks.
    package var groupsPerSeal: UInt64 = 2_048
    /// Nodes assigned to hold one recording.
    package var holders: UInt64 = 16
    /// How far ahead a number's attestation may expire, in milliseconds.
    package var attestationLife: UInt64 = 7_776_000_000
    /// How long a proposal to change the validator set may be voted on, in milliseconds.
    package var proposalLife: UInt64 = 604_800_000
    /// The interval of a home node's call commitments, in milliseconds.
    package var commitInterval: UInt64 = 600_000
    /// The fewest leaves under a home node's call commitment; others are this times a power of four.
    package var commitLeaves: UInt64 = 16
    /// An idle network makes an empty block this often, in milliseconds.
    package var heartbeat: UInt64 = 10_000
    /// The engine's assumed bound on message delay, in milliseconds.
    package var delta: UInt64 = 100
    /// What that bound may grow to on failures, in milliseconds.
    package var deltaMax: UInt64 = 5_000
    /// How far a proposer's clock may differ, in milliseconds.
    package var clockSkew: UInt64 = 5_000
    /// Heights in a validator epoch.
    package var epochHeights: UInt64 = 10_000
    /// How old a checkpoint a light client may start from, in milliseconds.
    package var trustPeriod: UInt64 = 604_800_000
    /// The fastest playback, in percent.
    package var leaseSpeed: UInt64 = 100
    /// Seeks in one seek window.
    package var leaseSeeks: UInt64 = 20
    /// The length of a seek window, in milliseconds.
    package var leaseSeekWindow: UInt64 = 3_600_000
    /// A lease later than this after the last begins a new viewing, in milliseconds.
    package var leaseViewingGap: UInt64 = 1_800_000
    /// Members that may hold unexpired leases of one recording at the same time.
    package var viewers: UInt64 = 256
    /// Blinded evaluations of phone numbers for one member in a day, counted by each validator.
    package var lookupsPerDay: UInt64 = 200
    /// Pending transactions of one sender in a mempool.
    package var pendingPerSender: UInt64 = 512
    /// Bytes of pending transactions in a mempool.
    package var pendingBytes: UInt64 = 33_554_432

    package init() {}

    /// One field: its key in the document, its place here, and the ceiling of its value.
    struct Entry: Sendable {
        let key: String
        let path: any WritableKeyPath<NetworkLimits, UInt64> & Sendable
        let ceiling: UInt64
    }

    /// All fields in canonical key order.
    static let entries: [Entry] = [
        Entry(key: "batch", path: \.batch, ceiling: 4_096),
        Entry(key: "delta", path: \.delta, ceiling: 60_000),
        Entry(key: "roster", path: \.roster, ceiling: UInt64(CeilingOf.roster)),
        Entry(key: "holders", path: \.holders, ceiling: UInt64(CeilingOf.holders)),
        Entry(key: "viewers", path: \.viewers, ceiling: UInt64(CeilingOf.viewers)),
        Entry(key: "deltaMax", path: \.deltaMax, ceiling: 600_000),
        Entry(key: "clockSkew", path: \.clockSkew, ceiling: 3_600_000),
        Entry(key: "heartbeat", path: \.heartbeat, ceiling: 86_400_000),
        Entry(key: "proposals", path: \.proposals, ceiling: UInt64(CeilingOf.proposals)),
        Entry(key: "blockBytes", path: \.blockBytes, ceiling: UInt64(CeilingOf.blockBytes)),
        Entry(key: "leaseSeeks", path: \.leaseSeeks, ceiling: 1_000_000),
        Entry(key: "leaseSpeed", path: \.leaseSpeed, ceiling: LeaseLimits.speedPercentRange.upperBound),
        Entry(key: "registrars", path: \.registrars, ceiling: UInt64(CeilingOf.registrars)),
        Entry(key: "validators", path: \.validators, ceiling: UInt64(CeilingOf.validators)),
        Entry(key: "policyBytes", path: \.policyBytes, ceiling: UInt64(CeilingOf.policyBytes)),
        Entry(key: "trustPeriod", path: \.trustPeriod, ceiling: CeilingOf.span),
        Entry(key: "untilWindow", path: \.untilWindow, ceiling: 3_600_000),
        Entry(key: "commitLeaves", path: \.commitLeaves, ceiling: CeilingOf.commitLeaves),
        Entry(key: "epochHeights", path: \.epochHeights, ceiling: 1 << 40),
        Entry(key: "pendingBytes", path: \.pendingBytes, ceiling: 1 << 40),
        Entry(key: "proposalLife", path: \.proposalLife, ceiling: CeilingOf.span),
        Entry(key: "groupsPerSeal", path: \.groupsPerSeal, ceiling: UInt64(CeilingOf.groupsPerSeal)),
        Entry(key: "lookupsPerDay", path: \.lookupsPerDay, ceiling: 1 << 40),
        Entry(key: "rosterChanges", path: \.rosterChanges, ceiling: UInt64(CeilingOf.rosterChanges)),
        Entry(key: "tracksPerSeal", path: \.tracksPerSeal, ceiling: UInt64(CeilingOf.tracksPerSeal)),
        Entry(key: "validatorsMin", path: \.validatorsMin, ceiling: UInt64(CeilingOf.validators)),
        Entry(key: "commitInterval", path: \.commitInterval, ceiling: CeilingOf.span),
        Entry(key: "attestationLife", path: \.attestationLife, ceiling: CeilingOf.span),
        Entry(key: "leaseSeekWindow", path: \.leaseSeekWindow, ceiling: CeilingOf.span),
        Entry(key: "leaseViewingGap", path: \.leaseViewingGap, ceiling: CeilingOf.span),
        Entry(key: "pendingPerSender", path: \.pendingPerSender, ceiling: 1 << 32),
        Entry(key: "transactionBytes", path: \.transactionBytes, ceiling: UInt64(CeilingOf.transactionBytes)),
        Entry(key: "blockTransactions", path: \.blockTransactions, ceiling: UInt64(CeilingOf.blockTransactions)),
        Entry(key: "justificationBytes", path: \.justificationBytes, ceiling: 1 << 24),
    ]

    /// Sets the field of this name as it stands in the document; false for an unknown name or a value out of range.
    package mutating func set(_ name: String, _ value: UInt64) -> Bool {
        guard let entry = Self.entries.first(where: { $0.key == name }), (1...entry.ceiling).contains(value) else {
            return false
        }
        self[keyPath: entry.path] = value
        return leaseLimits != nil
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(Self.entries.count + 1)
        for entry in Self.entries {
            self[keyPath: entry.path] = try reader.number(entry.key, max: entry.ceiling)
            guard self[keyPath: entry.path] > 0 else { throw .badValue(field: entry.key) }
        }
        guard leaseLimits != nil else { throw .badValue(field: "leaseSpeed") }
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(Self.entries.count + 1)
        for entry in Self.entries { writer.field(entry.key, self[keyPath: entry.path]) }
    }

    /// The limit of this name in the genesis document; nil when there is none.
    package subscript(limit name: String) -> UInt64? {
        Self.entries.first { $0.key == name }.map { self[keyPath: $0.path] }
    }

    /// The bounds on leases; nil when the speed is out of range, which a decoded value never has.
    package var leaseLimits: LeaseLimits? {
        LeaseLimits(
            speedPercent: leaseSpeed, seeksMax: leaseSeeks, seekWindowMilliseconds: leaseSeekWindow,
            viewingGapMilliseconds: leaseViewingGap)
    }
}

/// What decoders allocate at most, whatever a genesis document says.
package enum CeilingOf {
    package static let transactionBytes = 1 << 20
    /// Signed transactions of one block, so that a proposal, with record and list heads, stays within 4 MiB.
    package static let blockBytes = 3 << 20
    package static let blockTransactions = 1 << 17
    package static let policyBytes = 1 << 15
    package static let roster = 1_024
    package static let rosterChanges = 4_096
    package static let validators = 128
    package static let proposals = 256
    package static let registrars = 256
    package static let holders = 64
    package static let tracksPerSeal = 64
    package static let groupsPerSeal = 16_384
    package static let members = 4_096
    package static let viewers = 4_096
    /// Leaves under one call commitment.
    package static let commitLeaves: UInt64 = 1 << 16
    /// Ten years, in milliseconds.
    package static let span: UInt64 = 315_360_000_000
}
