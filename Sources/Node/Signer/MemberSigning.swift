package import Primitives
import Synchronization

/// The key with which a node speaks as its member, for everything that is no vote. It becomes another one when the
/// ledger gives the member another key; votes change over with the validator epoch instead.
package final class MemberSigning: Signing {
    /// Keys that are kept beside the current one, at most; those that came first go.
    static let othersMax = 3

    private struct State {
        var current: any VoteSigning
        var others: [any VoteSigning]
    }

    private let state: Mutex<State>

    package init(_ signer: any VoteSigning, others: [any VoteSigning] = []) {
        state = Mutex(State(current: signer, others: others))
    }

    package var publicKey: PublicKey { state.withLock { $0.current.publicKey } }

    package func signature(over preimage: [UInt8]) -> Signature {
        let signer = state.withLock { $0.current }
        return StatementSigning(signer).signature(over: preimage)
    }

    /// Speaks with `key` from now on. False when it is not held: then nothing changes.
    func speak(with key: PublicKey) -> Bool {
        state.withLock { state in
            if state.current.publicKey == key { return true }
            guard let index = state.others.firstIndex(where: { $0.publicKey == key }) else { return false }
            let signer = state.others.remove(at: index)
            state.others.append(state.current)
            state.current = signer
            return true
        }
    }

    /// Keeps one more key.
    func hold(_ signer: any VoteSigning) {
        state.withLock { $0.others = $0.others.suffix(Self.othersMax - 1) + [signer] }
    }
}

extension NodeRuntime {
    /// The ledger gives this node's member another key. Runs on the chain's thread, within the block that does: so the
    /// key is here before the validator epoch can end with that block.
    func take(_ key: PublicKey) {
        guard !keys.sign.speak(with: key) else { return }
        guard let found = keys.find(key) else {
            return log(.error, "key_missing", ["key": .word(String(key.hex.prefix(12)))])
        }
        keys.sign.hold(found)
        _ = keys.sign.speak(with: key)
        chain.assumeIsolated { $0.hold(found) }
        log(.info, "key_taken", ["key": .word(String(key.hex.prefix(12)))])
    }
}

extension ChainActor {
    /// Voting keys that are kept, at most; those that came first go. The one that votes now is kept besides.
    private static let signersMax = 4

    /// One more voting key: it votes once the ledger's set names it.
    func hold(_ signer: any VoteSigning) { signers = signers.suffix(Self.signersMax - 1) + [signer] }
}
