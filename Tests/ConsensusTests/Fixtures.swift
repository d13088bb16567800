import Consensus
import Crypto
import Primitives
import Simulation
import Testing
import Wire

let chain = ChainID(raw: Bytes32(words: (9, 9, 9, 9)))
let genesis = BlockReference.genesis(of: chain)

func validators(_ count: Int) -> ValidatorSet {
    let list = (0..<count).map { index in
        let raw = Bytes32(words: (UInt64(index), 1, 1, 1))
        return Validator(id: MemberID(raw: raw), key: PublicKey(raw: raw))
    }
    guard let set = ValidatorSet(epoch: .zero, validators: list) else { preconditionFailure("a set of \(count)") }
    return set
}

func ballot(_ kind: Ballot.Kind, _ view: UInt64, _ hash: Digest = .zero) -> Ballot {
    Ballot(kind: kind, epoch: .zero, view: View(view), hash: hash)
}

func vote(_ kind: Ballot.Kind, _ view: UInt64, _ hash: Digest = .zero, by seat: Int) -> Vote {
    SimulatedSigner.vote(ballot(kind, view, hash), as: Seat(seat))
}

func certificate(_ kind: Ballot.Kind, _ view: UInt64, _ hash: Digest = .zero, by seats: [Int] = [1, 2, 3])
    -> Certificate
{
    var signers = SeatSet()
    for seat in seats { _ = signers.insert(Seat(seat)) }
    let ballot = ballot(kind, view, hash)
    let signatures = signers.seats.map { SimulatedSigner.sign(ballot, as: $0) }
    guard let value = Certificate(ballot: ballot, signers: signers, signatures: signatures) else {
        preconditionFailure("a certificate has signers")
    }
    return value
}

/// A sound block of the right leader among `count`, unless a proposer is given.
func block(
    _ view: UInt64, on parent: Block? = nil, tag: UInt8 = 1, count: Int = 4, proposer: Int? = nil,
    nullifications: [UInt64]? = nil
) -> Block {
    let reference = parent?.reference ?? genesis
    let carried = nullifications ?? Array(Justification.carriedViews(from: reference.view, to: View(view)))
    let header = EngineHeader(
        epoch: .zero, view: View(view), parent: reference,
        justification: Justification(
            parent: parent.map { certificate(.notarize, $0.view.rawValue, $0.hash) },
            nullifications: carried.map { certificate(.nullify, $0) }),
        proposer: validators(count).validators[proposer ?? Int(view) % count].id,
        record: CID(.dagCBOR, SHA256.hash([tag, UInt8(view)])), body: SHA256.hash([tag]))
    let hash = SHA256.hash(header.encoded)
    let signature = SimulatedSigner.signProposal(view: View(view), hash: hash, as: Seat(Int(view) % count))
    var hasher = SHA256()
    guard let block = Block(Proposal(header: header, signature: signature, body: [tag]), with: &hasher) else {
        preconditionFailure("the body has its hash")
    }
    return block
}

/// One engine under test, with short names for its events.
struct Probe {
    var engine: Engine
    let seat: Int

    init(seat: Int = 0, count: Int = 4, restored: Restored? = nil, limits: Limits = Limits()) {
        self.seat = seat
        engine = Engine(
            chain: chain, validators: validators(count), seat: Seat(seat), restored: restored ?? .fresh(chain: chain),
            limits: limits)
    }

    mutating func start() -> [Engine.Action] { engine.receive(.started) }
    mutating func hear(_ vote: Vote) -> [Engine.Action] { engine.receive(.vote(Verified(unchecked: vote))) }
    mutating func hear(_ block: Block) -> [Engine.Action] { engine.receive(.block(Verified(unchecked: block))) }
    mutating func hear(_ certificate: Certificate) -> [Engine.Action] {
        engine.receive(.certificate(Verified(unchecked: certificate)))
    }
    mutating func fire(_ timer: Engine.Timer) -> [Engine.Action] { engine.receive(.timerFired(timer)) }
    mutating func wait(unfinalised: Bool = true, unproposed: Bool = true) -> [Engine.Action] {
        engine.receive(.backlog(.init(hasUnfinalised: unfinalised, hasUnproposed: unproposed)))
    }

    /// Says that the own ballot is durable.
    mutating func cast(_ ballot: Ballot) -> [Engine.Action] {
        engine.receive(.cast(Verified(unchecked: SimulatedSigner.vote(ballot, as: Seat(seat)))))
    }

    /// Takes a block and finds it valid.
    mutating func accept(_ block: Block, _ verdict: Engine.Verdict = .valid) -> [Engine.Action] {
        let actions = hear(block)
        return actions + engine.receive(.validated(block.hash, verdict))
    }
}

extension [Engine.Action] {
    /// The ballots that are to be signed.
    var casts: [Ballot] {
        compactMap { if case .cast(let ballot) = $0 { ballot } else { nil } }
    }

    var broadcasts: [Engine.Outgoing] {
        compactMap { if case .broadcast(let outgoing) = $0 { outgoing } else { nil } }
    }

    var started: [Engine.Timer: Duration] {
        reduce(into: [:]) { if case .startTimer(let timer, let duration) = $1 { $0[timer] = duration } }
    }

    var orders: [Engine.Order] {
        compactMap { if case .propose(let order) = $0 { order } else { nil } }
    }

    var committed: [[Digest]] {
        compactMap { if case .commit(let blocks, _) = $0 { blocks.map(\.hash) } else { nil } }
    }

    var notices: [Engine.Notice] {
        compactMap { if case .report(let notice) = $0 { notice } else { nil } }
    }

    var fetched: [CatchUpRequest] {
        compactMap { if case .fetch(let request, _) = $0 { request } else { nil } }
    }
}
