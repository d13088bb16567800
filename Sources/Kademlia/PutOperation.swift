import Primitives

/// Stores one record at the nodes closest to its location: at the eight nearest that live, each silent one replaced by
/// the next, down to the sixteenth.
package struct PutOperation: Equatable, Sendable {
    package enum Action: Equatable, Sendable {
        /// Send the put to this node and report what becomes of it.
        case send(Contact)
        /// Enough nodes confirmed; the rest may still.
        case done(confirmations: Int)
        /// Too few nodes are left. `newer`: somebody holds a newer sequence.
        case failed(confirmations: Int, needed: Int, newer: Bool)
    }

    package enum Event: Equatable, Sendable {
        case confirmed(Contact)
        case refused(Contact, Response.Refusal)
        case timedOut(Contact)
    }

    private enum State: Equatable, Sendable { case running, done, failed }

    /// How many confirmations the put needs.
    package let needed: Int
    private let wanted: Int
    private var waiting: [Contact]
    private var inFlight: Set<DHTKey> = []
    private var confirmed: Set<DHTKey> = []
    private var sawNewer = false
    private var state = State.running

    /// - Parameters:
    ///   - candidates: the closest live nodes, nearest first.
    ///   - nodeCount: how many nodes there are at all.
    ///   - heldHere: this node is itself among the closest and has stored the record.
    ///   - limits: the network's.
    package init(candidates: [Contact], nodeCount: Int, heldHere: Bool, limits: Limits = Limits()) {
        waiting = Array(candidates.prefix(limits.putCandidatesMax))
        let own = heldHere ? 1 : 0
        needed = max(0, limits.quorum(of: nodeCount) - own)
        wanted = max(0, min(nodeCount, limits.replicas) - own)
    }

    package mutating func start() -> [Action] { advance() }

    package mutating func receive(_ event: Event) -> [Action] {
        switch event {
        case .confirmed(let contact):  // K-11
            guard inFlight.remove(contact.id) != nil else { return [] }
            confirmed.insert(contact.id)
        case .refused(let contact, let reason):  // K-12: a refusal is an answer; the next closest takes its place.
            guard inFlight.remove(contact.id) != nil else { return [] }
            if reason == .stale || reason == .conflict { sawNewer = true }
        case .timedOut(let contact):  // K-12
            guard inFlight.remove(contact.id) != nil else { return [] }
        }
        return advance()
    }

    private mutating func advance() -> [Action] {
        var actions: [Action] = []
        while inFlight.count + confirmed.count < wanted, let contact = waiting.first {
            waiting.removeFirst()
            inFlight.insert(contact.id)
            actions.append(.send(contact))
        }
        guard state == .running else { return actions }  // K-13: one result; copies are still made up for.
        if confirmed.count >= needed {
            state = .done
            actions.append(.done(confirmations: confirmed.count))
        } else if inFlight.count + confirmed.count < needed {
            state = .failed
            actions.append(.failed(confirmations: confirmed.count, needed: needed, newer: sawNewer))
        }
        return actions
    }
}
