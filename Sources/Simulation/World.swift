import Consensus
internal import Crypto
import Primitives

/// n validators, their network and their disks, on one thread, in virtual time, from one seed.
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
        case fault
        case restart(member: Int)
        case mended
    }

    package let scenario: Scenario
    package let flaws: Flaws
    package private(set) var now: UInt64 = 0
    package private(set) var stepCount = 0
    package internal(set) var checkers: Checkers<Ledger>

    let chain: ChainID
    let validators: ValidatorSet
    let pace: Pace
    let limits = Limits()
    var random: SeededGenerator
    var members: [Member<Ledger>] = []
    var agenda = Agenda<Happening>()
    /// `cut[from][to]`: nothing passes.
    var cut: [[Bool]]
    var isHealed = false
    var transactionCount: UInt64 = 0
    var awaited: Set<UInt64> = []
    var hash = SHA256()

    package init(_ scenario: Scenario, flaws: Flaws = []) {
        self.scenario = scenario
        self.flaws = flaws
        random = SeededGenerator(seed: ~scenario.seed)
        chain = ChainID(raw: Bytes32(words: (scenario.seed, 1, 2, 3)))
        let list = scenario.natures.indices.map { index in
            let raw = Bytes32(words: (UInt64(index), 7, 7, 7))
            return Validator(id: MemberID(raw: raw), key: PublicKey(raw: raw))
        }
        guard let set = ValidatorSet(epoch: .zero, validators: list) else {
            preconditionFailure("a scenario has between 1 and \(SeatSet.countMax) members")
        }
        validators = set
        var pace = Pace()
        pace.deltaMax = .seconds(1)
        self.pace = pace
        checkers = Checkers(chain: chain, validators: set, isCorrect: scenario.natures.map { $0 == .correct })
        for (index, nature) in scenario.natures.enumerated() {
            for variant in nature == .twin ? [UInt8(1), 2] : [1] {
                members.append(
                    Member(
                        seat: Seat(index), nature: nature, variant: variant,
                        engine: Engine(
                            chain: chain, validators: set, seat: Seat(index), restored: .fresh(chain: chain), pace: pace
                        ),
                        ledger: Ledger(chain: chain)))
            }
        }
        cut = Array(repeating: Array(repeating: false, count: members.count), count: members.count)
        for index in members.indices { feed(.started, to: index) }
        agenda.plan(.transaction, at: 1_000)
        if scenario.faultGapMax > 0 { agenda.plan(.fault, at: random.within(1...scenario.faultGapMax)) }
        agenda.plan(.mended, at: scenario.faultsEnd)
    }

    /// Runs to the end: to the first violation, or until all is final after the faults, or until patience ends.
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
        if now > scenario.faultsEnd + scenario.patience {
            let least = correct.map { Int(members[$0].engine.head.height.rawValue) }.min() ?? 0
            checkers.fail(.noProgress(finalised: least, expected: checkers.canonical.count + 1))
            return false
        }
        happen(happening)
        return true
    }

    /// The correct members.
    var correct: [Int] { members.indices.filter { members[$0].nature == .correct } }

    /// Whether every correct validator has finalised what was brought in after the faults ended.
    private var isSettled: Bool {
        guard awaited.isEmpty else { return false }
        let height = Height(UInt64(checkers.canonical.count))
        return correct.allSatisfy { members[$0].engine.head.height == height }
    }

    private mutating func happen(_ happening: Happening) {
        switch happening {
        case .arrival(let parcel, let sender, let receiver): arrive(parcel, from: sender, to: receiver)
        case .timer(let timer, let number, let index, let life):
            guard isAlive(index, life), members[index].timers[timer] == number else { return }
            members[index].timers[timer] = nil
            feed(.timerFired(timer), to: index)
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
        case .fault: strike()
        case .restart(let index): restart(index)
        case .mended: mend()
        }
    }

    func isAlive(_ index: Int, _ life: Int) -> Bool { members[index].isUp && members[index].life == life }

    // MARK: Members

    /// Gives one event to a member's engine and performs what it answers.
    mutating func feed(_ event: Engine.Event, to index: Int) {
        guard members[index].isUp, members[index].nature != .silent, members[index].nature != .liar else { return }
        let before = members[index].nature == .twin ? members[index].engine : nil
        let actions = members[index].engine.receive(event)
        if let before, members[index].engine.isMuted {
            // A twin does not mind that its key signs elsewhere: it acts as if it had not heard.
            members[index].engine = before
            return
        }
        for action in actions { perform(action, of: index) }
        if members[index].nature == .correct {
            checkers.measured(members[index].engine.load, limits: limits, seat: members[index].seat)
        }
        tellBacklog(index)
    }

    mutating func tellBacklog(_ index: Int) {
        let backlog = members[index].ledger.backlog
        guard backlog != members[index].toldBacklog else { return }
        members[index].toldBacklog = backlog
        feed(.backlog(backlog), to: index)
    }

    /// Sends to every other seat, and to the own twin.
    mutating func broadcast(_ parcel: Parcel, from index: Int) {
        for receiver in members.indices where receiver != index { send(parcel, from: index, to: receiver) }
    }

    mutating func send(_ parcel: Parcel, from sender: Int, to receiver: Int) {
        if !isHealed {
            guard !cut[sender][receiver], !random.chance(scenario.lossPercent) else { return }
        }
        let copies = !isHealed && random.chance(scenario.duplicatePercent) ? 2 : 1
        let delay = isHealed ? 500...5_000 : scenario.delay
        for _ in 0..<copies {
            agenda.plan(.arrival(parcel, from: sender, to: receiver), at: now + random.within(delay))
        }
    }

    // MARK: The world around

    private mutating func bringTransaction() {
        guard !isHealed else { return }
        bring(to: correct[Int(random.within(0...UInt64(correct.count - 1)))])
        agenda.plan(.transaction, at: now + random.within(1...scenario.transactionGapMax))
    }

    private mutating func bring(to index: Int) {
        guard members[index].isUp else { return }
        transactionCount += 1
        if isHealed { awaited.insert(transactionCount) }
        guard members[index].ledger.submit(transactionCount) else { return }
        members[index].own.insert(transactionCount)
        broadcast(.transactions([transactionCount]), from: index)
        tellBacklog(index)
    }

    private mutating func strike() {
        guard !isHealed else { return }
        switch random.within(0...5) {
        case 0, 1: crash(Int(random.within(0...UInt64(members.count - 1))))
        case 2:  // Two halves that do not hear each other.
            let sides = members.map { _ in random.oneIn(2) }
            for from in members.indices { for to in members.indices { cut[from][to] = sides[from] != sides[to] } }
        case 3:  // One way only.
            let from = Int(random.within(0...UInt64(members.count - 1)))
            for to in members.indices where random.oneIn(2) { cut[from][to] = true }
        default:
            cut = Array(repeating: Array(repeating: false, count: members.count), count: members.count)
        }
        agenda.plan(.fault, at: now + random.within(1...scenario.faultGapMax))
    }

    /// Ends the faults: every correct member runs, the network delivers, and each is given one more transaction.
    private mutating func mend() {
        isHealed = true
        cut = Array(repeating: Array(repeating: false, count: members.count), count: members.count)
        for index in members.indices where !members[index].isUp { restart(index) }
        for index in correct { bring(to: index) }
    }
}
