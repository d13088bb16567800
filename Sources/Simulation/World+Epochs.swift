import Consensus
import Primitives
import Wire

/// Validator epochs: who sits where, how a member goes from one to the next, and what it says to those in another.
extension World {
    /// Between two such answers to one member, in microseconds.
    private static var tellingPause: UInt64 { 50_000 }

    /// The engine that a member's disk leads to, and what it was given back.
    ///
    /// - Throws: when what the disk holds is not what was written.
    mutating func engine(of index: Int, isMuted: Bool) throws(SimulatedDisk.Damage) -> (
        engine: Engine, memory: Restored, final: [Block]
    ) {
        members[index].disk.sync()
        if has(.ignoredChecksums, index) { members[index].disk.forgetDamaged() }
        let epoch = roster.epoch(above: Height(UInt64(members[index].disk.height)))
        let seat = roster.seat(of: members[index].number, in: epoch)
        let found = try members[index].disk.restored(chain: chain, seat: seat, epoch: epoch)
        let end = has(.endlessEpoch, index) ? nil : roster.lastHeight(of: epoch)
        let engine = Engine(
            chain: chain, validators: roster.set(of: epoch), lastHeight: end, seat: seat,
            restored: remembered(found.memory, by: index), isMuted: isMuted, pace: pace)
        return (engine, found.memory, found.blocks)
    }

    /// S-13, S-14: the sealed engine's place is taken by that of the next epoch. Timers of the old one mean nothing.
    mutating func beginEpoch(_ index: Int) {
        members[index].timers = [:]
        members[index].toldBacklog = .empty
        do throws(SimulatedDisk.Damage) {
            members[index].engine = try engine(of: index, isMuted: members[index].engine.isMuted).engine
        } catch {
            return stop(index)
        }
        feed(.started, to: index)
    }

    /// The other members that sit in a seat of this one's epoch: two, when they are twins.
    func holders(of seat: Seat, besides index: Int) -> [Int] {
        guard let number = roster.member(at: seat, in: members[index].engine.validators.epoch) else { return [] }
        return members.indices.filter { members[$0].number == number && $0 != index }
    }

    /// A vote in the seat that a member has in the ballot's epoch; nil when it has none.
    func vote(_ ballot: Ballot, of index: Int) -> Vote? {
        roster.seat(of: members[index].number, in: ballot.epoch).map { SimulatedSigner.vote(ballot, as: $0) }
    }

    func isGenuine(_ certificate: Certificate) -> Bool {
        SimulatedSigner.isGenuine(certificate, quorum: roster.quorum(of: certificate.ballot.epoch))
    }

    /// S-15: whoever speaks of an older epoch hears how it ended; who speaks of a later one is asked for what led
    /// there.
    mutating func isOfItsEpoch(_ parcel: Parcel, from sender: Int, to index: Int) -> Bool {
        let epoch: ValidatorEpoch
        var isStraggler = false
        switch parcel {
        case .vote(let vote): (epoch, isStraggler) = (vote.ballot.epoch, true)
        case .certificate(let certificate): epoch = certificate.ballot.epoch
        case .block(let block): epoch = block.header.epoch
        case .request(.certificates(_, let asked)): (epoch, isStraggler) = (asked, true)
        case .request, .transactions: return true
        }
        let own = members[index].engine.validators.epoch
        if epoch == own { return true }
        let isDue = members[index].toldAt[sender].map { now >= $0 + Self.tellingPause } ?? true
        guard members[index].nature != .withholder, !has(.selfish, index), isDue else { return false }
        members[index].toldAt[sender] = now
        if epoch > own {
            guard !has(.incurious, index) else { return false }
            send(.request(.finalised(after: members[index].engine.head.height)), from: index, to: sender)
        } else if isStraggler, let seal = members[index].disk.seals[epoch] {
            // Votes and questions only: two members that both moved on would tell each other the seal for ever. And not
            // too often: a liar would make a storm of its old votes.
            send(.certificate(seal.finalization), from: index, to: sender)
            for block in seal.blocks.suffix(1) + seal.echoes { send(.block(block), from: index, to: sender) }
        }
        return false
    }
}
