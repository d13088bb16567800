import Consensus
import Crypto
import EventLoop
import Foundation
import HTTP
import KeyValue
import Links
import Node
import Primitives
import RPC
import Testing

@Suite("What an operator is told of a stall")
struct StallReportTests {
    private func member(_ number: UInt64) -> MemberID { MemberID(raw: Bytes32(words: (number << 32, 0, 0, 0))) }

    private func stall(_ step: Stall.Step = .notarize) -> Stall {
        Stall(
            duration: .seconds(9), step: step, view: View(812), leader: member(3), voters: [member(1), member(2)],
            missing: [member(3), member(4)], quorum: 3, viewsSince: 1, isMuted: false, signerFault: nil, failure: nil,
            skewMilliseconds: 20, skewMax: 5_000)
    }

    private func report(_ stall: Stall, free: UInt64 = 1 << 40) -> StallReport {
        StallReport(
            stall: stall, connected: [member(2), member(3)], member: member(1), freeByteCount: free,
            names: [member(3): "validator-3"])
    }

    @Test("The awaited certificate, the votes that are here, and who has not voted, in one sentence")
    func votes() {
        let third = String(member(3).hex.prefix(12))
        let fourth = String(member(4).hex.prefix(12))
        let report = report(stall())
        #expect(
            report.headline
                == "view 812: waiting for notarize votes of validator-3 (\(third)), \(fourth) (2 of 3 here)")
        #expect(
            report.causes == [
                "no link to \(fourth): stopped, cut off, or wrongly addressed",
                "validator-3 (\(third)) has a link here and did not vote",
            ])
        #expect(report.word == "notarize")
    }

    @Test("A proposal is awaited of the leader, and a block of nobody")
    func proposal() {
        #expect(report(stall(.proposal)).headline.contains("waiting for the proposal of validator-3"))
        #expect(report(stall(.block)).headline.contains("waiting for a block that is final"))
    }

    @Test("Who was asked for a final block and has it no more is named, and what helps then")
    func denied() {
        var stall = stall(.block)
        #expect(report(stall).word == "block")
        stall.denied = [member(2), member(3)]
        let report = report(stall)
        #expect(report.word == "block_denied")
        #expect(report.causes.contains { $0.contains("do not give it") && $0.contains("sotto snapshot restore") })
    }

    @Test(
        "Each cause that this node can see is named, with what to do",
        arguments: ["disk_full", "store_failed", "signer_unreachable", "not_signing", "clock_off"])
    func causes(_ word: String) {
        var stall = stall()
        var free: UInt64 = 1 << 40
        switch word {
        case "disk_full": (stall.failure, free) = (.store(.inputOutput), 4096)
        case "store_failed": stall.failure = .damaged("block")
        case "signer_unreachable": stall.signerFault = .unreachable
        case "not_signing": stall.isMuted = true
        default: stall.skewMilliseconds = -61_000
        }
        let report = report(stall, free: free)
        #expect(report.word == word)
        let expected = [
            "disk_full": "make room, then start the node again", "store_failed": "see sotto doctor",
            "signer_unreachable": "the signer does not answer", "not_signing": "this node signs nothing",
            "clock_off": "this node's clock is 61 s behind the last proposer's, and 5 s are allowed",
        ]
        #expect(report.causes.contains { $0.contains(expected[word] ?? "?") }, "\(report.causes)")
        if word == "disk_full" { #expect(report.headline == "the disk of the store is full") }
    }

    @Test("The log says a stall once, again after the interval, and once that it is over")
    func voice() {
        var voice = StallVoice()
        #expect(voice.hear(stalled: nil, at: .seconds(1)) == nil)
        #expect(voice.hear(stalled: .seconds(2), at: .seconds(3)) == .stalled)
        #expect(voice.hear(stalled: .seconds(31), at: .seconds(32)) == nil)
        #expect(voice.hear(stalled: .seconds(32), at: .seconds(33)) == .stalled)
        #expect(voice.hear(stalled: nil, at: .seconds(34)) == .resumed(after: .seconds(32)))
        #expect(voice.hear(stalled: nil, at: .seconds(35)) == nil)
    }
}

@Suite("The numbers of a node", .timeLimit(.minutes(2)), .serialized)
struct NodeMetricsTests {
    @Test("A node's page has every metric, is well formed, and counts what the node did")
    func page() async throws {
        let documents = try Documents(validators: 1)
        let scratch = try Scratch()
        let ports = try freePorts(1)
        let node = documents.nodes[0]
        let runtime = try NodeRuntime(
            settings: NodeSettings(
                link: .loopback(port: ports[0]), dht: .loopback(port: 0), dataPath: scratch.path + "/ledger",
                peers: []),
            rules: documents.rules, member: node.member, keys: node.keys, log: .silent)
        var settings = RPCSettings()
        settings.http.port = 0
        let server = NodeServer(runtime: runtime, rpc: settings, version: "9.9")
        _ = try await server.start()
        let outcome = try await runtime.chain.execute(try documents.admission(), within: .seconds(20))
        var broken = try documents.admission()
        broken[broken.count - 1] ^= 1
        await #expect(throws: SubmitError.self) { try await runtime.chain.submit(broken) }
        try await waitFor("the height in the metrics") {
            server.metrics.value(of: .consensusHeight) >= Double(outcome.height.rawValue)
        }
        let metrics = server.metrics
        #expect(metrics.value(of: .consensusValidators) == 1)
        #expect(metrics.value(of: .consensusSigning) == 1)
        #expect(metrics.value(of: .transactionsTotal, label: "succeeded") >= 1)
        #expect(metrics.value(of: .mempoolRefusedTotal, label: "bad_signature") == 1)
        #expect(metrics.value(of: .buildInfo, label: "9.9") == 1)
        #expect(metrics.value(of: .processResidentMemoryBytes) > 1_000_000)
        #expect(metrics.value(of: .processOpenFiles) > 3)
        #expect(metrics.value(of: .storageFreeBytes) > 0)
        let text = metrics.text
        #expect(!text.contains("sotto_wal_fsync_seconds_count 0\n"))
        #expect(!text.contains("sotto_consensus_quorum_notarize_delay_count 0\n"))
        #expect(!text.contains("sotto_consensus_quorum_finalize_delay_count 0\n"))
        #expect(await runtime.stallReport == nil)
        await server.stop()
    }
}

@Suite("Who owes an answer about blocks")
struct SyncWatchTests {
    private func member(_ number: UInt64) -> MemberID { MemberID(raw: Bytes32(words: (number, 0, 0, 0))) }

    @Test("Who answers owes nothing; who is silent is named once for a question, by its first asking")
    func silence() {
        var watch = SyncWatch()
        watch.ask(member(1), at: .seconds(0))
        watch.ask(member(2), at: .seconds(0))
        watch.ask(member(1), at: .seconds(9))
        watch.answered(member(2))
        #expect(watch.overdue(at: .seconds(10)) == [])
        #expect(watch.overdue(at: .milliseconds(10_001)) == [member(1)])
        #expect(watch.overdue(at: .seconds(60)) == [])
        watch.ask(member(1), at: .seconds(60))
        #expect(watch.overdue(at: .seconds(71)) == [member(1)])
    }

    @Test("Who gives nothing of what is missing is remembered until somebody gives something")
    func denials() {
        var watch = SyncWatch()
        watch.gave(0, member(1), isMissing: false)
        #expect(watch.denials == [])
        watch.gave(0, member(1), isMissing: true)
        watch.gave(0, member(2), isMissing: true)
        #expect(watch.denials == [member(1), member(2)])
        watch.gave(3, member(3), isMissing: true)
        #expect(watch.denials == [])
    }

    @Test("More members than are watched change nothing")
    func bounded() {
        var watch = SyncWatch()
        for number in 0..<2_000 {
            watch.ask(member(UInt64(number)), at: .zero)
            watch.gave(0, member(UInt64(number)), isMissing: true)
        }
        #expect(watch.denials.count == 256)
        #expect(watch.overdue(at: .seconds(11)).count == 256)
    }
}
