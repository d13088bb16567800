import Consensus
import Crypto
package import Ledger
package import Primitives
import Wire

/// A whole chain as one file that anybody can check: items of u32 big-endian length and dag-cbor. First
/// `{v, kind: "sotto-chain", genesis}`, then for each height `{v, block, codes, proof}`, or where something of the
/// block was erased `{v, sig, txs, codes, proof, header, record}`; the proof is null where a later one covers it. What
/// is missing is accounted for at the end: `{v, marks}`, with the erasures, proven in the state of the last record.
package struct ChainExport {
    package static let kind = "sotto-chain"
    /// Erasures proven in one item.
    package static let marksMax = 1_024

    /// Why an export cannot be made.
    package enum Fault: Error, Sendable {
        case store(ChainStoreError)
        /// The proof that something was erased cannot be made.
        case unproven(ErasedSubject)
    }

    private let store: ChainStore
    /// Whose transactions are missing so far.
    private var missing: Set<ErasedSubject> = []
    private var hash = SHA256()

    package init(_ store: ChainStore) { self.store = store }

    package static func head(_ genesis: Genesis) -> [UInt8] {
        var writer = CBORWriter()
        writer.mapHeader(count: 3)
        writer.key("v")
        writer.unsigned(1)
        writer.key("kind")
        writer.text(kind)
        writer.key("genesis")
        writer.byteString(genesis.encoded)
        return framed(writer.bytes)
    }

    /// The item of a height; nil when there is no such block.
    package mutating func item(_ height: Height) throws(Fault) -> [UInt8]? {
        do throws(ChainStoreError) {
            let isFinal = try store.finalization(at: height) != nil
            let proof = isFinal ? store.finalityProof(of: height) : nil
            do throws(ChainStoreError) {
                guard let stored = try store.block(at: height) else { return nil }
                return Self.item(stored, proof)
            } catch {
                guard case .erased = error, let remnant = try store.remnant(at: height),
                    let head = try store.head(at: height)
                else { throw error }
                for case .erased(let gap) in remnant.slots { missing.insert(gap.subject) }
                return Self.item(remnant, head, proof)
            }
        } catch {
            throw .store(error)
        }
    }

    /// The items after the last block: none where nothing is missing.
    package mutating func end() throws(Fault) -> [[UInt8]] {
        let tip: LedgerTip
        do throws(ChainStoreError) {
            tip = try store.tip()
        } catch {
            throw .store(error)
        }
        var facts: [ProofBundle.StateFact] = []
        for subject in missing.sorted(by: { $0.stateKey < $1.stateKey }) {
            guard let fact = try? store.stateFact(subject.stateKey, in: tip, with: &hash), fact.value != nil else {
                throw .unproven(subject)
            }
            facts.append(fact)
        }
        return stride(from: 0, to: facts.count, by: Self.marksMax).map { first in
            Self.item(Array(facts[first...].prefix(Self.marksMax)))
        }
    }

    private static func item(_ stored: StoredBlock, _ proof: FinalityProof?) -> [UInt8] {
        var writer = CBORWriter()
        writer.mapHeader(count: 4)
        writer.key("v")
        writer.unsigned(1)
        writer.key("block")
        stored.proposal.encode(into: &writer)
        encode(stored.codes, proof, into: &writer)
        return framed(writer.bytes)
    }

    private static func item(_ remnant: ErasedBlock, _ head: StoredHead, _ proof: FinalityProof?) -> [UInt8] {
        var writer = CBORWriter()
        writer.mapHeader(count: 7)
        writer.key("v")
        writer.unsigned(1)
        writer.key("sig")
        writer.byteString(head.signature)
        writer.key("txs")
        writer.array(remnant.slots) { writer, slot in
            switch slot {
            case .whole(let bytes):
                writer.arrayHeader(count: 1)
                writer.byteString(bytes)
            case .erased(let gap):
                // Without `until`, which nothing would prove.
                writer.arrayHeader(count: 3)
                writer.byteString(gap.envelope)
                writer.byteString(gap.id)
                writer.byteString(gap.subject.stateKey.bytes)
            }
        }
        encode(remnant.codes, proof, into: &writer)
        writer.key("header")
        head.header.encode(into: &writer)
        writer.key("record")
        head.record.encode(into: &writer)
        return framed(writer.bytes)
    }

    private static func item(_ marks: [ProofBundle.StateFact]) -> [UInt8] {
        var writer = CBORWriter()
        writer.mapHeader(count: 2)
        writer.key("v")
        writer.unsigned(1)
        writer.key("marks")
        writer.array(marks) { $1.encode(into: &$0) }
        return framed(writer.bytes)
    }

    private static func encode(_ codes: [UInt16], _ proof: FinalityProof?, into writer: inout CBORWriter) {
        writer.key("codes")
        writer.array(codes) { $0.unsigned(UInt64($1)) }
        writer.key("proof")
        if let proof { proof.encode(into: &writer) } else { writer.null() }
    }

    private static func framed(_ bytes: [UInt8]) -> [UInt8] {
        bigEndian(UInt64(bytes.count)).suffix(4) + bytes
    }
}
