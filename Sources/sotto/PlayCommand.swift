internal import FoundationEssentials
internal import Glibc
internal import Ledger
internal import Media
internal import Node
internal import Primitives
internal import RPC
internal import Wire

/// `sotto recording play`: opens a recording group by group, as far as the ledger lets this member.
enum PlayCommand {
    static let command = Command(
        "recording play", "Play a recording into a WebM file.",
        description: """
            Leases the recording's minutes one after the other, has the validators release their keys, takes the outer
            layer off and writes every frame that opens into a WebM file. Each lease stands on the ledger. The next
            minute can be leased 50 seconds after the one before, so a long recording takes nearly as long as it plays.
            It says of each sender whether a member's own certificate stands behind it (agreed) or only a home node's
            word (claimed).
            """,
        arguments: [.init("ID", "the recording, 64 hexadecimal digits")],
        flags: MemberConnection.flags + [
            .init("--output", "FILE", "The WebM file to write; must not exist."),
            .init("--from", "MINUTE", "The first minute to play. Default the first there is."),
            .init("--to", "MINUTE", "The last minute to play. Default the last there is."),
            .init("--openings", "DIRECTORY", "Openings of call certificates, files *.opening: they prove who agreed."),
        ],
        example: "sotto recording play 4f…c1 --output call.webm --home ./bob"
    ) { invocation throws(CommandError) in
        let recording = try recordingID(invocation)
        let path = try invocation.required("--output", "FILE")
        let first = try invocation.integer("--from", in: 0...1 << 28) ?? 0
        let last = try invocation.integer("--to", in: first...1 << 28) ?? 1 << 28
        let client = try await MemberConnection.open(invocation)
        let player = Player(
            home: MemberPlayback(client: client),
            source: OpenedSource(HomeRecordingSource(home: client), openings: try openings(invocation)),
            limits: client.rules.leaseLimits)
        let file = try OutputFile(path)
        var webm = PlaybackFile()
        let report: PlaybackReport
        do {
            report = try await player.play(recording, groups: GroupIndex(first)...GroupIndex(last)) { group in
                try file.append(try webm.write(group))
                if !invocation.wantsJSON { Output.note("minute \(group.group): \(group.frames.count) frames") }
            }
            let (tail, patches) = webm.finish()
            try file.append(tail)
            for patch in patches { try file.write(patch.bytes, at: patch.offset) }
        } catch let error as PlaybackError {
            if webm.frameCount == 0 { file.remove() }
            throw error.explained
        } catch let error as CommandError {
            throw error
        } catch {
            throw CommandError("cannot write \(path)")
        }
        if webm.frameCount == 0 { file.remove() }
        tell(report, client.chain, invocation)
        if let ended = report.ended { throw ended.explained }
    }

    private static func openings(_ invocation: Invocation) throws(CommandError) -> [CertificateOpening] {
        guard let directory = invocation.flag("--openings") else { return [] }
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: directory) else {
            throw CommandError(.usage, "cannot read the directory \(directory)")
        }
        var openings: [CertificateOpening] = []
        for name in names.sorted() where name.hasSuffix(".opening") {
            guard let data = try? Data(contentsOf: URL(filePath: directory + "/" + name)),
                data.count <= CertificateOpening.byteCountMax,
                let opening = try? CertificateOpening(decoding: [UInt8](data))
            else { throw CommandError(.usage, "\(directory)/\(name) is no opening of a certificate") }
            openings.append(opening)
        }
        return openings
    }

    private static func tell(_ report: PlaybackReport, _ chain: ChainID, _ invocation: Invocation) {
        if invocation.wantsJSON { return Output.json(json(report, chain), pretty: false) }
        var rows = [
            ["standing", report.standing],
            ["minutes", "\(report.groups.count)"],
            ["frames", "\(report.frameCount), \(report.provenFrameCount) proven by their senders"],
        ]
        if report.unopenedFrameCount > 0 { rows.append(["not opened", "\(report.unopenedFrameCount) frames"]) }
        for sender in report.senders {
            rows.append(["sender", "\(sender.key.hex.prefix(12)) \(word(sender, chain))"])
        }
        for validator in report.faultyValidators {
            rows.append(["bad share", "from validator \(validator.hex.prefix(12))"])
        }
        Output.line(Table.plain(rows))
    }

    private static func word(_ sender: PlaybackReport.Sender, _ chain: ChainID) -> String {
        let standing =
            switch sender.standing {
            case .agreed(let member): "agreed, \(member.text(chain: chain))"
            case .claimed: "claimed"
            }
        return sender.isWithheld ? "\(standing); withheld, its consent does not stand" : standing
    }

    private static func json(_ report: PlaybackReport, _ chain: ChainID) -> JSONValue {
        [
            "recording": .string(report.recording.hex), "standing": .string(report.standing),
            "groups": .list(report.groups.map { .unsigned($0.rawValue) }),
            "frames": .unsigned(UInt64(report.frameCount)), "proven": .unsigned(UInt64(report.provenFrameCount)),
            "unopened": .unsigned(UInt64(report.unopenedFrameCount)),
            "senders": .list(
                report.senders.map { sender in
                    let member: JSONValue
                    switch sender.standing {
                    case .agreed(let id): member = .string(id.text(chain: chain))
                    case .claimed: member = .null
                    }
                    return [
                        "key": .string(sender.key.hex),
                        "standing": .string(sender.standing == .claimed ? "claimed" : "agreed"), "member": member,
                        "withheld": .boolean(sender.isWithheld),
                    ]
                }),
            "faultyValidators": .list(report.faultyValidators.map { .string($0.hex) }),
            "ended": report.ended.map { .string($0.explained.messages[0]) } ?? .null,
        ]
    }
}

/// Reads the recording that the first argument names.
func recordingID(_ invocation: Invocation) throws(CommandError) -> RecordingID {
    let text = try invocation.required(0, "ID")
    guard let id = RecordingID(hex: text) else {
        throw CommandError(
            .usage, "\(text) is no recording", hint: "64 hexadecimal digits, as sotto recording list says")
    }
    return id
}

extension PlaybackError {
    /// What a person reads.
    var explained: CommandError {
        switch self {
        case .notPublished:
            CommandError(.refused, "the recording is not published", hint: "its rights holder: sotto rights publish ID")
        case .leaseRefused(let result): CommandError(.refused, "the ledger gives no lease: \(result.word)")
        case .sharesMissing(let missing):
            CommandError(
                .refused, messages: [Self.sentence(missing)],
                hint: missing.faulty.isEmpty ? nil : "bad shares came from the validators named; tell their operators")
        case .layerPending(let epoch):
            CommandError(
                .timedOut, "the holders have not agreed on the outer layer of rights epoch \(epoch) yet",
                hint: "try again in some seconds")
        case .blockMissing: CommandError(.refused, "a block of the recording cannot be had from any holder")
        case .mismatch:
            CommandError(.refused, "what came is not what the ledger names: it is not played")
        case .home: CommandError(.unreachable, "the home node did not answer, or its answer is not proven")
        case .file: CommandError("the frames do not fit a WebM file, or it cannot be written")
        }
    }

    private static func sentence(_ missing: SharesMissing) -> String {
        let reasons = Set(missing.refusals.map { String(describing: $0.reason) }).sorted().joined(separator: ", ")
        let faulty = missing.faulty.map { String($0.hex.prefix(12)) }.joined(separator: ", ")
        return "\(missing.have) of \(missing.need) shares came"
            + (reasons.isEmpty ? "" : "; refused: \(reasons)") + (faulty.isEmpty ? "" : "; bad: \(faulty)")
    }
}

/// A new file that is written in order and patched at the end.
final class OutputFile: Sendable {
    private let path: String
    private let descriptor: Int32

    init(_ path: String) throws(CommandError) {
        self.path = path
        descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL, 0o600)
        guard descriptor >= 0 else {
            throw CommandError("cannot make \(path)", hint: errno == EEXIST ? "it exists; nothing was written" : nil)
        }
    }

    deinit { close(descriptor) }

    func append(_ bytes: [UInt8]) throws(CommandError) {
        unsafe try whole(bytes) { pointer, count, _ in unsafe Glibc.write(descriptor, pointer, count) }
    }

    func write(_ bytes: [UInt8], at offset: UInt64) throws(CommandError) {
        unsafe try whole(bytes) { pointer, count, done in
            unsafe pwrite(descriptor, pointer, count, off_t(offset) + off_t(done))
        }
    }

    func remove() { unsafe _ = unlink(path) }

    private func whole(
        _ bytes: [UInt8], _ body: (UnsafeRawPointer, Int, Int) -> Int
    ) throws(CommandError) {
        var done = 0
        while done < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer -> Int in
                guard let start = buffer.baseAddress else { return 0 }
                return unsafe body(start + done, buffer.count - done, done)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw CommandError("cannot write \(path)") }
            done += count
        }
    }
}
