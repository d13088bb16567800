import Consensus
internal import Crypto
import Primitives
import Wire

/// n validators, their network, their disks and their clocks, on one thread, in virtual time, from one seed.
///
/// First whatever the scenario's faults allow happens at random. Then a quorum of correct members is healed, and
/// everything else that is wrong stays wrong for good; the quorum must bring to finality what it is now given.
package struct World<Ledger: SimulatedLedger>: Sendable {
    /// What travels.
    enum Parcel: Sendable {
        case vote(Vote)
        case certificate(Certificate)
        case block(Block)
        case request(CatchUpRequest)
        case transactions([UInt64])
    }

    enum Happening: Sendable {
        case arrival(Parcel, from: Int, to: Int)
        case timer(Engine.Timer, number: Int, member: Int, life: Int)
        case synced(Vote, member: Int, life: Int)
        case validated(Digest, Engine.Verdict, member: Int, life: Int)
        case built(Block, member: Int, life: Int)
        case transaction
        case strike
        case restart(member: Int)
        case healing
    }

    package let scenario: Scenario
    package let flaws: Flaws
    package private(set) var now: UInt64 = 0
    package private(set) var stepCount = 0
    package internal(set) var checkers: Checkers<Ledger>
    /// What happened since it was last taken; nil when nobody wants to know.
    var story: [String]?

    let chain: ChainID
    let roster: Roster
    let pace: Pace
    let limits = Limits()
    var random: SeededGenerator
    var members: [Member<Ledger>] = []
    var agenda = Agenda<Happening>()
    var network: Network
    /// Old messages that may come again.
    var letters: [Happening] = []
    let lettersMax = 256
    /// The members that were healed; empty during the first phase.
    var quorum: Set<Int> = []
    /// Members, by number, whose stores were changed behind their back.
    var flipped: Set<Int> = []
    var restartCount = 0
    var transactionCount: UInt64 = 0
    var hash = SHA256()

    package init(_ scenario: Scenario, flaws: Flaws = [], isTold: Bool = false) {
        self.scenario = scenario
        self.flaws = flaws
        story = isTold ? [] : nil
        random = SeededGenerator(seed: ~scenario.seed)
        chain = ChainID(raw: Bytes32(words: (scenario.seed, 1, 2, 3)))
        roster = Roster(isLying: scenario.natures.map { $0 != .correct }, epochHeights: scenario.epochHeights)
        var pace = Pace()
        pace.deltaMax = .seconds(1)
        self.pace = pace
        checkers = Checkers(chain: chain, roster: roster, isCorrect: scenario.natures.map { $0 == .correct })
        for (index, nature) in scenario.natures.enumerated() {
            for variant in nature == .twin ? [UInt8(1), 2] : [1] {
                let engine = Engine(
                    chain: chain, validators: roster.set(of: .zero), lastHeight: roster.lastHeight(of: .zero),
                    seat: Seat(index), restored: .fresh(chain: chain), pace: pace)
                members.append(
                    Member(
                        number: index, nature: nature, variant: variant, engine: engine, ledger: Ledger(chain: chain),
                        export: Digest(raw: chain.raw)))
            }
        }
        network = Network(count: members.count)
        if scenario.hasMixedTwins { separateTwins() }
        for index in members.indices { feed(.started, to: index) }
        agenda.plan(.transaction, at: 1_000)
        if scenario.faults.gapMax > 0 { agenda.plan(.strike, at: random.within(1...scenario.faults.gapMax)) }
        agenda.plan(.healing, at: scenario.healsAt)
    }

    /// Runs to the end: to the first violation, or until all is final after the healing, or until patience ends.
    package mutating func run() -> Violation? {
        while step() {}
        return checkers.violation
    }

    /// One happening; false when the run is over.
    package mutating func step() -> Bool {
        if checkers.violation != nil { return false }
        if isHealed, isSettled { return false }
        guard let (time, happening) = agenda.next() else { return false }
        now = time
        stepCount += 1
        if now > scenario.healsAt + scenario.patience {
            let least = quorum.map { Int(members[$0].engine.head.height.rawValue) }.min() ?? 0
            checkers.fail(.noProgress(finalised: least, expected: checkers.canonical.count + 1))
            return false
        }
        happen(happening)
        return true
    }

    /// What happened since this was last called.
    package mutating func takeStory() -> [String] {
        defer { if story != nil { story = [] } }
        return story ?? []
    }

    mutating func tell(_ line: String) { story?.append("\(now / 1_000) ms: \(line)") }

    var isHealed: Bool { !quorum.isEmpty }

    /// The correct members.
    var correct: [Int] { members.indices.filter { members[$0].nature == .correct } }

    /// Whether every member of the healed quorum has finalised what it was given.
    private var isSettled: Bool {
        quorum.allSatisfy { members[$0].awaited.isEmpty }
    }

    /// What a member's wall clock shows, in milliseconds.
    func clock(of index: Int) -> UInt64 {
        let origin: Int64 = 100_000_000
        return UInt64(origin + Int64(now / 1_000) + members[index].clockError)
    }

    private mutating func happen(_ happening: Happening) {
        switch happening {
        case .arrival(let parcel, let sender, let receiver): arrive(parcel, from: sender, to: receiver)
        case .timer(let timer, let number, let index, let life):
            guard isAlive(index, life), members[index].timers[timer] == number else { return }
            members[index].timers[timer] = nil
            expire(timer, of: index)
        case .synced(let vote, let index, let life):
            guard isAlive(index, life) else { return }
            members[index].disk.sync()
            feed(.cast(Verified(unchecked: vote)), to: index)
        case .validated(let digest, let verdict, let index, let life):
            guard isAlive(index, life) else { return }
            feed(.validated(digest, verdict), to: index)
        case .built(let block, let index, let life):
            guard isAlive(index, life) else { return }
            feed(.built(Verified(unchecked: block)), to: index)
            members[index].toldBacklog = Engine.Backlog(
                hasUnfinalised: members[index].toldBacklog.hasUnfinalised, hasUnproposed: false)
            tellBacklog(index)
        case .transaction: bringTransaction()
        case .strike: strike()
        case .restart(let index): restart(index)
        case .healing: heal()
        }
    }

    func isAlive(_ index: Int, _ life: Int) -> Bool { members[index].isUp && members[index].life == life }

    // MARK: Members

    /// Gives one event to a member's engine and performs what it answers.
    mutating func feed(_ event: Engine.Event, to index: Int) {
        guard members[index].isUp, members[index].nature.hasEngine else { return }
        let isCorrect = members[index].nature == .correct
        let before = isCorrect && flaws.isEmpty ? nil : members[index].engine
        let actions = members[index].engine.receive(event)
        if let before, members[index].engine.isMuted {
            // A liar does not mind that its key signed elsewhere: it acts as if it had not heard. Nor may the engine's
            // own alarm speak for the checkers when they are to find a mistake.
            members[index].engine = before
            return
        }
        if story != nil { tell(Teller.line(members[index].number, event, actions)) }
        let life = members[index].life
        for action in actions {
            guard isAlive(index, life) else { return }
            perform(action, of: index)
        }
        guard isAlive(index, life) else { return }
        if isCorrect {
            let member = members[index]
            checkers.measured(
                member.engine.load, pendingCount: member.ledger.pendingCount, limits: limits, member: member.number)
        }
        if members[index].engine.isSealed { return beginEpoch(index) }
        tellBacklog(index)
    }

    mutating func tellBacklog(_ index: Int) {
        let backlog = members[index].ledger.backlog
        guard backlog != members[index].toldBacklog else { return }
        members[index].toldBacklog = backlog
        feed(.backlog(backlog), to: index)
    }

    // MARK: Clients

    private mutating func bringTransaction() {
        guard !isHealed else { return }
        let takers = correct
        if !takers.isEmpty { bring(to: takers[random.below(takers.count)]) }
        agenda.plan(.transaction, at: now + random.within(1...scenario.transactionGapMax))
    }

    /// A client brings a transaction to one member, which passes it on.
    mutating func bring(to index: Int) {
        guard members[index].isUp else { return }
        transactionCount += 1
        let transaction = Ledger.transaction(transactionCount)
        guard members[index].ledger.submit(transaction) else { return }
        checkers.admit(transaction)
        for member in quorum { members[member].awaited.insert(transaction) }
        members[index].own.insert(transaction)
        broadcast(.transactions([transaction]), from: index)
        tellBacklog(index)
    }
}
