internal import EventLoop
internal import ICE
internal import MediaEndpoint
internal import Node
internal import Primitives
internal import RPC
internal import Signalling

/// `sotto call` and `sotto answer`: a phone in the terminal, with files for camera and screen.
enum CallCommands {
    private static let mediaFlags = [
        Command.Flag("--camera", "FILE", "WebM file (VP8 and Opus) that serves as camera and microphone."),
        Command.Flag("--received", "FILE", "Where to write what the other side sends, as WebM."),
        Command.Flag("--stun", "HOST", "A STUN server, which tells what address a NAT shows. Default none."),
        CallRecorder.flag,
    ]

    static let call = Command(
        "call", "Call somebody.",
        description: """
            Calls a phone number, end to end encrypted; no server learns the number. Read the six digits or the four
            words to each other: when they are the same, nobody sits in between. Ends with --for, with the end of the
            camera's file, or with Ctrl-C.
            --direct is for finding faults: it takes the address that sotto answer prints, and asks no directory.
            """,
        flags: MemberConnection.flags + [
            .init("--number", "NUMBER", "The phone number, with its country code: +49…."),
            .init("--direct", "ADDRESS", "node:mailbox:member:cid, as sotto answer prints it."),
            .init("--for", "SECONDS", "Hang up after so long in the call."), CallNotes.flag,
        ] + mediaFlags,
        example: "sotto call --number +4915112345678 --camera hello.webm --received answer.webm"
    ) { invocation throws(CommandError) in
        let limit = try seconds(invocation)
        let client = try await MemberConnection.open(invocation)
        let callee = try await callee(invocation, client)
        let media = try media(invocation)
        let stop = try StopSignal()
        let phone = try phone(invocation, client)
        let session: CallSession
        do throws(EndReason) { session = try await phone.call(callee, media: media) } catch {
            throw CallTeller.explain(error)
        }
        let teller = CallTeller(wantsJSON: invocation.wantsJSON, chain: client.chain)
        let wish: CallRecorder.Wish = invocation.has("--record") ? .ask : .refuse
        let home = try HomeFiles(invocation)
        let recorder = RecorderSlot()
        // Each of these ends with the program, or hangs up.
        let hangUp: @Sendable () -> Void = {
            Task {
                await recorder.finish()
                session.end()
            }
        }
        Task {
            await stop.wait()
            hangUp()
        }
        let began = SystemTime.utc
        let report = await teller.follow(session) { event in
            switch event {
            case .inCall:
                await recorder.fill { await CallRecorder(of: session, client, home, wish, teller) }
                guard let limit else { return }
                Task {
                    try? await Task.sleep(for: limit)
                    hangUp()
                }
            case .cameraEnded: if limit == nil { hangUp() }
            case .calling, .ringingThere, .incoming, .shortAuthentication, .reconnecting, .ended: break
            }
        }
        await recorder.finish()
        if invocation.has("--commit"), report?.wasConnected ?? false {
            await CallNotes.keep(session, since: began, client, home, teller)
        }
        await phone.stop()
        if let error = CallTeller.failure(report) { throw error }
    }

    static let answer = Command(
        "answer", "Be called.",
        description: """
            Listens for calls, rings, and answers; with --number under that number, which it publishes anew every few
            hours. The first time a registrar must attest the number: --registrar, as for sotto number publish. Without
            --accept or --decline it asks on the keyboard. Prints the address at which it can be called with --direct.
            Goes on until Ctrl-C, or with --once until one call ended.
            """,
        flags: MemberConnection.flags + [
            .init("--number", "NUMBER", "Be found under this number."),
            .init("--registrar", "DIRECTORY", "The data directory of a registrar, which learns the number."),
            .init("--accept", "Answer every call."), .init("--decline", "Decline every call."),
            .init("--once", "End with the first call; the exit code says how it went."),
        ] + mediaFlags,
        example: "sotto answer --number +4915112345678 --accept --once --received caller.webm"
    ) { invocation throws(CommandError) in
        if invocation.has("--accept"), invocation.has("--decline") {
            throw CommandError(.usage, "--accept and --decline exclude each other")
        }
        _ = try media(invocation)
        let number = invocation.flag("--number") == nil ? nil : try NumberCommands.number(invocation)
        let client = try await MemberConnection.open(invocation)
        let stop = try StopSignal()
        let phone = try phone(invocation, client)
        let listing: PhoneDevice.Listing
        do throws(HomeRefusal) { listing = try await phone.listen() } catch {
            throw CommandError(.refused, "the home node refuses to be called at: \(error.name)")
        }
        if let number { try await publish(number, listing, invocation, client) }
        let teller = CallTeller(wantsJSON: invocation.wantsJSON, chain: client.chain)
        teller.listening(Callee(member: client.member, address: listing.address, bundle: listing.bundle))
        // Both end with the program.
        Task {
            await stop.wait()
            await phone.stop()
        }
        Task {
            while let number, (try? await Task.sleep(for: publishingInterval)) != nil {
                // A failure is made up for the next time: the record outlives several of them.
                try? await publish(number, listing, invocation, client)
            }
        }
        for await session in phone.incoming {
            let report = try await ring(session, teller, invocation, client)
            guard invocation.has("--once") else { continue }
            await phone.stop()
            if let error = CallTeller.failure(report) { throw error }
        }
    }

    /// A record lives a day.
    private static let publishingInterval = Duration.seconds(4 * 3_600)

    private static func publish(
        _ number: PhoneNumber, _ listing: PhoneDevice.Listing, _ invocation: Invocation, _ client: HomeClient
    ) async throws(CommandError) {
        _ = try await NumberCommands.publish(
            number, mailbox: listing.address, prekeys: listing.bundle, registrar: invocation.flag("--registrar"),
            home: try HomeFiles(invocation), client: client)
    }

    private static func ring(
        _ session: CallSession, _ teller: CallTeller, _ invocation: Invocation, _ client: HomeClient
    ) async throws(CommandError) -> CallReport? {
        let media = try media(invocation)
        let home = try HomeFiles(invocation)
        let wish: CallRecorder.Wish = invocation.has("--record") ? .agree : .refuse
        let recorder = RecorderSlot()
        let report = await teller.follow(session) { event in
            if event == .inCall {
                await recorder.fill { await CallRecorder(of: session, client, home, wish, teller) }
            }
            guard event == .incoming else { return }
            if invocation.has("--accept") { return await session.accept(media) }
            if invocation.has("--decline") { return session.end(.declined) }
            // Ends with the line, or with the program.
            Task {
                Output.note("accept? y or n")
                let line = await Keyboard().line()
                if line == "y" || line == "yes" { await session.accept(media) } else { session.end(.declined) }
            }
        }
        await recorder.finish()
        return report
    }

    // MARK: From the command line

    private static func callee(_ invocation: Invocation, _ client: HomeClient) async throws(CommandError) -> Callee {
        if invocation.flag("--number") != nil {
            let number = try NumberCommands.number(invocation)
            do throws(NumberError) {
                let record = try await NumberDirectory(home: client).find(number).record
                return Callee(member: record.member, address: record.mailbox, bundle: record.prekeys)
            } catch {
                if case .notListed = error { throw CallTeller.explain(.notFound) }
                throw error.explained(client.chain)
            }
        }
        guard let text = invocation.flag("--direct") else {
            throw CommandError(.usage, "whom to call is missing", hint: "--number +49…")
        }
        guard let callee = Callee(direct: text) else {
            throw CommandError(.usage, "--direct takes node:mailbox:member:cid", hint: "sotto answer prints it")
        }
        return callee
    }

    private static func seconds(_ invocation: Invocation) throws(CommandError) -> Duration? {
        guard var text = invocation.flag("--for") else { return nil }
        if text.hasSuffix("s") { text.removeLast() }
        guard let seconds = Int64(text), (1...86_400).contains(seconds) else {
            throw CommandError(.usage, "--for takes seconds from 1 to 86400")
        }
        return .seconds(seconds)
    }

    private static func media(_ invocation: Invocation) throws(CommandError) -> CallMedia {
        var media = CallMedia()
        if let path = invocation.flag("--camera") {
            let file = try SourceFile(path)
            media.camera = { () async throws(PipelineError) -> [UInt8]? in file.next() }
        }
        if let path = invocation.flag("--received") {
            let file = try TargetFile(path)
            media.received = { file.append($0) }
        }
        return media
    }

    private static func phone(_ invocation: Invocation, _ client: HomeClient) throws(CommandError) -> PhoneDevice {
        var settings = CallSettings()
        if let host = invocation.flag("--stun") { settings.transport.ice.stunServer = .init(host: host) }
        // Whose home is on this machine may call somebody on this machine.
        let url = try MemberConnection.url(invocation)
        if url.contains("://127.") || url.contains("://localhost") || url.contains("://[::1]") {
            settings.transport.ice.localAddresses = .interfacesAndLoopback
        }
        return PhoneDevice(
            member: client.member, keys: client.keys, home: ClientCallHome(client), settings: settings)
    }
}

/// Tells a person, or a program, how a call goes.
struct CallTeller: Sendable {
    let wantsJSON: Bool
    let chain: ChainID

    func listening(_ callee: Callee) {
        if wantsJSON {
            Output.json(["event": "listening", "direct": .string(callee.text)], pretty: false)
        } else {
            Output.line("listening at \(callee.text)")
        }
    }

    /// Prints each event; returns the report of the end.
    func follow(_ session: CallSession, _ react: (CallEvent) async -> Void) async -> CallReport? {
        for await event in session.events {
            tell(event, session)
            await react(event)
            if case .ended(let report) = event { return report }
        }
        return nil
    }

    private func tell(_ event: CallEvent, _ session: CallSession) {
        let peer = session.peer.text(chain: chain)
        switch event {
        case .calling: say("calling", "calling \(peer)", ["peer": .string(session.peer.hex)])
        case .ringingThere: say("ringing", "ringing there")
        case .incoming: say("incoming", "\(peer) is calling", ["peer": .string(session.peer.hex)])
        case .shortAuthentication(let words):
            say(
                "compare", "compare  \(words.digits)  \(words.words.joined(separator: " "))",
                ["digits": .string(words.digits), "words": .list(words.words.map { .string($0) })])
        case .inCall: say("inCall", "in call")
        case .reconnecting: say("reconnecting", "the path is lost; looking for another")
        case .cameraEnded: say("cameraEnded", "the camera's file has ended")
        case .ended(let report): tell(report)
        }
    }

    private func tell(_ report: CallReport) {
        func number(_ count: Int) -> JSONValue { .unsigned(UInt64(max(0, count))) }
        let refused = report.frames.refusedFrameCount + report.frames.unknownKeyFrameCount
        if !wantsJSON, report.wasConnected {
            Output.line(
                "frames   sent \(report.frames.sentFrameCount), received \(report.frames.receivedFrameCount), "
                    + "not decrypted \(refused)")
            Output.line(
                "proofs   proven \(report.proofs.provenCount), unproven \(report.proofs.unprovenCount), "
                    + "missed \(report.proofs.missedCount)")
            Output.line(
                "packets  sent \(report.packets.sentPacketCount), received \(report.packets.receivedPacketCount), "
                    + "asked for again \(report.frames.requestedPacketCount), "
                    + "refused \(report.packets.refusedPacketCount)")
        }
        say(
            "ended", "ended: \(report.reason.words)",
            [
                "reason": .string("\(report.reason)"), "connected": .boolean(report.wasConnected),
                "framesSent": number(report.frames.sentFrameCount),
                "framesReceived": number(report.frames.receivedFrameCount), "framesNotDecrypted": number(refused),
                "framesProven": .unsigned(report.proofs.provenCount),
                "framesUnproven": .unsigned(report.proofs.unprovenCount),
                "framesMissed": .unsigned(report.proofs.missedCount),
                "packetsSent": number(report.packets.sentPacketCount),
                "packetsReceived": number(report.packets.receivedPacketCount),
                "packetsLost": number(report.frames.requestedPacketCount),
                "packetsRefused": number(report.packets.refusedPacketCount),
            ])
    }

    func say(_ event: String, _ text: String, _ fields: [JSONValue.Member]) {
        if wantsJSON {
            Output.json(.object([JSONValue.Member("event", .string(event))] + fields), pretty: false)
        } else {
            Output.line(text)
        }
    }

    func say(_ event: String, _ text: String, _ fields: JSONValue = .object([])) {
        say(event, text, fields.members ?? [])
    }

    /// Nil when both talked and one hung up.
    static func failure(_ report: CallReport?) -> CommandError? {
        guard let report else { return CommandError("the call was lost sight of") }
        return report.reason == .hungUp && report.wasConnected ? nil : explain(report.reason)
    }

    static func explain(_ reason: EndReason) -> CommandError {
        let code: ExitCode =
            switch reason {
            case .declined: .declined
            case .busy, .glare: .busy
            case .notAnswered, .notConfirmed: .notAnswered
            case .notFound: .notFound
            case .unreachable, .overloaded: .unreachable
            case .identityMismatch, .fingerprintMismatch, .commitmentMismatch: .insecure
            case .noPath, .handshakeFailed, .pathLost: .noMedia
            case .hungUp, .cancelled, .stale, .protocolError, .versionMismatch, .shutDown: .failure
            }
        return CommandError(code, "no call: \(reason.words)")
    }
}

extension EndReason {
    /// For people.
    var words: String {
        switch self {
        case .hungUp: "hung up"
        case .declined: "declined"
        case .busy: "busy"
        case .notAnswered: "nobody answered"
        case .cancelled: "given up before it was answered"
        case .notFound: "nobody is found there"
        case .unreachable: "the other's home node cannot be reached, or nobody listens there"
        case .stale: "the invite is too old, or was used before; do the clocks agree?"
        case .identityMismatch: "a signature is not that of the member it names"
        case .fingerprintMismatch: "another certificate was shown than was signed: somebody may sit in between"
        case .commitmentMismatch: "the other side broke its commitment: somebody may sit in between"
        case .protocolError: "a message could not be read"
        case .versionMismatch: "the other side speaks another version"
        case .noPath: "no path between the two was found"
        case .handshakeFailed: "the handshake of the media path failed"
        case .pathLost: "the media path was lost"
        case .notConfirmed: "the other side did not confirm in time"
        case .glare: "both called; the other call goes on"
        case .overloaded: "a limit of a node was reached; try again later"
        case .shutDown: "the program was stopped"
        }
    }
}
