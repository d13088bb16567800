package import Primitives

/// A stall in words: first what is awaited, then what this node knows of the reasons, each with what to do. A value
/// without a clock or a socket, so that every sentence has a test.
package struct StallReport: Sendable, Equatable {
    package let stall: Stall
    /// Members that have a link to this node now.
    package let connected: Set<MemberID>
    /// This node's own member.
    package let member: MemberID
    /// Bytes free on the disk of the store; nil when unknown.
    package let freeByteCount: UInt64?

    /// What members are called in genesis; others are called by the beginning of their ids.
    package let names: [MemberID: String]

    /// Less is called full: LevelDB needs room to sort what it has.
    package static let freeByteCountMin: UInt64 = 64 << 20

    package init(
        stall: Stall, connected: Set<MemberID>, member: MemberID, freeByteCount: UInt64?,
        names: [MemberID: String] = [:]
    ) {
        self.stall = stall
        self.connected = connected
        self.member = member
        self.freeByteCount = freeByteCount
        self.names = names
    }

    /// What is awaited, in one sentence:
    /// `view 812: waiting for notarize votes of validator-3 (fb13fdc20397) (2 of 3 here)`.
    package var headline: String {
        if let failure = stall.failure {
            return isDiskFull ? "the disk of the store is full" : "the store failed: \(failure)"
        }
        let view = "view \(stall.view.rawValue): "
        switch stall.step {
        case .proposal:
            let leader = stall.leader.map(name) ?? "nobody"
            return view + "waiting for the proposal of \(leader), its leader"
        case .notarize, .nullify, .finalize:
            let count = "(\(stall.voters.count) of \(stall.quorum) here)"
            return view + "waiting for \(stall.step.rawValue) votes of \(names(stall.missing)) \(count)"
        case .block: return view + "waiting for a block that is final and was not sent to this node yet"
        }
    }

    /// What is known of the reasons, each with what to do about it.
    package var causes: [String] {
        var causes: [String] = []
        if isDiskFull {
            causes.append(
                "\(Self.megabytes(freeByteCount ?? 0)) are free on the disk of the store: make room, "
                    + "then start the node again"
            )
        } else if stall.failure != nil {
            causes.append("nothing more is written: see sotto doctor, then start the node again")
        } else if let free = freeByteCount, free < Self.freeByteCountMin {
            causes.append("only \(Self.megabytes(free)) are free on the disk of the store: make room")
        }
        if let fault = stall.signerFault { causes.append(fault.sentence) }
        if stall.isMuted {
            causes.append(
                "this node signs nothing: its key signed what its store does not know; see the log, and sotto doctor")
        }
        if let skew = stall.skewMilliseconds, skew.magnitude > stall.skewMax {
            let word = skew > 0 ? "ahead of" : "behind"
            causes.append(
                "this node's clock is \(skew.magnitude / 1_000) s \(word) the last proposer's, and "
                    + "\(stall.skewMax / 1_000) s are allowed: set the clock, by NTP")
        }
        if !stall.denied.isEmpty {
            causes.append(
                "\(names(stall.denied)) \(stall.denied.count == 1 ? "does" : "do") not give it: pruned there, or "
                    + "erased since; if nobody has it, stop the node and begin anew with sotto snapshot restore "
                    + "--replace")
        }
        let others = stall.missing.filter { $0 != member }
        let unlinked = others.filter { !connected.contains($0) }
        let linked = others.filter { connected.contains($0) }
        if !unlinked.isEmpty { causes.append("no link to \(names(unlinked)): stopped, cut off, or wrongly addressed") }
        if !linked.isEmpty, stall.step != .proposal {
            causes.append("\(names(linked)) \(linked.count == 1 ? "has" : "have") a link here and did not vote")
        }
        if stall.viewsSince > 2 { causes.append("\(stall.viewsSince) views were begun since the last block") }
        return causes
    }

    /// One word per kind of cause, for a log line.
    package var word: String {
        if isDiskFull { return "disk_full" }
        if stall.failure != nil { return "store_failed" }
        if let fault = stall.signerFault { return "signer_" + fault.word }
        if stall.isMuted { return "not_signing" }
        if let skew = stall.skewMilliseconds, skew.magnitude > stall.skewMax { return "clock_off" }
        return stall.denied.isEmpty ? stall.step.rawValue : "block_denied"
    }

    private var isDiskFull: Bool {
        guard stall.failure != nil, let free = freeByteCount else { return false }
        return free < Self.freeByteCountMin / 4
    }

    private func name(_ id: MemberID) -> String {
        if id == member { return "this node" }
        let id12 = String(id.hex.prefix(12))
        guard let name = names[id], !name.isEmpty else { return id12 }
        return "\(name.filter { $0.isLetter || $0.isNumber || $0 == "-" }) (\(id12))"
    }

    private func names(_ ids: [MemberID]) -> String { ids.isEmpty ? "nobody" : ids.map(name).joined(separator: ", ") }

    private static func megabytes(_ count: UInt64) -> String { "\(count >> 20) MiB" }
}

/// Says once that a stall began, again while it lasts, and once that it is over.
package struct StallVoice: Sendable, Equatable {
    package enum Word: Sendable, Equatable {
        case stalled
        case resumed(after: Duration)
    }

    /// Between two lines about one stall.
    package static let interval = Duration.seconds(30)
    private var saidAt: Duration?
    private var longest = Duration.zero

    package init() {}

    /// - Parameter stalled: how long the stall lasts; nil when there is none.
    package mutating func hear(stalled: Duration?, at now: Duration) -> Word? {
        guard let stalled else {
            guard saidAt != nil else { return nil }
            defer { self = StallVoice() }
            return .resumed(after: longest)
        }
        longest = max(longest, stalled)
        if let saidAt, now - saidAt < Self.interval { return nil }
        saidAt = now
        return .stalled
    }
}
