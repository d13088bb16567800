internal import Primitives

/// Record times as text: `2026-11-20T12:00:00Z`, with three digits of milliseconds when there are any (xsd:dateTime in
/// UTC, one spelling per time). From 1970 to the end of 9999.
enum Instant {
    private static let dayMilliseconds: UInt64 = 86_400_000
    /// 9999-12-31T23:59:59.999Z.
    static let latest = Timestamp(253_402_300_799_999)

    /// Nil for a time beyond `latest`.
    static func text(_ time: Timestamp) -> String? {
        guard time <= latest else { return nil }
        let (days, rest) = time.rawValue.quotientAndRemainder(dividingBy: dayMilliseconds)
        let date = civil(day: Int64(days))
        let (seconds, milliseconds) = rest.quotientAndRemainder(dividingBy: 1_000)
        let clock = [seconds / 3_600, seconds / 60 % 60, seconds % 60].map { padded($0, 2) }.joined(separator: ":")
        let fraction = milliseconds == 0 ? "" : "." + padded(milliseconds, 3)
        let parts = [padded(UInt64(date.year), 4), padded(UInt64(date.month), 2), padded(UInt64(date.day), 2)]
        return parts.joined(separator: "-") + "T" + clock + fraction + "Z"
    }

    /// Nil for any other spelling, and for a date that no calendar holds.
    static func time(_ text: String) -> Timestamp? {
        let bytes = Array(text.utf8)
        guard bytes.count == 20 || bytes.count == 24 else { return nil }
        func number(_ range: Range<Int>) -> UInt64? {
            var value: UInt64 = 0
            for byte in bytes[range] {
                guard (0x30...0x39).contains(byte) else { return nil }
                value = value * 10 + UInt64(byte - 0x30)
            }
            return value
        }
        guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10),
            let hour = number(11..<13), let minute = number(14..<16), let second = number(17..<19),
            let milliseconds = bytes.count == 24 ? number(20..<23) : 0,
            year >= 1970, (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second < 60
        else { return nil }
        let days = dayNumber(year: Int64(year), month: Int64(month), day: Int64(day))
        let seconds = UInt64(days) * 86_400 + hour * 3_600 + minute * 60 + second
        let time = Timestamp(seconds * 1_000 + milliseconds)
        return self.text(time) == text ? time : nil
    }

    private static func padded(_ value: UInt64, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    /// Days since 1970-01-01 of a date in the Gregorian calendar; a year is counted from March, so that the leap day
    /// comes last.
    private static func dayNumber(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let (era, yearOfEra) = shifted.quotientAndRemainder(dividingBy: 400)
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func civil(day: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let (era, dayOfEra) = (day + 719_468).quotientAndRemainder(dividingBy: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
    }
}
