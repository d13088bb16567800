import Consensus
import Crypto
import Ledger
import Node
import Primitives
import Wire

extension Golden {
    /// What nodes keep for ever, and what they hand to a new one.
    static var storage: [Golden] {
        let head = StoredHead(header: header, signature: Sample.signature("leader"), record: tip.record)
        let echo = Proposal(header: header, signature: Sample.signature("leader of an echo"), body: [])
        let entry = ValidatorList.Entry(member: Sample.id("validator 1"), key: Sample.publicKey("validator 1"))
        let next = ValidatorList(epoch: ValidatorEpoch(2), [entry])
        let entries = (0..<4).map {
            ValidatorList.Entry(member: Sample.id("validator \($0)"), key: Sample.publicKey("validator \($0)"))
        }
        let lost = recovery(entries.sorted { $0.member < $1.member })
        let leaves = Sample.digest("leaf 0").bytes + Sample.digest("leaf 1").bytes
        var list = [
            Golden("stored-head", head),
            Golden(
                "erased-block",
                ErasedBlock(
                    slots: [
                        .whole(Sample.bytes("envelope", count: 40)),
                        .erased(
                            ErasedBlock.Gap(
                                envelope: Sample.digest("an envelope"), id: Sample.id("a transaction"),
                                until: Sample.time(60_000), subject: .recording(Sample.id("a recording")))),
                    ], codes: [0, 18])),
            Golden("snapshot-chunk+log", SnapshotChunk(kind: .log, rows: [leaves])),
        ]
        for certificate in certificate(.finalize, view: 14) {
            let proof = FinalityProof.simplex(SimplexProof(finalization: certificate, headers: [header]))
            let part = SnapshotManifest.Part(kind: .log, byteCount: 83, hash: Sample.digest("chunk"))
            list += [
                Golden(
                    "snapshot-manifest",
                    SnapshotManifest(tip: tip, chain: Sample.chain, proof: proof, chunks: [part])),
                Golden("snapshot-head", SnapshotHead(head: head, finalization: certificate)),
                Golden("snapshot-head+open", SnapshotHead(head: head, finalization: nil)),
                Golden(
                    "snapshot-head+seal",
                    SnapshotHead(
                        head: head, finalization: certificate,
                        seal: SnapshotHead.Seal(next: next, echoes: [echo]))),
                Golden(
                    "snapshot-head+recovery",
                    SnapshotHead(
                        head: head, finalization: certificate,
                        seal: SnapshotHead.Seal(next: lost.statement.list, echoes: [], recovery: lost))),
                Golden(
                    "handover+recovery",
                    Handover(
                        list: lost.statement.list, record: tip.record, finality: proof, recovery: lost)),
            ]
        }
        return list
    }
}
