package import Primitives
package import Wire

/// A condition on a rule: `[kind, value]`.
package enum PolicyConstraint: Hashable, Sendable {
    /// From this record time on.
    case notBefore(Timestamp)
    /// Up to this record time, that moment excluded.
    case before(Timestamp)
    /// For so many uses: of playing, viewings.
    case count(UInt64)
    /// For so many seconds of media in all, counted in whole groups as they are leased.
    case seconds(UInt64)
    /// While no more than so many members are at it, this one included.
    case concurrency(UInt64)

    /// The number of a kind in the encoding; new kinds get new numbers.
    package enum Kind: UInt8, CaseIterable, Sendable {
        case notBefore = 1
        case before = 2
        case count = 3
        case seconds = 4
        case concurrency = 5
    }

    package var kind: Kind {
        switch self {
        case .notBefore: .notBefore
        case .before: .before
        case .count: .count
        case .seconds: .seconds
        case .concurrency: .concurrency
        }
    }

    private var value: UInt64 {
        switch self {
        case .notBefore(let time), .before(let time): time.rawValue
        case .count(let number), .seconds(let number), .concurrency(let number): number
        }
    }

    /// Why the request does not meet the condition; nil when it does.
    package func refusal(of request: PolicyRequest) -> PolicyRefusal? {
        switch self {
        case .notBefore(let time): return request.now >= time ? nil : .tooEarly
        case .before(let time): return request.now < time ? nil : .tooLate
        case .count(let limit): return request.usesSoFar < limit ? nil : .countExhausted
        case .seconds(let limit):
            let (sum, overflow) = request.secondsSoFar.addingReportingOverflow(request.secondsAsked)
            return !overflow && sum <= limit ? nil : .timeExhausted
        case .concurrency(let limit): return request.othersActive < limit ? nil : .tooManyActive
        }
    }
}

extension PolicyConstraint: WireObject {
    package init(from reader: inout CBORReader) throws(WireError) {
        let start = reader.offset
        guard try reader.arrayHeader(max: 2) == 2 else { throw .unexpectedType(at: start) }
        guard let kind = Kind(rawValue: UInt8(try reader.unsigned(max: 255))) else { throw .badValue(field: "when") }
        let value = try reader.unsigned()
        reader.leave()
        switch kind {
        case .notBefore: self = .notBefore(Timestamp(value))
        case .before: self = .before(Timestamp(value))
        case .count: self = .count(value)
        case .seconds: self = .seconds(value)
        case .concurrency: self = .concurrency(value)
        }
    }

    package func encode(into writer: inout CBORWriter) {
        writer.arrayHeader(count: 2)
        writer.unsigned(UInt64(kind.rawValue))
        writer.unsigned(value)
    }
}
