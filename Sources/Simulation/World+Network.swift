import Consensus
import Primitives
import Wire

/// How messages travel, and do not.
extension World {
    /// Sends to every other member, and to the own twin.
    mutating func broadcast(_ parcel: Parcel, from index: Int) {
        for receiver in members.indices where receiver != index { send(parcel, from: index, to: receiver) }
    }

    /// Sends to whoever sits in `seat` in the sender's validator epoch.
    mutating func send(_ parcel: Parcel, from sender: Int, to seat: Seat) {
        for receiver in holders(of: seat, besides: sender) { send(parcel, from: sender, to: receiver) }
    }

    mutating func send(_ parcel: Parcel, from sender: Int, to receiver: Int) {
        if members[sender].nature == .withholder, random.oneIn(2) { return }
        guard !isWell(sender, receiver) else {
            return plan(parcel, from: sender, to: receiver, within: 500...5_000, inOrder: true)
        }
        let faults = scenario.faults
        if random.chance(faults.replayPercent) { replay() }
        guard network.passes(from: sender, to: receiver), !random.chance(faults.lossPercent) else { return }
        for _ in 0..<(random.chance(faults.duplicatePercent) ? 2 : 1) {
            plan(parcel, from: sender, to: receiver, within: faults.delay, inOrder: !faults.reorders)
        }
        if faults.replayPercent > 0 { remember(parcel, from: sender, to: receiver) }
    }

    /// Both belong to the quorum that was healed.
    private func isWell(_ sender: Int, _ receiver: Int) -> Bool {
        isHealed && quorum.contains(sender) && quorum.contains(receiver)
    }

    private mutating func plan(
        _ parcel: Parcel, from sender: Int, to receiver: Int, within delay: ClosedRange<UInt64>, inOrder: Bool
    ) {
        var time = now + random.within(delay)
        if inOrder {
            time = max(time, network.lastArrival[sender][receiver])
            network.lastArrival[sender][receiver] = time
        }
        agenda.plan(.arrival(parcel, from: sender, to: receiver), at: time)
    }

    private mutating func remember(_ parcel: Parcel, from sender: Int, to receiver: Int) {
        let letter = Happening.arrival(parcel, from: sender, to: receiver)
        if letters.count < lettersMax {
            letters.append(letter)
        } else {
            letters[random.below(letters.count)] = letter
        }
    }

    /// Some old message arrives once more.
    private mutating func replay() {
        guard !letters.isEmpty else { return }
        agenda.plan(letters[random.below(letters.count)], at: now + random.within(scenario.faults.delay))
    }

    /// Of each pair of twins, one talks to one half of the others only, the second to the rest.
    mutating func separateTwins() {
        for index in members.indices where members[index].nature == .twin && members[index].variant == 1 {
            for other in members.indices where members[other].number != members[index].number {
                let deaf = random.oneIn(2) ? index : index + 1
                network.isSplit[deaf][other] = true
                network.isSplit[other][deaf] = true
            }
        }
    }
}
