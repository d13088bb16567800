/// A number that counts one kind of thing. Heights and views are both numbers, and never the same number.
package protocol Counter: Hashable, Comparable, Sendable, CustomStringConvertible {
    var rawValue: UInt64 { get }
    init(_ rawValue: UInt64)
}

extension Counter {
    package static var zero: Self { Self(0) }
    /// The one after; stays at the highest value instead of wrapping.
    package var next: Self { Self(rawValue == .max ? .max : rawValue + 1) }
    /// The one before, or nil at zero.
    package var previous: Self? { rawValue == 0 ? nil : Self(rawValue - 1) }
    package var description: String { String(rawValue) }
    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// A place in the chain of finalised ledger blocks; genesis is 0, the first block 1.
package struct Height: Counter {
    package let rawValue: UInt64
    package init(_ rawValue: UInt64) { self.rawValue = rawValue }
}

/// A round of the consensus engine; never restarts, not even between validator epochs. Genesis is view 0.
package struct View: Counter {
    package let rawValue: UInt64
    package init(_ rawValue: UInt64) { self.rawValue = rawValue }
}

/// The span of heights in which one validator set votes.
package struct ValidatorEpoch: Counter {
    package let rawValue: UInt64
    package init(_ rawValue: UInt64) { self.rawValue = rawValue }
}

/// The span of a call in which one set of participants shares media keys.
package struct RosterEpoch: Counter {
    package let rawValue: UInt64
    package init(_ rawValue: UInt64) { self.rawValue = rawValue }
}

/// The span in which one outer layer lies over a recording; every revocation starts the next.
package struct RightsEpoch: Counter {
    package let rawValue: UInt64
    package init(_ rawValue: UInt64) { self.rawValue = rawValue }
}

/// The span in which one dealing of threshold key shares is in force.
package struct SharingEpoch: Counter {
    package let rawValue: UInt64
    package init(_ rawValue: UInt64) { self.rawValue = rawValue }
}

/// The span of 30 days in which a phone number has one location in the DHT.
package struct LocationEpoch: Counter {
    package static let milliseconds: UInt64 = 30 * 24 * 3_600_000
    package let rawValue: UInt64
    package init(_ rawValue: UInt64) { self.rawValue = rawValue }
    /// The epoch that `time` falls into.
    package init(at time: Timestamp) { rawValue = time.rawValue / Self.milliseconds }
}

/// A group of 60 s of a recording, counted from its start: the portion that one lease-group key opens.
package struct GroupIndex: Counter {
    package let rawValue: UInt64
    package init(_ rawValue: UInt64) { self.rawValue = rawValue }
}

/// Milliseconds since 1970-01-01T00:00:00Z. Tells time; order is told by `Height`.
package struct Timestamp: Counter {
    package let rawValue: UInt64
    package init(_ rawValue: UInt64) { self.rawValue = rawValue }

    /// Later by `milliseconds`; stays at the highest value instead of wrapping.
    package func adding(milliseconds: UInt64) -> Timestamp {
        let (sum, overflow) = rawValue.addingReportingOverflow(milliseconds)
        return Timestamp(overflow ? .max : sum)
    }

    /// Milliseconds from `earlier` to here, 0 when `earlier` is later.
    package func milliseconds(since earlier: Timestamp) -> UInt64 {
        rawValue > earlier.rawValue ? rawValue - earlier.rawValue : 0
    }
}
