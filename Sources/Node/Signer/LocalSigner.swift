package import Consensus
package import Primitives
import Synchronization
import Wire

/// A key in this process behind its guard: what a node with a key file uses, and what `sotto signer` serves.
package final class LocalSigner: VoteSigning {
    /// Chains that one key votes on, at most.
    static let chainsMax = 16

    package var publicKey: PublicKey { key.publicKey }
    private let key: any KeyHolding
    private let policy: SigningPolicy
    private let memory: Mutex<Memory>

    private struct Memory {
        /// What each chain's file is called: this, a dash and the chain; nil to remember in this process alone.
        let path: String?
        var files: [ChainID: GuardFile] = [:]
        var transient: [ChainID: SigningGuard] = [:]
    }

    /// - Parameters:
    ///   - path: where the memory lies: `PATH-CHAIN` for each chain, the chain as its first 12 hexadecimal digits. Nil
    ///     for a memory that ends with the process: for tests, and nodes that do not vote.
    ///   - chains: whose memories are opened now, so that a fault shows at the start.
    /// - Throws: what `GuardFile` says.
    package init(
        _ key: any KeyHolding, memory path: String?, chains: [ChainID] = [], policy: SigningPolicy = .everything
    ) throws(SignerMemoryError) {
        self.key = key
        self.policy = policy
        var files: [ChainID: GuardFile] = [:]
        if let path {
            for chain in chains { files[chain] = try Self.open(path, chain, key.publicKey) }
        }
        memory = Mutex(Memory(path: path, files: files))
    }

    /// With a memory that ends with the process.
    package init(_ key: any KeyHolding, policy: SigningPolicy = .everything) {
        self.key = key
        self.policy = policy
        memory = Mutex(Memory(path: nil))
    }

    package func signatures(over preimages: [[UInt8]]) -> [Result<Signature, SigningRefusal>] {
        // The lock is held over signing and the sync, unlike elsewhere: two requests for one view must not both find
        // that nothing was signed in it. Nothing below it waits for anybody.
        memory.withLock { memory in
            var answers: [Result<Signature, SigningRefusal>] = []
            var promises: [ChainID: [SigningGuard.Promise]] = [:]
            for preimage in preimages {
                answers.append(answer(preimage, &memory, &promises))
            }
            for (chain, new) in promises {
                let failed = Self.keep(new, chain, &memory)
                guard let failed else { continue }
                for (index, preimage) in preimages.enumerated() {
                    if case .vote(chain, _) = policy.read(preimage) { answers[index] = .failure(failed) }
                }
            }
            return answers
        }
    }

    package func promises(
        on chain: ChainID, knowing known: [SigningGuard.Promise]
    ) throws(SigningRefusal) -> [SigningGuard.Promise] {
        try memory.withLock { memory throws(SigningRefusal) in
            var held = try Self.guardOf(chain, &memory, publicKey)
            let sorted = known.sorted { $0.place < $1.place }
            if let failed = Self.keep(sorted.filter { held.keep($0) }, chain, &memory) { throw failed }
            return held.promises
        }
    }

    private func answer(
        _ preimage: [UInt8], _ memory: inout Memory, _ promises: inout [ChainID: [SigningGuard.Promise]]
    ) -> Result<Signature, SigningRefusal> {
        do throws(SigningRefusal) {
            switch policy.read(preimage) {
            case .refused: throw .notAllowed
            case .statement: return .success(try key.held(preimage))
            case .vote(let chain, let ballot):
                var held = try Self.guardOf(chain, &memory, publicKey)
                for promise in promises[chain] ?? [] { held.keep(promise) }
                switch held.decide(ballot) {
                case .again(let signature):
                    // Also these wait for the sync, if the last one failed.
                    promises[chain, default: []] += []
                    return .success(signature)
                case .refuse(.behind(let place)): throw .behind(place)
                case .refuse(.contradicts): throw .contradicts
                case .refuse(.malformed): throw .notAllowed
                case .sign:
                    let signature = try key.held(preimage)
                    promises[chain, default: []].append(.init(ballot: ballot, signature: signature))
                    return .success(signature)
                }
            }
        } catch {
            return .failure(error)
        }
    }

    private static func guardOf(
        _ chain: ChainID, _ memory: inout Memory, _ key: PublicKey
    ) throws(SigningRefusal) -> SigningGuard {
        guard let path = memory.path else { return memory.transient[chain] ?? SigningGuard() }
        if let file = memory.files[chain] { return file.memory }
        guard memory.files.count < chainsMax else { throw .notAllowed }
        do throws(SignerMemoryError) {
            let file = try open(path, chain, key)
            memory.files[chain] = file
            return file.memory
        } catch {
            throw .memoryFailed
        }
    }

    private static func keep(
        _ promises: [SigningGuard.Promise], _ chain: ChainID, _ memory: inout Memory
    ) -> SigningRefusal? {
        guard let file = memory.files[chain] else {
            for promise in promises { memory.transient[chain, default: SigningGuard()].keep(promise) }
            return nil
        }
        do throws(SigningRefusal) {
            try file.keep(promises)
            return nil
        } catch {
            return error
        }
    }

    private static func open(
        _ path: String, _ chain: ChainID, _ key: PublicKey
    ) throws(SignerMemoryError) -> GuardFile {
        try GuardFile(path: "\(path)-\(chain.hex.prefix(12))", key: key, chain: chain)
    }
}
