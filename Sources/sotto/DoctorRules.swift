internal import EventLoop
internal import Primitives
internal import RPC

/// What one look at a node has found.
struct Finding: Sendable, Equatable {
    enum Verdict: String, Sendable, Comparable {
        case ok
        case warning
        case fault

        static func < (left: Verdict, right: Verdict) -> Bool { left.rank < right.rank }
        private var rank: Int {
            switch self {
            case .ok: 0
            case .warning: 1
            case .fault: 2
            }
        }
    }

    /// One word for what was looked at.
    let check: String
    let verdict: Verdict
    /// What was seen.
    let text: String
    /// What to do; nil when there is nothing to do.
    let advice: String?

    init(_ check: String, _ verdict: Verdict, _ text: String, advice: String? = nil) {
        self.check = check
        self.verdict = verdict
        self.text = text
        self.advice = advice
    }

    var json: JSONValue {
        [
            "check": .string(check), "verdict": .string(verdict.rawValue), "text": .string(text),
            "advice": advice.map { .string($0) } ?? .null,
        ]
    }
}

/// How measurements become findings: limits in one place, and nothing measured here.
enum DoctorRules {
    /// LevelDB sorts what it has by writing it anew, so it needs room.
    static let freeByteCountMin: UInt64 = 64 << 20
    static let freeByteCountLow: UInt64 = 1 << 30
    static let daysLow: UInt64 = 14
    static let syncSlow = Duration.milliseconds(50)
    static let openFilesLow: UInt64 = 2_048

    static func clock(_ discipline: ClockDiscipline?, skewMax: Duration) -> Finding {
        guard let discipline else { return Finding("clock", .warning, "the kernel does not say how its clock stands") }
        if discipline.isSynchronised {
            if discipline.errorMax > skewMax {
                return Finding(
                    "clock", .fault, "kept by a time daemon, to \(text(discipline.errorMax)) at worst",
                    advice: "the network allows \(text(skewMax)): look after the time daemon")
            }
            return Finding("clock", .ok, "kept by a time daemon, to \(text(discipline.errorMax)) at worst")
        }
        return Finding(
            "clock", .warning, "nothing keeps this machine's clock to a reference",
            advice: "run a time daemon, as chrony or systemd-timesyncd, unless the host of this machine keeps its clock"
        )
    }

    /// - Parameter milliseconds: own clock less the proposer's.
    static func skew(_ milliseconds: Int64, max: UInt64) -> Finding {
        let text = "\(milliseconds.magnitude) ms \(milliseconds < 0 ? "behind" : "ahead of") the last proposer's"
        if milliseconds.magnitude > max {
            return Finding("skew", .fault, text, advice: "the network allows \(max) ms: set the clock")
        }
        let isHigh = milliseconds.magnitude > max / 4
        return Finding("skew", isHigh ? .warning : .ok, text, advice: isHigh ? "look after the clock" : nil)
    }

    /// A stored record may be as old as it is, and is never newer than now.
    static func record(_ time: Timestamp, now: Timestamp, max: UInt64) -> Finding {
        let ahead = time.milliseconds(since: now)
        guard ahead <= Int64(clamping: max) else {
            return Finding(
                "skew", .fault, "the newest record is \(ahead / 1_000) s in this clock's future",
                advice: "this clock is behind: set it before the node starts")
        }
        return Finding("skew", .ok, "no record is in this clock's future")
    }

    static func sync(_ probe: SyncProbe?, delta: Duration) -> Finding {
        guard let probe else {
            return Finding(
                "fsync", .fault, "no file can be written and synced in the data directory",
                advice: "see its owner, permissions, and whether the disk is full or read-only")
        }
        let (median, high) = (probe.quantile(0.5), probe.quantile(0.99))
        let measured = "p50 \(text(median)), p99 \(text(high)) over \(probe.times.count) writes of 4 KiB"
        if median > delta {
            return Finding(
                "fsync", .fault, measured,
                advice: "each vote waits for one: slower than the network's Δ of \(text(delta)); use another disk")
        }
        if high > syncSlow {
            return Finding(
                "fsync", .warning, measured, advice: "each vote waits for one; a quicker disk answers sooner")
        }
        return Finding("fsync", .ok, measured)
    }

    /// - Parameters:
    ///   - used: bytes of the store.
    ///   - age: how long the network has been running.
    static func disk(_ space: DiskSpace?, used: UInt64?, age: Duration) -> Finding {
        guard let space else { return Finding("disk", .warning, "the file system does not say how much is free") }
        var seen = "\(space.freeByteCount >> 20) MiB free"
        var days: UInt64?
        if let used {
            let perDay = UInt64(Double(used) / max(1, age / .seconds(86_400)))
            seen += ", \(used >> 20) MiB used, \(perDay >> 20) MiB more a day"
            if perDay > 0 { days = space.freeByteCount / perDay }
        }
        if space.freeByteCount < freeByteCountMin {
            return Finding("disk", .fault, seen, advice: "make room: the node stops when a write finds none")
        }
        if let days, days < daysLow {
            return Finding("disk", .warning, seen, advice: "full in \(days) days at this pace: make room, or prune")
        }
        if space.freeByteCount < freeByteCountLow {
            return Finding("disk", .warning, seen, advice: "make room soon")
        }
        return Finding("disk", .ok, seen)
    }

    static func openFiles(_ max: UInt64) -> Finding {
        max < openFilesLow
            ? Finding(
                "files", .warning, "\(max) files may be open in this shell",
                advice: "the store, links and the RPC need \(openFilesLow): LimitNOFILE in the unit, or ulimit -n")
            : Finding("files", .ok, "\(max) files may be open in this shell")
    }

    static func text(_ duration: Duration) -> String {
        let microseconds = Int64(duration / .microseconds(1))
        if microseconds < 1_000 { return "\(microseconds) µs" }
        if microseconds < 10_000_000 { return "\(microseconds / 1_000) ms" }
        return "\(microseconds / 1_000_000) s"
    }
}
