import Crypto
import KeyValue
import Ledger
import Primitives
import Synchronization
import Wire

/// Blocks as everybody may see them: without what is erased, whether the bytes are gone already or not.
extension ChainStore {
    /// A block without what is erased; nil when there is none at this height.
    ///
    /// - Throws: `pruned`, or what is damaged.
    func remnant(at height: Height) throws(ChainStoreError) -> ErasedBlock? {
        guard let kept = try keptRemnant(at: height) else {
            guard height > .zero, height < floor else { return nil }
            throw .pruned(height)
        }
        guard isErasing else { return kept }
        var hash = SHA256()
        do throws(StateError) {
            return try kept.erasing(with: &hash) { transaction throws(StateError) in
                try ErasedSubject.covering(transaction, at: height, in: self)
            } ?? kept
        } catch {
            throw .damaged(ChainTable.state.name)
        }
    }

    /// What lies on the disk of a block; nil when nothing does.
    func keptRemnant(at height: Height) throws(ChainStoreError) -> ErasedBlock? {
        for _ in 0..<3 {
            guard let place = try place(at: height) else { return nil }
            if case .erased(let bytes) = place {
                guard let remnant = try? ErasedBlock(decoding: bytes) else { throw .damaged(ChainTable.block.name) }
                return remnant
            }
            let block: StoredBlock?
            do throws(ChainStoreError) {
                block = try keptBlock(at: height)
            } catch {
                // Erased since its entry was read: look again.
                if case .erased = error { continue }
                throw error
            }
            guard let block else { return nil }
            guard let content = try? block.ledgerBlock(), content.transactions.count == block.codes.count else {
                throw .damaged(ChainTable.block.name)
            }
            return ErasedBlock(slots: content.transactions.map { .whole($0) }, codes: block.codes)
        }
        throw .damaged(ChainTable.block.name)
    }

    /// Whether an erasure is known that is not carried out yet.
    private var isErasing: Bool { ledge.withLock { $0.nextErasure != nil } }

    /// Whether something of a block that lies here whole is erased.
    func hasErased(_ block: StoredBlock, at height: Height) throws(ChainStoreError) -> Bool {
        guard isErasing, let content = try? block.ledgerBlock() else { return false }
        for bytes in content.transactions {
            guard let signed = try? SignedObject(decoding: bytes),
                let transaction = try? Transaction(decoding: signed.body)
            else { continue }
            do throws(StateError) {
                if try ErasedSubject.isErased(transaction, at: height, in: self) { return true }
            } catch {
                throw .damaged(ChainTable.state.name)
            }
        }
        return false
    }
}
