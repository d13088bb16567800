package import Consensus
package import Primitives

/// Who votes in which validator epoch of a simulated chain. Epoch 0 has every member; after that each epoch in turn
/// leaves one member out, where the rest still outvotes its liars: somebody leaves and somebody joins every time.
package struct Roster: Sendable, Equatable {
    /// Heights in an epoch; zero when epoch 0 does not end.
    package let epochHeights: UInt64
    private let everybody: [Validator]
    /// Of the epochs, in a cycle: members by number, ascending.
    private let circles: [[Int]]

    /// - Parameter isLying: one for each member.
    package init(isLying: [Bool], epochHeights: UInt64) {
        self.epochHeights = epochHeights
        everybody = isLying.indices.map { index in
            let raw = Bytes32(words: (UInt64(index), 7, 7, 7))
            return Validator(id: MemberID(raw: raw), key: PublicKey(raw: raw))
        }
        let all = Array(isLying.indices)
        circles =
            [all]
            + all.map { left in
                let rest = all.filter { $0 != left }
                let bears = Quorum.faultsBorne(by: rest.count)
                return rest.isEmpty || rest.count(where: { isLying[$0] }) > bears ? all : rest
            }
    }

    /// Every set of members that ever votes.
    package var allCircles: [[Int]] { circles }

    /// Whether the block's proposer leads its view.
    package func isLeaders(_ header: EngineHeader) -> Bool {
        member(at: leader(of: header.view, in: header.epoch), in: header.epoch).map { everybody[$0].id }
            == header.proposer
    }

    package func id(of member: Int) -> MemberID { everybody[member].id }

    /// The members that vote in `epoch`, by number, in the order of their seats.
    package func members(of epoch: ValidatorEpoch) -> [Int] {
        circles[Int(epoch.rawValue % UInt64(circles.count))]
    }

    package func set(of epoch: ValidatorEpoch) -> ValidatorSet {
        let list = members(of: epoch).map { everybody[$0] }
        guard let set = ValidatorSet(epoch: epoch, validators: list) else {
            preconditionFailure("a scenario has between 1 and \(SeatSet.countMax) members")
        }
        return set
    }

    package func quorum(of epoch: ValidatorEpoch) -> Int { Quorum.size(of: members(of: epoch).count) }

    /// Where a member sits in `epoch`; nil when it only follows.
    package func seat(of member: Int, in epoch: ValidatorEpoch) -> Seat? {
        members(of: epoch).firstIndex(of: member).map { Seat($0) }
    }

    /// Who sits there; nil when nobody does.
    package func member(at seat: Seat, in epoch: ValidatorEpoch) -> Int? {
        let members = members(of: epoch)
        return seat.rawValue < UInt64(members.count) ? members[seat.index] : nil
    }

    /// Who leads a view of `epoch`.
    package func leader(of view: View, in epoch: ValidatorEpoch) -> Seat {
        Seat(view.rawValue % UInt64(members(of: epoch).count))
    }

    /// The validator epoch that decides the height above `height`.
    package func epoch(above height: Height) -> ValidatorEpoch {
        ValidatorEpoch(epochHeights == 0 ? 0 : height.rawValue / epochHeights)
    }

    /// Of the block that seals `epoch`; nil when it does not end.
    package func lastHeight(of epoch: ValidatorEpoch) -> Height? {
        epochHeights == 0 ? nil : Height((epoch.rawValue + 1) * epochHeights)
    }
}
