import Primitives
import Wire

/// The blocks above the last finalised one: which are here, which were executed, and which have become final. Knows
/// nothing of votes or views beyond the order of views.
struct Chain: Sendable, Equatable {
    private enum Status: Sendable, Equatable {
        case received
        case checking
        case judged(Engine.Verdict)
    }

    private struct Entry: Sendable, Equatable {
        let block: Block
        var status: Status
        /// Known once its parent's is.
        var height: Height
    }

    /// What stands between a block and its execution.
    enum Step: Sendable, Equatable {
        /// It was executed, or is the head itself.
        case judged(Engine.Verdict)
        /// This block must be executed next; its parent was.
        case validate(Block, height: Height)
        /// An execution is under way.
        case waiting
        /// This block must be fetched first.
        case missing(BlockReference)
        /// It does not stand on the last finalised block, or on an invalid one.
        case dead
    }

    /// What became final, and what never will.
    struct Commitment: Sendable, Equatable {
        let blocks: [Block]
        /// Above the sealing block, up to the finalised one.
        let echoes: [Block]
        let finalization: Certificate
        let dropped: [Digest]
    }

    private let limits: Limits
    private(set) var head: FinalisedHead
    private var entries: [Digest: Entry] = [:]
    /// The entries that were received and wait.
    private var runs = Runs()
    /// All entries, by what they stand on.
    private var descent = Descent()
    /// Finalizations above the head, ascending by view.
    private(set) var targets: [Certificate] = []
    /// Of the sealing block; nil in a validator epoch without end.
    private let lastHeight: Height?
    /// A block here has the last height, so echoes may stand on it.
    private var reachesEnd = false
    /// Nothing came since the echoes were judged.
    private var hasJudgedEchoes = false
    /// Blocks that were looked at on the way from some other one.
    private var lookCount: UInt64 = 0

    init(head: FinalisedHead, lastHeight: Height?, limits: Limits) {
        self.head = head
        self.lastHeight = lastHeight
        self.limits = limits
    }

    var count: Int { entries.count }

    /// Grows with each block that is looked at, moved or forgotten: what following the chain costs, on any machine.
    var work: UInt64 { lookCount + runs.movedCount }

    /// S-13: the sealing block is final.
    var isSealed: Bool { lastHeight.map { head.height >= $0 } ?? false }

    func block(_ hash: Digest) -> Block? { entries[hash]?.block }

    /// The heights above the head at which `hash` stands; nil while unknown.
    func depth(of hash: Digest) -> Int? {
        if hash == head.block.hash { return 0 }
        guard let height = entries[hash]?.height, height > head.height else { return nil }
        return Int(height.rawValue - head.height.rawValue)
    }

    /// The height of a block on `parent`, which was executed or is the head: nobody has one above the last (S-13).
    func height(above parent: Digest) -> Height? {
        depth(of: parent).map { depth in
            let height = Height(head.height.rawValue + UInt64(depth) + 1)
            return min(height, lastHeight ?? height)
        }
    }

    /// The record that a block on `parent` must repeat; nil below the sealing block.
    func echoed(on parent: Digest) -> CID? {
        guard let entry = entries[parent], entry.height == lastHeight, case .judged = entry.status else { return nil }
        return entry.block.header.record
    }

    /// S-13: judges what stands on a sealing block, which nobody need execute; the blocks that do not repeat it.
    mutating func judgeEchoes() -> [BlockReference] {
        guard reachesEnd, !hasJudgedEchoes else { return [] }
        hasJudgedEchoes = true
        var refused: [BlockReference] = []
        lookCount += UInt64(entries.count)
        let received = entries.values.filter { $0.status == .received }
        for entry in received.sorted(by: { ($0.block.view, $0.block.hash) < ($1.block.view, $1.block.hash) }) {
            guard let record = echoed(on: entry.block.header.parent.hash),
                entries[entry.block.header.parent.hash]?.status != .judged(.invalid)
            else { continue }
            let isEcho = entry.block.proposal.body.isEmpty && entry.block.header.record == record
            if !isEcho { refused.append(entry.block.reference) }
            runs.remove(entry.block.hash)
            entries[entry.block.hash]?.status = .judged(isEcho ? .valid : .invalid)
            entries[entry.block.hash]?.height = lastHeight ?? entry.height
        }
        return refused
    }

    /// Holds a block; false when it is known, below the head, or when the table is full of lower ones.
    mutating func add(_ block: Block) -> Bool {
        guard block.view > head.block.view, entries[block.hash] == nil else { return false }
        if entries.count >= limits.blocksMax {
            // The way to finality leads from the head upwards, and what lies high can be fetched again.
            guard let highest = runs.highest, highest.view > block.view else { return false }
            forget(highest.hash)
        }
        entries[block.hash] = Entry(block: block, status: .received, height: .zero)
        descent.insert(block.reference, on: block.header.parent)
        runs.insert(block.reference, on: block.header.parent, below: descent.children(of: block.reference))
        hasJudgedEchoes = false
        return true
    }

    private mutating func forget(_ hash: Digest) {
        guard let block = entries.removeValue(forKey: hash)?.block else { return }
        runs.remove(hash)
        descent.remove(block.reference, on: block.header.parent)
        lookCount += 1
    }

    /// Notes a finalization above the head. False when the table is full and one was left out.
    mutating func add(target certificate: Certificate) -> Bool {
        guard certificate.view > head.block.view, !targets.contains(where: { $0.view == certificate.view }) else {
            return true
        }
        targets.append(certificate)
        targets.sort { $0.view < $1.view }
        guard targets.count > limits.targetsMax else { return true }
        // The lowest is the next to be reached and the highest is the goal: the second highest can be missed.
        targets.remove(at: targets.count - 2)
        return false
    }

    /// What is to be done next in order to execute `goal`. The blocks that only wait for others are not looked at.
    mutating func step(toward goal: BlockReference) -> Step {
        var child: Block?
        var cursor = goal
        while cursor != head.block {
            lookCount += 1
            guard cursor.view > head.block.view else { return .dead }
            guard let entry = entries[cursor.hash] else { return .missing(cursor) }
            switch entry.status {
            case .judged(.invalid): return .dead
            case .judged(let verdict): return child.map { .validate($0, height: entry.height.next) } ?? .judged(verdict)
            case .checking: return .waiting
            case .received:
                let lowest = runs.lowest(of: cursor.hash).flatMap { entries[$0.hash]?.block } ?? entry.block
                child = lowest
                cursor = lowest.header.parent
            }
        }
        return child.map { .validate($0, height: head.height.next) } ?? .judged(.valid)
    }

    /// Notes that the execution of a block was ordered.
    mutating func began(_ hash: Digest, height: Height) {
        runs.remove(hash)
        entries[hash]?.status = .checking
        entries[hash]?.height = height
        if height == lastHeight { reachesEnd = true }
    }

    /// Takes a verdict; false when nobody asked for it.
    mutating func judged(_ hash: Digest, _ verdict: Engine.Verdict) -> Bool {
        guard entries[hash]?.status == .checking else { return false }
        entries[hash]?.status = .judged(verdict)
        hasJudgedEchoes = false
        return true
    }

    /// Holds a block that its builder has executed on its parent.
    mutating func built(_ block: Block, height: Height) -> Bool {
        guard add(block) else { return false }
        runs.remove(block.hash)
        entries[block.hash] = Entry(block: block, status: .judged(.valid), height: height)
        if height == lastHeight { reachesEnd = true }
        return true
    }

    /// The highest finalization whose block and ancestors were all executed, taken out of the table; nil when none is.
    mutating func commit() -> Commitment? {
        for target in targets.reversed() {
            let goal = BlockReference(view: target.view, hash: target.hash)
            guard case .judged(.valid) = accepted(step(toward: goal)) else { continue }
            return finalise(goal, by: target)
        }
        return nil
    }

    /// A finalised block that was found invalid, if there is one.
    mutating func rejectedTarget() -> BlockReference? {
        for target in targets {
            let goal = BlockReference(view: target.view, hash: target.hash)
            if step(toward: goal) == .dead { return goal }
        }
        return nil
    }

    /// For finality an untimely block is as good as any.
    private func accepted(_ step: Step) -> Step {
        step == .judged(.untimely) ? .judged(.valid) : step
    }

    private mutating func finalise(_ goal: BlockReference, by certificate: Certificate) -> Commitment {
        var blocks: [Block] = []
        var cursor = goal
        while cursor != head.block, let block = entries[cursor.hash]?.block {
            blocks.append(block)
            cursor = block.header.parent
        }
        blocks.reverse()
        for block in blocks { forget(block.hash) }
        let room = lastHeight.map { Int($0.rawValue - head.height.rawValue) } ?? blocks.count
        let echoes = Array(blocks.dropFirst(room))
        blocks = Array(blocks.prefix(room))
        let last = blocks.last?.header
        head = FinalisedHead(
            block: blocks.last?.reference ?? goal, height: Height(head.height.rawValue + UInt64(blocks.count)),
            record: last?.record, finalization: certificate, echo: echoes.last?.header)
        targets = isSealed ? [] : targets.filter { $0.view > goal.view }
        return Commitment(blocks: blocks, echoes: echoes, finalization: certificate, dropped: dropLosers())
    }

    /// Forgets every block that does not descend from the head, as far as its ancestors are here to tell.
    private mutating func dropLosers() -> [Digest] {
        let losers = isSealed ? entries.values.map(\.block.reference) : descent.losers(beside: head.block)
        // From above, so that each is the highest of its run.
        for block in losers.sorted(by: { ($1.view, $1.hash) < ($0.view, $0.hash) }) { forget(block.hash) }
        return losers.map(\.hash).sorted()
    }
}
