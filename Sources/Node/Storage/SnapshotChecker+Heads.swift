import Consensus
import Crypto
import Ledger
import Primitives
import Wire

/// The heads: one after the other by their links, and from one validator epoch to the next by what the set before made
/// final, as a light client goes.
extension SnapshotChecker {
    mutating func takeHead(_ row: [UInt8], _ chunk: Int) throws(SnapshotFault) {
        let height = record.height.next
        func fault(_ why: String) -> SnapshotFault { SnapshotFault(.heads, chunk: chunk, "height \(height): \(why)") }
        guard let item = try? SnapshotHead(decoding: row) else { throw fault("it cannot be read") }
        let (header, next) = (item.head.header, item.head.record)
        let id = next.cid(with: &hash)
        guard header.parent == block, header.record == id, next.parent == recordID, next.height == height,
            next.chain == rules.chain, next.logSize >= record.logSize
        else { throw fault("it does not follow the one before") }
        let set = trail.newest
        guard next.epoch == set.epoch, header.epoch == set.epoch else {
            throw fault("it is not of the validator epoch that decides its height")
        }
        let reference = BlockReference(view: header.view, hash: hash.digest(header.encoded))
        guard isSigned(header, item.head.signature, reference.hash, by: set) else {
            throw fault("its leader's signature does not hold")
        }
        let isRecovered = item.seal?.recovery != nil
        guard (item.seal != nil) == (next.endsEpoch || isRecovered) else {
            throw fault("it says who takes over and does not seal its validator epoch, or the other way round")
        }
        guard !isRecovered || height < manifest.height, next.endsEpoch || (item.seal?.echoes ?? []).isEmpty else {
            throw fault("operators ended its validator epoch, and no block is there that says so")
        }
        let echoes = try takeEchoes(of: item, above: reference, set, fault)
        if let finality = item.finality {
            do throws(ProofFault) {
                try trail.check(next, finality, with: &hash)
                if let seal = item.seal {
                    try trail.follow(
                        Handover(list: seal.next, record: next, finality: finality, recovery: seal.recovery),
                        with: &hash)
                    report.handovers += 1
                }
            } catch {
                throw fault("its finalization does not hold: \(error)")
            }
            report.finalizations += 1
        } else if height == manifest.height {
            throw fault("the newest block has no finalization")
        }
        if isWithin(Self.windowMax, next) {
            recents[height] = Recent(record: next, count: next.logSize - record.logSize)
            // Before this the window may have been another.
            if item.seal != nil, height < manifest.height { hasTurned = true }
        }
        try sink?.take(item, block: reference.hash, echoes: echoes)
        record = next
        recordID = id
        block = reference
        report.heads += 1
    }

    /// That the echoes repeat the sealing block, each on the one before; their hashes. That the newest of them is what
    /// was made final is left to the finality proof.
    private mutating func takeEchoes(
        of item: SnapshotHead, above sealing: BlockReference, _ set: ValidatorSet, _ fault: (String) -> SnapshotFault
    ) throws(SnapshotFault) -> [Digest] {
        guard let echoes = item.seal?.echoes, !echoes.isEmpty else { return [] }
        var hashes: [Digest] = []
        var below = sealing
        for (index, echo) in echoes.enumerated() {
            let header = echo.header
            let reference = BlockReference(view: header.view, hash: hash.digest(header.encoded))
            // One alone need not stand on the sealing block: those between were too many.
            guard header.parent == below || echoes.count == 1, header.view > below.view, echo.body.isEmpty,
                header.body == hash.digest([]), header.epoch == set.epoch, header.record == item.head.header.record,
                header.justification.echo == nil, isSigned(header, echo.signature, reference.hash, by: set)
            else { throw fault("echo \(index) does not repeat it") }
            hashes.append(reference.hash)
            below = reference
        }
        return hashes
    }

    private func isSigned(
        _ header: EngineHeader, _ signature: Signature, _ hash: Digest, by set: ValidatorSet
    ) -> Bool {
        guard let leader = set[set.leader(of: header.view)], leader.id == header.proposer else { return false }
        let body = Proposal.signedBody(epoch: header.epoch, view: header.view, hash: hash)
        return verifier.isValid(
            SignatureCheck(
                preimage: SigningKind.proposal.preimage(chain: rules.chain, body: body), key: leader.key,
                signature: signature))
    }
}
