import Consensus
import Primitives
import Wire

/// What goes wrong, and the healing of a quorum.
extension World {
    mutating func strike() {
        guard !isHealed else { return }
        let strikes = scenario.faults.strikes
        let index = random.below(members.count)
        let strike = strikes[random.below(strikes.count)]
        tell("strike: \(strike) (member \(index))")
        switch strike {
        case .crash: crash(index)
        case .powerCut: for index in members.indices { crash(index) }
        case .split:
            let sides = members.map { _ in random.oneIn(2) }
            for from in members.indices {
                for to in members.indices { network.isCut[from][to] = sides[from] != sides[to] }
            }
        case .deafen:
            for to in members.indices where random.oneIn(2) { network.isCut[index][to] = true }
        case .flip: flip(index)
        case .fill: members[index].disk.isFull = true
        case .slow: members[index].syncTime = Member<Ledger>.SyncTime.slow
        case .jump: jump(index)
        case .relief: relieve()
        }
        agenda.plan(.strike, at: now + random.within(1...scenario.faults.gapMax))
    }

    /// Ends some of what lasts.
    private mutating func relieve() {
        if random.oneIn(2) { network.join() }
        for index in members.indices where random.oneIn(2) { repair(index) }
    }

    private mutating func repair(_ index: Int) {
        members[index].disk.isFull = false
        members[index].syncTime = Member<Ledger>.SyncTime.quick
        members[index].clockError = 0
    }

    /// No more stores are damaged than members may fail for good: who notices stops, and cannot be told from a liar.
    private mutating func flip(_ index: Int) {
        let number = members[index].number
        let isBorne = roster.allCircles.allSatisfy { circle in
            !circle.contains(number) || lostCount(in: circle) < Quorum.faultsBorne(by: circle.count)
        }
        guard members[index].nature == .correct, !flipped.contains(number), isBorne,
            members[index].disk.flip(with: &random)
        else { return }
        flipped.insert(number)
    }

    /// The liars among these members, and those whose stores were changed.
    private func lostCount(in circle: [Int]) -> Int {
        circle.count { scenario.natures[$0] != .correct || flipped.contains($0) }
    }

    /// With as many wrong clocks and liars as a quorum, a wrong time would be final, and rightly so.
    private mutating func jump(_ index: Int) {
        let wrong = Set(members.filter { $0.nature != .correct || $0.clockError != 0 }.map(\.number))
            .union([members[index].number])
        guard roster.allCircles.allSatisfy({ $0.count(where: wrong.contains) < Quorum.size(of: $0.count) }) else {
            return
        }
        let size = Int64(random.within(3_000_000...4_200_000))
        let isForwards = random.oneIn(2)
        members[index].clockError = isForwards ? size : -size
        guard isForwards, members[index].isUp else { return }
        // As after a machine that stood still: whatever was to come later is due.
        let timers = members[index].timers.sorted { $0.value < $1.value }
        for (timer, number) in timers {
            let due = Happening.timer(timer, number: number, member: index, life: members[index].life)
            agenda.plan(due, at: now)
        }
    }

    // MARK: Crashes

    /// Ends a process; it starts again after a while.
    mutating func crash(_ index: Int) {
        guard members[index].isUp else { return }
        down(index)
        agenda.plan(.restart(member: index), at: now + random.within(1_000...1_500_000))
    }

    private mutating func down(_ index: Int) {
        members[index].isUp = false
        members[index].life += 1
        members[index].timers = [:]
        let faults = scenario.faults
        members[index].disk.crash(tears: faults.tearsWrites, loses: faults.losesWrites, with: &random)
    }

    /// Ends a process for good: it read something that it did not write.
    mutating func stop(_ index: Int) {
        tell("member \(index) stops: its store is damaged")
        members[index].hasStopped = true
        if members[index].isUp { down(index) }
    }

    mutating func restart(_ index: Int) {
        guard !members[index].isUp, !members[index].hasStopped, !isHealed || quorum.contains(index) else { return }
        let isCorrect = members[index].nature == .correct
        let isDamaged = members[index].disk.isDamaged
        let found: (engine: Engine, memory: Restored, final: [Block])
        do throws(SimulatedDisk.Damage) {
            found = try engine(of: index, isMuted: false)
        } catch {
            return stop(index)
        }
        members[index].isUp = true
        restartCount += 1
        var ledger = Ledger(chain: chain)
        ledger.commit(found.final)
        members[index].ledger = ledger
        members[index].export = Checkers<Ledger>.export(found.final, after: Digest(raw: chain.raw))
        members[index].blocks = [:]
        let echoes = members[index].disk.seals.values.flatMap(\.echoes)
        for block in found.final + found.memory.blocks + echoes { members[index].blocks[block.hash] = block }
        members[index].own = []
        members[index].toldBacklog = .empty
        for block in found.final { members[index].awaited.subtract(Ledger.transactions(of: block)) }
        if isCorrect {
            checkers.restored(
                found.memory.head, by: members[index].number, committed: members[index].committed, state: ledger.state,
                export: members[index].export, isDamaged: isDamaged)
        }
        members[index].committed = found.memory.head.height
        members[index].engine = found.engine
        tell("member \(index) starts in view \(found.engine.view)")
        feed(.started, to: index)
    }

    // MARK: Healing

    /// Ends the first phase. A quorum of correct members runs on good machines and hears each other well; what else is
    /// wrong stays wrong: cuts, losses, lies, full disks, wrong clocks and dead members.
    mutating func heal() {
        var sound = correct.filter { !flipped.contains(members[$0].number) }
        for index in sound.shuffled(using: &random) {
            let rest = sound.filter { $0 != index }
            let numbers = Set(rest.map { members[$0].number })
            let isEnough = roster.allCircles.allSatisfy { circle in
                circle.count(where: numbers.contains) >= Quorum.size(of: circle.count)
            }
            if isEnough { sound = rest }
        }
        quorum = Set(sound)
        tell("healed: \(sound), for good: \(members.indices.filter { !quorum.contains($0) })")
        for index in sound {
            repair(index)
            for other in sound { network.isCut[index][other] = false }
        }
        for index in sound where !members[index].isUp { restart(index) }
        for index in sound { bring(to: index) }
    }
}
