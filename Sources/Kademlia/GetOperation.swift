package import Primitives

/// Reads one record: careful reads hear three holders and take the highest sequence, quick reads hear two and a third
/// before they say that nothing is there.
package struct GetOperation: Equatable, Sendable {
    package enum Care: Equatable, Sendable {
        /// What decides a call.
        case careful
        case quick
    }

    package enum Action: Equatable, Sendable {
        case send(Contact)
        /// The record with the highest sequence heard.
        case found(SignedRecord)
        /// Enough holders said that nothing is there.
        case absent
        /// Nobody answered.
        case unreachable
    }

    package enum Event: Equatable, Sendable {
        case record(Contact, Verified<SignedRecord>)
        /// The node has nothing there, or something that does not hold.
        case absent(Contact)
        case timedOut(Contact)
    }

    private enum State: Equatable, Sendable { case running, ended }

    private let care: Care
    private let limits: Limits
    private var waiting: [Contact]
    private var inFlight: Set<DHTKey> = []
    private var answers = 0
    private var best: SignedRecord?
    private var state = State.running

    /// `local`: what this node holds itself, counted as one answer when it is among the closest.
    package init(
        candidates: [Contact], care: Care, local: SignedRecord?, isHolder: Bool, limits: Limits = Limits()
    ) {
        self.care = care
        self.limits = limits
        waiting = Array(candidates.prefix(limits.putCandidatesMax))
        best = local
        answers = isHolder ? 1 : 0
    }

    package mutating func start() -> [Action] { advance() }

    package mutating func receive(_ event: Event) -> [Action] {
        guard state == .running else { return [] }  // K-13: late answers change nothing.
        switch event {
        case .record(let contact, let verified):  // K-14
            guard inFlight.remove(contact.id) != nil else { return [] }
            answers += 1
            if verified.value.record.sequence > (best?.record.sequence ?? 0) || best == nil { best = verified.value }
        case .absent(let contact):  // K-14
            guard inFlight.remove(contact.id) != nil else { return [] }
            answers += 1
        case .timedOut(let contact):  // K-15: the next closest is asked instead.
            guard inFlight.remove(contact.id) != nil else { return [] }
        }
        return advance()
    }

    private var answersWanted: Int {
        switch care {
        case .careful: limits.carefulReads
        case .quick: best == nil ? limits.carefulReads : limits.quickReads
        }
    }

    private mutating func advance() -> [Action] {
        var actions: [Action] = []
        while answers + inFlight.count < answersWanted, let contact = waiting.first {
            waiting.removeFirst()
            inFlight.insert(contact.id)
            actions.append(.send(contact))
        }
        if answers >= answersWanted || inFlight.isEmpty {
            state = .ended
            actions.append(best.map { .found($0) } ?? (answers > 0 ? .absent : .unreachable))
        }
        return actions
    }
}
