import Consensus
import Foundation
import Primitives
import Simulation
import Testing
import Wire

/// Plays scenarios against one engine and holds its every answer against a file. Set `SOTTO_REWRITE` to write the files
/// anew; the difference is what a review reads.
@Suite("Transcripts")
struct TranscriptTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Transcripts")

    @Test(
        "The engine answers as written",
        arguments: ["one-block", "dead-leader", "missing-body", "restart", "epoch-end"])
    func transcript(_ name: String) throws {
        var play = Play(seat: 0)
        switch name {
        case "one-block": Self.oneBlock(&play)
        case "dead-leader": Self.deadLeader(&play)
        case "missing-body": Self.missingBody(&play)
        case "epoch-end": Self.epochEnd(&play)
        default: Self.restart(&play)
        }
        let file = Self.folder.appendingPathComponent("\(name).txt")
        if ProcessInfo.processInfo.environment["SOTTO_REWRITE"] != nil {
            try play.text.write(to: file, atomically: true, encoding: .utf8)
        }
        #expect(try String(contentsOf: file, encoding: .utf8) == play.text)
    }

    private static func oneBlock(_ play: inout Play) {
        let first = block(1)
        play.name(first, "a")
        play.say("transactions wait", .backlog(.init(hasUnfinalised: true, hasUnproposed: true)))
        play.say("the leader proposes a", .block(Verified(unchecked: first)))
        play.say("a is valid", .validated(first.hash, .valid))
        play.say("the own notarize is durable", .cast(Verified(unchecked: vote(.notarize, 1, first.hash, by: 0))))
        for seat in [1, 2] {
            play.say("seat \(seat) notarizes a", .vote(Verified(unchecked: vote(.notarize, 1, first.hash, by: seat))))
        }
        play.say("the own finalize is durable", .cast(Verified(unchecked: vote(.finalize, 1, first.hash, by: 0))))
        for seat in [1, 2, 3] {
            play.say("seat \(seat) finalizes a", .vote(Verified(unchecked: vote(.finalize, 1, first.hash, by: seat))))
        }
        play.say("nothing waits", .backlog(.empty))
    }

    private static func deadLeader(_ play: inout Play) {
        play.say("transactions wait", .backlog(.init(hasUnfinalised: true, hasUnproposed: true)))
        play.say("2Δ pass", .timerFired(.leader(View(1))))
        play.say("the own nullify is durable", .cast(Verified(unchecked: vote(.nullify, 1, by: 0))))
        play.say("3Δ pass", .timerFired(.view(View(1))))
        play.say("and 2Δ more", .timerFired(.retry(View(1))))
        for seat in [2, 3] {
            play.say("seat \(seat) gives up", .vote(Verified(unchecked: vote(.nullify, 1, by: seat))))
        }
    }

    private static func missingBody(_ play: inout Play) {
        let first = block(1)
        let second = block(2, on: first)
        play.name(first, "a")
        play.name(second, "b")
        play.say("b is final", .certificate(Verified(unchecked: certificate(.finalize, 2, second.hash))))
        play.say("Δ passes", .timerFired(.fetch))
        play.say("b arrives", .block(Verified(unchecked: second)))
        play.say("Δ passes", .timerFired(.fetch))
        play.say("a arrives", .block(Verified(unchecked: first)))
        play.say("a is valid", .validated(first.hash, .valid))
        play.say("b is valid", .validated(second.hash, .valid))
    }

    private static func epochEnd(_ play: inout Play) {
        let first = block(1)
        let second = echo(2, of: first)
        play.name(first, "a, the last of its epoch")
        play.name(second, "a's echo")
        play.begin(lastHeight: Height(1))
        play.say("the leader proposes a", .block(Verified(unchecked: first)))
        play.say("a is valid", .validated(first.hash, .valid))
        play.say("a is notarized", .certificate(Verified(unchecked: certificate(.notarize, 1, first.hash))))
        play.say("the own finalize is durable", .cast(Verified(unchecked: vote(.finalize, 1, first.hash, by: 0))))
        play.say("the next leader repeats a", .block(Verified(unchecked: second)))
        for seat in [1, 2, 3] {
            let ballot = vote(.finalize, 2, second.hash, by: seat)
            play.say("seat \(seat) finalizes the echo", .vote(Verified(unchecked: ballot)))
        }
        play.say("3Δ pass", .timerFired(.view(View(2))))
    }

    private static func restart(_ play: inout Play) {
        let first = block(1)
        play.name(first, "a")
        let signed = vote(.notarize, 1, first.hash, by: 0)
        play.restart(
            Restored(
                head: .genesis(of: chain), votes: Guard(votes: [signed], of: Seat(0), epoch: .zero), certificates: [],
                blocks: [first]))
        play.say("the disk is open", .started)
        play.say("another block of the leader", .block(Verified(unchecked: block(1, tag: 2))))
        play.say("a is notarized", .certificate(Verified(unchecked: certificate(.notarize, 1, first.hash))))
        play.say("a is valid", .validated(first.hash, .valid))
    }
}

/// One engine, and what was said to it and by it.
private struct Play {
    private(set) var text = ""
    private var probe: Probe
    private var names: [Digest: String] = [genesis.hash: "genesis"]

    init(seat: Int) { probe = Probe(seat: seat) }

    mutating func name(_ block: Block, _ name: String) { names[block.hash] = name }
    mutating func begin(lastHeight: Height) { probe = Probe(lastHeight: lastHeight) }
    mutating func restart(_ restored: Restored) { probe = Probe(restored: restored) }

    mutating func say(_ line: String, _ event: Engine.Event) {
        text += "\(line)\n"
        for action in probe.engine.receive(event) { text += "    \(describe(action))\n" }
    }

    private func describe(_ hash: Digest) -> String { names[hash] ?? "another" }

    private func describe(_ ballot: Ballot) -> String {
        let block = ballot.kind == .nullify ? "" : " \(describe(ballot.hash))"
        return "\(ballot.kind)\(block) in view \(ballot.view)"
    }

    private func describe(_ outgoing: Engine.Outgoing) -> String {
        switch outgoing {
        case .vote(let vote): "vote \(describe(vote.ballot))"
        case .certificate(let value): "certificate \(describe(value.ballot)) by \(value.signers.seats)"
        case .proposal(let block): "proposal \(describe(block.hash))"
        }
    }

    private func describe(_ action: Engine.Action) -> String {
        switch action {
        case .persist(.block(let block)): "persist block \(describe(block.hash))"
        case .persist(.certificate(let value)): "persist certificate \(describe(value.ballot))"
        case .cast(let ballot): "cast \(describe(ballot))"
        case .broadcast(let outgoing): "broadcast \(describe(outgoing))"
        case .send(let outgoing, let seat): "send \(describe(outgoing)) to \(seat)"
        case .resendTransactions: "resend transactions"
        case .startTimer(let timer, let duration): "start \(timer) after \(duration / .milliseconds(1)) ms"
        case .cancelTimer(let timer): "cancel \(timer)"
        case .fetch(.block(let hash), let seat): "fetch block \(describe(hash)) from \(seat)"
        case .fetch(.certificates(let view, _), let seat): "fetch certificates after view \(view) from \(seat)"
        case .fetch(.finalised(let height), let seat): "fetch finalised after height \(height) from \(seat)"
        case .validate(let hash, let check): "validate \(describe(hash)) on \(describe(check.parent))"
        case .propose(let order): "propose in view \(order.view) on \(describe(order.parent.hash))"
        case .commit(let blocks, _): "commit \(blocks.map { describe($0.hash) }.joined(separator: ", "))"
        case .seal(let seal):
            "seal \(seal.blocks.map { describe($0.hash) }.joined(separator: ", "))"
                + " by \(describe(seal.finalization.hash))"
        case .drop(let hashes): "drop \(hashes.map { describe($0) }.joined(separator: ", "))"
        case .report(.entered(let view, let kind)): "report entered view \(view) by \(kind)"
        case .report(.stalled(let view, let missing)): "report view \(view) stalled, missing \(missing)"
        case .report: "report"
        }
    }
}
