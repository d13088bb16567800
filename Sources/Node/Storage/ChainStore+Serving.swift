import Ledger
import Primitives
import RPC
import Wire

extension ChainStore {
    /// A block, without what is erased, for whoever asks over the RPC.
    ///
    /// - Throws: `notFound`; `pruned` where its transactions were here once; `internalError` for what is damaged.
    func served(_ height: Height) throws(RPCError) -> (head: StoredHead, block: ErasedBlock) {
        let found: ErasedBlock?
        let head: StoredHead?
        do throws(ChainStoreError) {
            found = try remnant(at: height)
            head = try self.head(at: height)
        } catch {
            throw error.rpc(lowest: floor)
        }
        guard let found, let head else { throw RPCError(.notFound) }
        return (head, found)
    }
}

extension ChainStoreError {
    /// What a client of the RPC hears; `lowest` is the lowest height with transactions.
    func rpc(lowest: Height) -> RPCError {
        switch self {
        case .pruned(let height):
            RPCError(
                .pruned, "The transactions of block \(height) were pruned here; an archive node has them.",
                data: [
                    "height": .unsigned(height.rawValue), "lowest": .unsigned(lowest.rawValue),
                    "reason": .string("pruned"),
                ])
        case .erased(let height):
            RPCError(
                .pruned, "What block \(height) had there was erased.",
                data: ["height": .unsigned(height.rawValue), "reason": .string("erased")])
        case .store, .otherChain, .newerLayout, .unfinishedRestore, .damaged, .damagedSegment, .missingSegment:
            RPCError(.internalError, "The node's store is damaged.")
        }
    }
}
