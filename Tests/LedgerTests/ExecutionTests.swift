import Crypto
import Ledger
import Primitives
import Testing
import Wire

@Suite("Blocks")
struct ExecutionTests {
    private func commit(_ network: TestNetwork, back: UInt64 = 1) -> Ledger.Operation {
        .callCommit(CallCommit(interval: network.now.rawValue / 600_000 - back, root: digest(1), size: 16))
    }

    private func fault(
        _ network: TestNetwork, _ transactions: [Verified<ParsedTransaction>], after milliseconds: UInt64 = 1_000
    ) -> BlockFault? {
        do throws(BlockFault) {
            _ = try network.rules.execute(
                transactions, at: network.now.adding(milliseconds: milliseconds), on: network.tip, over: network.state,
                with: &network.hash)
            return nil
        } catch {
            return error
        }
    }

    @Test("LG-4 to LG-6, LG-20, LG-21: what makes a block invalid")
    func faults() throws {
        var limits = NetworkLimits()
        limits.blockTransactions = 3
        limits.blockBytes = 900
        let network = try TestNetwork(limits: limits)
        let good = try network.make(commit(network), by: network.node)
        #expect(fault(network, [good]) == nil)
        #expect(fault(network, [], after: 0) == .timeNotLater)
        #expect(fault(network, [good, good]) == .transaction(index: 1, .alreadyIncluded))
        #expect(fault(network, [good], after: 60_001) == .transaction(index: 0, .expired))
        #expect(fault(network, [good], after: 60_000) == nil)
        let far = try network.make(
            commit(network), by: network.node, until: network.now.adding(milliseconds: 121_001))
        #expect(fault(network, [far]) == .transaction(index: 0, .tooFarAhead))
        #expect(fault(network, [far], after: 1_001) == nil)
        #expect(fault(network, [good, good, good, good]) == .tooManyTransactions)
        let others = try (0..<2).map { _ in try network.make(commit(network), by: network.node) }
        #expect(fault(network, [good] + others) == .tooLarge)
        try network.apply([good])
        #expect(fault(network, [good]) == .transaction(index: 0, .alreadyIncluded))
    }

    @Test("A proposer leaves out what may not stand in its block, and says why")
    func prepare() throws {
        let network = try TestNetwork()
        let good = try network.make(commit(network), by: network.node)
        let old = try network.make(commit(network), by: network.node, until: network.now)
        let (block, faults) = try network.rules.prepare(
            [old, good, good], at: network.now.next, on: network.tip, over: network.state, with: &network.hash)
        #expect(block.transactions == [good.value])
        #expect(faults.map(\.id) == [old.value.id])
        #expect(faults.map(\.fault) == [.expired])
        let lists = try RuleBook.validatorLists(from: network.state)
        #expect(lists.current.digest(with: &network.hash) == block.record.validatorSet)
        #expect(lists.next.digest(with: &network.hash) == block.record.nextValidatorSet)
    }

    @Test("LG-23, LG-25: a block whose record says anything else is refused")
    func process() throws {
        let network = try TestNetwork()
        let transactions = [try network.make(commit(network), by: network.node)]
        let block = try network.rules.execute(
            transactions, at: network.now.next, on: network.tip, over: network.state, with: &network.hash)
        func process(_ record: Record) -> BlockFault? {
            do throws(BlockFault) {
                _ = try network.rules.process(
                    record, transactions, on: network.tip, over: network.state, with: &network.hash)
                return nil
            } catch {
                return error
            }
        }
        let good = block.record
        #expect(process(good) == nil)
        func changed(
            parent: CID? = nil, state: Digest? = nil, results: Digest? = nil, next: Digest? = nil,
            epochEnd: Height? = nil
        ) -> Record {
            Record(
                time: good.time, chain: good.chain, epoch: good.epoch, height: good.height,
                parent: parent ?? good.parent, transactionRoot: good.transactionRoot, logRoot: good.logRoot,
                logSize: good.logSize, epochEnd: epochEnd ?? good.epochEnd, stateRoot: state ?? good.stateRoot,
                resultsRoot: results ?? good.resultsRoot,
                validatorSet: good.validatorSet, nextValidatorSet: next ?? good.nextValidatorSet)
        }
        for bad in [
            changed(parent: CID(.dagCBOR, digest(1))), changed(state: digest(1)), changed(results: digest(1)),
            changed(next: digest(1)), changed(epochEnd: Height(9)),
        ] { #expect(process(bad) == .otherRecord) }
    }

    @Test("LG-10: a failed transaction is recorded and changes nothing but the log")
    func failure() throws {
        let network = try TestNetwork()
        try network.wait(1)
        let before = network.tip
        #expect(try network.apply(commit(network, back: 9), by: network.node) == .failed(.intervalNotOpen))
        #expect(network.tip.record.stateRoot == before.record.stateRoot)
        #expect(network.tip.record.logSize == before.record.logSize + 1)
    }

    @Test("LG-13: what comes after another waits for its success, also within a block")
    func predecessor() throws {
        let network = try TestNetwork()
        let first = try network.make(commit(network), by: network.node)
        let second = try network.make(commit(network, back: 2), by: network.node, after: first.value.id)
        let failing = try network.make(commit(network, back: 9), by: network.node)
        let third = try network.make(commit(network, back: 3), by: network.node, after: failing.value.id)
        #expect(
            try network.apply([second, first, failing, third]) == [
                .failed(.predecessorMissing), .succeeded, .failed(.intervalNotOpen), .failed(.predecessorMissing),
            ])
        let again = try network.make(commit(network, back: 2), by: network.node, after: first.value.id)
        #expect(try network.apply([again]) == [.succeeded])
    }

    @Test("An overlay over unfinalised blocks reads and executes like the committed state")
    func overlays() throws {
        let network = try TestNetwork()
        let first = try network.make(commit(network), by: network.node)
        let blockA = try network.rules.execute(
            [first], at: network.now.adding(milliseconds: 1), on: network.tip, over: network.state,
            with: &network.hash)
        let overlay = OverlayView([blockA], over: network.state)
        let second = try network.make(commit(network, back: 2), by: network.node, after: first.value.id)
        let repeated = try network.make(commit(network), by: network.node)
        let time = network.now.adding(milliseconds: 2)
        let blockB = try network.rules.execute(
            [second, repeated], at: time, on: blockA.tip, over: overlay, with: &network.hash)
        #expect(blockB.results == [.succeeded, .failed(.intervalNotOpen)])
        #expect(throws: BlockFault.transaction(index: 0, .alreadyIncluded)) {
            try network.rules.execute([first], at: time, on: blockA.tip, over: overlay, with: &network.hash)
        }
        var state = network.state
        state.commit(blockA)
        let committed = try network.rules.execute(
            [second, repeated], at: time, on: blockA.tip, over: state, with: &network.hash)
        #expect(committed.record == blockB.record)
        #expect(committed.tree == blockB.tree)
    }

    @Test("Any fact, and any absence, has a proof against the record's state root")
    func stateProofs() throws {
        let network = try TestNetwork()
        _ = try network.apply(commit(network), by: network.node)
        let (root, tree) = (network.tip.record.stateRoot, network.tip.state)
        for (key, value) in network.state.values {
            let proof = try StateTree.proof(of: key, in: tree, from: network.state, with: &network.hash)
            #expect(proof.proves(value, under: key, root: root, with: &network.hash))
        }
        let absent = StateKey(.grant, digest(1), digest(2))
        let proof = try StateTree.proof(of: absent, in: tree, from: network.state, with: &network.hash)
        #expect(proof.proves(nil, under: absent, root: root, with: &network.hash))
    }

    @Test("A light client needs one record and one proof for any transaction ever")
    func logProofs() throws {
        let network = try TestNetwork()
        for _ in 0..<5 {
            try network.apply([
                network.make(commit(network), by: network.node), network.make(commit(network), by: network.persons[0]),
            ])
        }
        let record = network.tip.record
        #expect(record.logSize == 10)
        for (place, block) in network.blocks.enumerated() {
            for index in 0..<2 {
                let position = UInt64(2 * place + index)
                let proof = try #require(
                    try LogTree.inclusionProof(
                        of: position, size: record.logSize, from: network.log, with: &network.hash))
                let leaf = block.leaf(index)
                func holds(_ leaf: LogLeaf) -> Bool {
                    Audit.isIncluded(leaf, at: position, proof: proof, in: record, with: &network.hash)
                }
                #expect(holds(leaf))
                let lie = LogLeaf(
                    height: leaf.height, index: leaf.index, envelope: leaf.envelope, code: leaf.code ^ 1)
                #expect(!holds(lie))
            }
        }
    }

    @Test("An audit without state finds what does not fit")
    func audit() throws {
        let network = try TestNetwork()
        let parent = network.tip
        try network.apply([network.make(commit(network), by: network.node)])
        let block = try #require(network.blocks.last)
        func mismatch(_ transactions: [ParsedTransaction], _ results: [TransactionResult]) -> Audit.Mismatch? {
            var log = parent.log
            return Audit.mismatch(
                of: block.record, after: parent, transactions, results, log: &log, with: &network.hash)
        }
        #expect(mismatch(block.transactions, block.results) == nil)
        #expect(mismatch([], []) == .transactions)
        #expect(mismatch(block.transactions, [.failed(.wrongKey)]) == .results)
        var log = parent.log
        #expect(
            Audit.mismatch(
                of: block.record, after: block.tip, block.transactions, block.results, log: &log, with: &network.hash)
                == .parent)
    }

    @Test("LG-30: admission says what a block would")
    func admission() throws {
        let network = try TestNetwork()
        var admission = try Admission(
            network.rules, at: network.now.next, on: network.tip, over: network.state)
        let good = try network.make(commit(network), by: network.node)
        let next = try network.make(commit(network, back: 2), by: network.node, after: good.value.id)
        let bad = try network.make(commit(network, back: 9), by: network.node)
        let old = try network.make(commit(network), by: network.node, until: network.now)
        #expect(try admission.judge(good, with: &network.hash) == .admitted(charged: network.node.id))
        #expect(try admission.judge(good, with: &network.hash) == .admitted(charged: network.node.id))
        #expect(
            try admission.judge(next, with: &network.hash)
                == .waits(for: good.value.id, charged: network.node.id))
        #expect(try admission.judge(bad, with: &network.hash) == .failing(.failed(.intervalNotOpen)))
        #expect(try admission.judge(old, with: &network.hash) == .faulty(.expired))
    }

    @Test("LG-15: a per-call key uses the quota of its home node")
    func charge() throws {
        let network = try TestNetwork()
        var call = try TestCall(network)
        _ = try call.open()
        _ = try call.accept()
        var admission = try Admission(
            network.rules, at: network.now.next, on: network.tip, over: network.state)
        let consent = try network.make(call.consent(), by: call.callee)
        #expect(
            try admission.judge(consent, with: &network.hash) == .admitted(charged: network.validators[0].id))
    }

    @Test("LG-6: an id is forgotten only when its until keeps it out")
    func memory() throws {
        let network = try TestNetwork()
        let first = try network.make(commit(network), by: network.node)
        try network.apply([first])
        #expect(network.state.memory.count == 1)
        try network.wait(58_000)
        #expect(network.state.memory.result(of: first.value.id) == .succeeded)
        try network.wait(5_000)
        #expect(network.state.memory.count == 0)
        #expect(fault(network, [first]) == .transaction(index: 0, .expired))
    }

    @Test("LG-13: whether a predecessor counts is told by its until, not by how much is final on a node")
    func forgottenPredecessor() throws {
        let network = try TestNetwork()
        let first = try network.make(commit(network), by: network.node)
        try network.apply([first])
        let behind = network.state
        try network.wait(90_000)
        let next = try network.make(commit(network), by: network.node, after: first.value.id)
        let time = network.now.next
        let ahead = try network.rules.execute(
            [next], at: time, on: network.tip, over: network.state, with: &network.hash)
        let overlay = OverlayView(network.blocks.suffix(1), over: behind)
        let other = try network.rules.execute([next], at: time, on: network.tip, over: overlay, with: &network.hash)
        #expect(ahead.results == [.failed(.predecessorMissing)])
        #expect(other.record == ahead.record)
    }

    @Test("Genesis names the chain, and its record follows from it")
    func genesis() throws {
        let network = try TestNetwork()
        let decoded = try Genesis(decoding: network.genesis.encoded)
        #expect(decoded == network.genesis)
        #expect(SignatureVerifier().verified(decoded, in: ()) != nil)
        let rules = RuleBook(genesis: decoded, judge: TestJudge(), with: &network.hash)
        #expect(try rules.genesisBlock(with: &network.hash).record == network.genesisBlock.record)
        #expect(network.genesisBlock.record.height == .zero)
        #expect(network.genesisBlock.record.logSize == 0)
        let text = network.node.id.text(chain: network.rules.chain)
        #expect(text.hasPrefix("did:sotto:"))
        #expect(MemberID(text: text, chain: network.rules.chain) == network.node.id)
        #expect(MemberID(text: text, chain: .zero) == nil)
    }
}
