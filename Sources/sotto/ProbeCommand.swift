internal import Crypto
internal import EventLoop
internal import Glibc
internal import Ledger
internal import Node
internal import Primitives
internal import RPC
internal import Wire

/// `sotto ledger probe`: does the network finalise, and how fast, as seen from outside?
enum ProbeCommand {
    static let command = Command(
        "ledger probe", "Send a small transaction again and again, and measure finality.",
        description: """
            As the registrar of a test network, admits a throwaway person at every interval, waits for each admission to
            become final, and reports how many did, how long it took, and the longest time in which none did.
            """,
        flags: MemberConnection.flags + [
            .init("--every", "MILLISECONDS", "Between two transactions. Default 100."),
            .init("--for", "SECONDS", "How long. Default 5."),
            .init("--note", "FILE", "Append the id and height of each transaction that became final, as it does."),
        ],
        example: "sotto ledger probe --for 10 --home ./network/registrar"
    ) { invocation throws(CommandError) in
        let every = try invocation.integer("--every", in: 10...60_000) ?? 100
        let seconds = try invocation.integer("--for", in: 1...3_600) ?? 5
        let client = try await MemberConnection.open(invocation)
        let entry = try await explained { () async throws(HomeError) in try await client.memberEntry(client.member) }
        guard entry?.roles.contains(.registrar) ?? false else {
            throw CommandError(.refused, "the member of this data directory is no registrar", hint: "--home REGISTRAR")
        }
        let notes = try Notes(invocation.flag("--note"))
        let began = SystemTime.monotonic
        let tally = await withTaskGroup(of: Attempt.self) { group in
            var tally = Tally(began: began)
            for number in 0..<Int(seconds * 1_000 / every) {
                let due = began + .milliseconds(Int64(number) * Int64(every))
                try? await Task.sleep(for: due - SystemTime.monotonic)
                group.addTask { await probe(client, notes) }
            }
            for await attempt in group { tally.add(attempt) }
            return tally
        }
        let result = tally.result(ended: SystemTime.monotonic)
        if invocation.wantsJSON { return Output.json(result.json) }
        Output.line(result.text)
    }

    private static func probe(_ client: HomeClient, _ notes: Notes) async -> Attempt {
        let key = SigningKey.generate()
        let body = Registration(
            keys: MemberKeys(sign: key.publicKey, agreement: AgreementSecret.generate().publicKey), roles: .person,
            salt: SecureRandom.bytes(count: Registration.saltByteCount)
        ).encoded
        guard let registration = try? SignedRegistration(key.sign(.registration, chain: client.chain, body: body))
        else {
            preconditionFailure("a fresh registration is well formed")
        }
        let began = SystemTime.monotonic
        do throws(HomeError) {
            let outcome = try await client.submit(.memberAdmit(MemberAdmit(registration: registration)))
            notes.add("\(outcome.id.hex) \(outcome.height.rawValue)")
        } catch {
            return Attempt(end: SystemTime.monotonic, latency: nil, fault: error.explained.messages.first)
        }
        let end = SystemTime.monotonic
        return Attempt(end: end, latency: end - began, fault: nil)
    }

    /// What became final, line by line, for whoever holds it against the ledger later.
    private struct Notes: Sendable {
        private let descriptor: Int32?

        init(_ path: String?) throws(CommandError) {
            guard let path else {
                descriptor = nil
                return
            }
            let opened = unsafe open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
            guard opened >= 0 else { throw CommandError("cannot write \(path)") }
            descriptor = opened
        }

        func add(_ line: String) {
            guard let descriptor else { return }
            let bytes = Array((line + "\n").utf8)
            unsafe _ = bytes.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
        }
    }

    private struct Attempt: Sendable {
        let end: Duration
        let latency: Duration?
        let fault: String?
    }

    private struct Tally {
        let began: Duration
        var ends: [Duration] = []
        var latencies: [Duration] = []
        var failed = 0
        var fault: String?

        init(began: Duration) { self.began = began }

        mutating func add(_ attempt: Attempt) {
            guard let latency = attempt.latency else {
                failed += 1
                fault = fault ?? attempt.fault
                return
            }
            ends.append(attempt.end)
            latencies.append(latency)
        }

        func result(ended: Duration) -> Result {
            let times = [began] + ends.sorted()
            let gaps = zip(times, times.dropFirst()).map { $1 - $0 }
            let sorted = latencies.sorted()
            return Result(
                finalised: latencies.count, failed: failed, median: sorted.isEmpty ? nil : sorted[sorted.count / 2],
                slowest: sorted.last, longestGap: gaps.max() ?? (ended - began), fault: fault)
        }
    }

    private struct Result {
        let finalised: Int
        let failed: Int
        let median: Duration?
        let slowest: Duration?
        let longestGap: Duration
        /// Why the first that failed did.
        let fault: String?

        private func milliseconds(_ duration: Duration?) -> UInt64 {
            duration.map { UInt64(max(0, $0 / .milliseconds(1))) } ?? 0
        }

        var json: JSONValue {
            [
                "finalised": .unsigned(UInt64(finalised)), "failed": .unsigned(UInt64(failed)),
                "medianMilliseconds": .unsigned(milliseconds(median)),
                "slowestMilliseconds": .unsigned(milliseconds(slowest)),
                "longestGapMilliseconds": .unsigned(milliseconds(longestGap)),
                "fault": fault.map { .string($0) } ?? .null,
            ]
        }

        var text: String {
            """
            \(finalised) final, \(failed) not; median \(milliseconds(median)) ms, slowest \(milliseconds(slowest)) ms; \
            longest time without one: \(milliseconds(longestGap)) ms\(fault.map { "; first fault: \($0)" } ?? "")
            """
        }
    }
}
