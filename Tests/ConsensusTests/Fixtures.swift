import Consensus
import Crypto
import Primitives
import Simulation
import Testing
import Wire

let chain = ChainID(raw: Bytes32(words: (9, 9, 9, 9)))
let genesis = BlockReference.genesis(of: chain)

func validators(_ count: Int, epoch: ValidatorEpoch = .zero) -> ValidatorSet {
    let list = (0..<count).map { index in
        let raw = Bytes32(words: (UInt64(index), 1, 1, 1))
        return Validator(id: MemberID(raw: raw), key: PublicKey(raw: raw))
    }
    guard let set = ValidatorSet(epoch: epoch, validators: list) else { preconditionFailure("a set of \(count)") }
    return set
}

func ballot(
    _ kind: Ballot.Kind, _ view: UInt64, _ hash: Digest = .zero, in epoch: ValidatorEpoch = .zero
) -> Ballot {
    Ballot(kind: kind, epoch: epoch, view: View(view), hash: hash)
}

func vote(
    _ kind: Ballot.Kind, _ view: UInt64, _ hash: Digest = .zero, by seat: Int, in epoch: ValidatorEpoch = .zero
) -> Vote {
    SimulatedSigner.vote(ballot(kind, view, hash, in: epoch), as: Seat(seat))
}

func certificate(
    _ kind: Ballot.Kind, _ view: UInt64, _ hash: Digest = .zero, by seats: [Int] = [1, 2, 3],
    in epoch: ValidatorEpoch = .zero
) -> Certificate {
    var signers = SeatSet()
    for seat in seats { _ = signers.insert(Seat(seat)) }
    let ballot = ballot(kind, view, hash, in: epoch)
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
        record: CID(.dagCBOR, SHA256.hash([tag, UInt8(truncatingIfNeeded: view)])), body: SHA256.hash([tag]))
    return signed(header, body: [tag])
}

/// The block of a header that names this body.
func signed(_ header: EngineHeader, body: [UInt8]) -> Block {
    let hash = SHA256.hash(header.encoded)
    let seat = Seat(Int(header.view.rawValue) % 4)
    let signature = SimulatedSigner.signProposal(view: header.view, hash: hash, as: seat)
    var hasher = SHA256()
    guard let block = Block(Proposal(header: header, signature: signature, body: body), with: &hasher) else {
        preconditionFailure("the body has its hash")
    }
    return block
}

/// A block of four on the sealing block or on one of its echoes, unless something else than an echo is asked for.
func echo(_ view: UInt64, of parent: Block, record: CID? = nil, body: [UInt8] = []) -> Block {
    let views = Justification.carriedViews(from: parent.view, to: View(view))
    let header = EngineHeader(
        epoch: .zero, view: View(view), parent: parent.reference,
        justification: Justification(
            parent: certificate(.notarize, parent.view.rawValue, parent.hash),
            nullifications: views.map { certificate(.nullify, $0) }),
        proposer: validators(4).validators[Int(view) % 4].id, record: record ?? parent.header.record,
        body: SHA256.hash(body))
    return signed(header, body: body)
}

/// One engine under test, with short names for its events.
struct Probe {
    var engine: Engine
    let seat: Int

    init(
        seat: Int = 0, count: Int = 4, epoch: ValidatorEpoch = .zero, lastHeight: Height? = nil,
        restored: Restored? = nil, isMuted: Bool = false, limits: Limits = Limits()
    ) {
        self.seat = seat
        engine = Engine(
            chain: chain, validators: validators(count, epoch: epoch), lastHeight: lastHeight, seat: Seat(seat),
            restored: restored ?? .fresh(chain: chain), isMuted: isMuted, limits: limits)
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

    var seals: [Engine.Seal] {
        compactMap { if case .seal(let seal) = $0 { seal } else { nil } }
    }

    var validated: [Digest] {
        compactMap { if case .validate(let hash, _) = $0 { hash } else { nil } }
    }

    var notices: [Engine.Notice] {
        compactMap { if case .report(let notice) = $0 { notice } else { nil } }
    }

    var fetched: [CatchUpRequest] {
        compactMap { if case .fetch(let request, _) = $0 { request } else { nil } }
    }
}
