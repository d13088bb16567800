import Simulation

/// What the command line asks for.
struct Request {
    private var first: UInt64 = 1
    private var count: UInt64?
    private var single: UInt64?
    private(set) var memberCount: Int?
    private(set) var flaw: Flaws = []
    private var flawName: String?
    private(set) var isJSON = false
    private(set) var isMutating = false

    /// Nil when an argument is unknown or out of range, or when two contradict each other.
    init?(_ arguments: [String]) {
        var rest = arguments[...]
        while let flag = rest.popFirst() {
            if flag == "--json" {
                isJSON = true
            } else if flag == "--mutations" {
                isMutating = true
            } else if let value = rest.popFirst() {
                guard take(flag, value) else { return nil }
            } else {
                return nil
            }
        }
        if single != nil, count != nil || isMutating { return nil }
        if isMutating, flawName != nil || memberCount != nil || isJSON { return nil }
    }

    private mutating func take(_ flag: String, _ value: String) -> Bool {
        switch flag {
        case "--seeds":
            count = UInt64(value).flatMap { $0 > 0 && $0 < 1 << 32 ? $0 : nil }
            return count != nil
        case "--from":
            guard let seed = UInt64(value) else { return false }
            first = seed
            return true
        case "--seed":
            single = UInt64(value)
            return single != nil
        case "--members":
            memberCount = Int(value).flatMap { (1...32).contains($0) ? $0 : nil }
            return memberCount != nil
        case "--flaw":
            guard let entry = Flaws.names.first(where: { $0.name == value }) else { return false }
            (flaw, flawName) = (entry.flaw, entry.name)
            return true
        default: return false
        }
    }

    var seeds: Range<UInt64> {
        if let single { return single..<single + (single < .max ? 1 : 0) }
        return first..<first + min(count ?? (isMutating ? 1_000 : 200), .max - first)
    }

    /// Whether what happens is to be told.
    var isTold: Bool { single != nil && !isJSON }

    /// The flags, beside the seed, that make a failure come again.
    var repeated: String {
        (memberCount.map { " --members \($0)" } ?? "") + (flawName.map { " --flaw \($0)" } ?? "")
    }
}
