import Crypto
import Ledger
import Primitives
import Testing
import Wire

@Suite("Bad input")
struct AdmissionTests {
    /// A transaction that must be named, and what names it.
    enum Bad: String, CaseIterable, Sendable {
        case expired, tooFarAhead, replayed, suspended, removed, stranger, wrongKey, roleMissing, notValidator

        func make(_ network: TestNetwork) throws -> (Verified<ParsedTransaction>, Admission.Verdict) {
            let commit = Ledger.Operation.callCommit(
                CallCommit(interval: network.now.rawValue / 600_000 - 1, root: digest(1), size: 16))
            let person = network.persons[0]
            switch self {
            case .expired:
                let until = Timestamp(network.now.rawValue - 1)
                return (try network.make(commit, by: network.node, until: until), .faulty(.expired))
            case .tooFarAhead:
                let until = network.now.adding(milliseconds: 10_000_000)
                return (try network.make(commit, by: network.node, until: until), .faulty(.tooFarAhead))
            case .replayed:
                let known = try network.make(commit, by: network.node)
                try network.apply([known])
                return (known, .faulty(.alreadyIncluded))
            case .suspended:
                let suspend = Ledger.Operation.memberSuspend(MemberSuspend(member: network.node.id))
                _ = try network.apply(suspend, by: network.registrars[0])
                return (try network.make(commit, by: network.node), .failing(.failed(.senderNotActive)))
            case .removed:
                let remove = Ledger.Operation.memberRemove(MemberRemove(member: network.node.id))
                _ = try network.apply(remove, by: network.registrars[0])
                return (try network.make(commit, by: network.node), .failing(.failed(.senderNotActive)))
            case .stranger:
                let other = try TestNetwork.member(77, .node, "s", chain: network.rules.chain)
                return (try network.make(commit, by: other), .failing(.failed(.unknownSender)))
            case .wrongKey:
                let forged = network.transaction(commit, from: AuthorID(network.node.id))
                return (try network.sign(forged, person.key), .failing(.failed(.wrongKey)))
            case .roleMissing: return (try network.make(commit, by: person), .failing(.failed(.roleMissing)))
            case .notValidator:
                let vote = Ledger.Operation.validatorVote(ValidatorVote(proposal: .zero))
                return (try network.make(vote, by: network.node), .failing(.failed(.roleMissing)))
            }
        }
    }

    @Test("LG-30: what is wrong with a transaction has a name at the door", arguments: Bad.allCases)
    func named(bad: Bad) throws {
        let network = try TestNetwork()
        let (transaction, expected) = try bad.make(network)
        var admission = try Admission(network.rules, at: network.now.next, on: network.tip, over: network.state)
        #expect(try admission.judge(transaction, with: &network.hash) == expected)
    }

    @Test("No bad transaction keeps good ones from their block, nor makes it invalid", arguments: Bad.allCases)
    func harmless(bad: Bad) throws {
        let network = try TestNetwork()
        let (transaction, verdict) = try bad.make(network)
        let good = try network.make(.callEnd(CallEnd(call: .zero, minute: 0)), by: network.validators[0])
        let time = network.now.next
        let (block, faults) = try network.rules.prepare(
            [transaction, good], at: time, on: network.tip, over: network.state, with: &network.hash)
        if case .faulty(let fault) = verdict {
            #expect(faults.map(\.fault) == [fault])
            #expect(block.transactions == [good.value])
        } else {
            #expect(faults.isEmpty)
            #expect(block.results.first?.code != 0)
            #expect(block.transactions.count == 2)
        }
        let verified = block.transactions == [good.value] ? [good] : [transaction, good]
        let again = try network.rules.process(
            block.record, verified, on: network.tip, over: network.state, with: &network.hash)
        #expect(again.record == block.record)
    }
}
