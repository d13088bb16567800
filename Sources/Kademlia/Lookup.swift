package import Primitives

/// Finds the nodes closest to a target by asking nodes for nodes, α at a time, over disjoint paths.
///
/// Each path starts from its share of the nearest nodes we know and goes on only with what its own nodes answered, and
/// no node serves two paths: a liar then spoils one path, not all (S/Kademlia, Baumgart and Mies, 2007, section 4.3).
/// The lookup is done when each path's closest nodes have all answered.
package struct Lookup: Equatable, Sendable {
    private enum Progress: Equatable, Sendable { case waiting, asked, answered, failed }

    private struct Candidate: Equatable, Sendable {
        let contact: Contact
        let distance: Bytes32
        var progress: Progress
    }

    package let target: DHTKey
    private let limits: Limits
    private var paths: [[Candidate]]
    private var pathOf: [DHTKey: Int] = [:]
    private var asked = 0

    /// `seeds`: the nodes we know that are closest to the target.
    package init(target: DHTKey, seeds: [Contact], limits: Limits = Limits()) {
        self.target = target
        self.limits = limits
        paths = Array(repeating: [], count: max(1, min(limits.paths, seeds.count)))
        for (index, seed) in seeds.enumerated() { add(seed, to: index % paths.count) }
    }

    /// The nodes to ask now, so that at most α requests are under way.
    package mutating func next() -> [Contact] {
        var inFlight = paths.joined().count { $0.progress == .asked }
        var batch: [Contact] = []
        while inFlight < limits.parallelism, asked < limits.lookupQueriesMax {
            var progressed = false
            for path in paths.indices where inFlight < limits.parallelism && asked < limits.lookupQueriesMax {
                guard let index = nextIndex(in: path) else { continue }
                paths[path][index].progress = .asked
                batch.append(paths[path][index].contact)
                inFlight += 1
                asked += 1
                progressed = true
            }
            if !progressed { break }
        }
        return batch
    }

    /// `contact` answered with nodes that it says are close. Answers nobody asked for change nothing (K-10).
    package mutating func succeeded(_ contact: Contact, closer: [Contact]) {
        guard mark(contact, .answered), let path = pathOf[contact.id] else { return }
        for other in closer.prefix(limits.replicas) { add(other, to: path) }
    }

    package mutating func failed(_ contact: Contact) { _ = mark(contact, .failed) }

    /// Nothing is under way and nothing is left to ask.
    package var isDone: Bool {
        guard !paths.joined().contains(where: { $0.progress == .asked }) else { return false }
        return asked >= limits.lookupQueriesMax || paths.indices.allSatisfy { nextIndex(in: $0) == nil }
    }

    /// The closest nodes that answered, nearest first.
    package var closest: [Contact] {
        paths.joined().filter { $0.progress == .answered }.sorted { $0.distance < $1.distance }
            .prefix(limits.replicas).map(\.contact)
    }

    private mutating func add(_ contact: Contact, to path: Int) {
        guard pathOf[contact.id] == nil, pathOf.count < limits.lookupQueriesMax * limits.replicas else { return }
        pathOf[contact.id] = path
        let distance = contact.id.raw ^ target.raw
        let place = paths[path].firstIndex { distance < $0.distance } ?? paths[path].count
        paths[path].insert(Candidate(contact: contact, distance: distance, progress: .waiting), at: place)
    }

    /// The nearest waiting node among the path's `replicas` nearest that have not failed.
    private func nextIndex(in path: Int) -> Int? {
        var seen = 0
        for index in paths[path].indices where paths[path][index].progress != .failed {
            if seen == limits.replicas { return nil }
            if paths[path][index].progress == .waiting { return index }
            seen += 1
        }
        return nil
    }

    private mutating func mark(_ contact: Contact, _ progress: Progress) -> Bool {
        guard let path = pathOf[contact.id],
            let index = paths[path].firstIndex(where: { $0.contact.id == contact.id && $0.progress == .asked })
        else { return false }
        paths[path][index].progress = progress
        return true
    }
}
