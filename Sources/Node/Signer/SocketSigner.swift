package import Consensus
import EventLoop
package import Primitives
import Synchronization
import Wire

/// A key held by a `sotto signer` on this machine, over its Unix socket.
///
/// The connection is made when it is first needed and again after it broke. One that cannot be made costs microseconds;
/// a signer that takes the question and gives no answer costs `timeout`, and is then left alone for `pause`, so that
/// the chain's thread does not stand still for it.
package final class SocketSigner: VoteSigning {
    package static let timeout = Duration.seconds(1)
    static let pause = Duration.seconds(2)

    package let publicKey: PublicKey
    private let path: String
    private let channel = Mutex(Channel())

    private struct Channel {
        var exchange: UnixExchange?
        var silentUntil = Duration.zero
    }

    /// - Parameter publicKey: whose signatures are expected; a signer with another key counts as unreachable.
    package init(path: String, publicKey: PublicKey) {
        self.path = path
        self.publicKey = publicKey
    }

    /// Asks which key the signer at `path` holds.
    /// - Throws: `unreachable`.
    package static func key(at path: String) throws(SigningRefusal) -> PublicKey {
        guard let exchange = try? UnixExchange(path: path, timeout: timeout) else { throw .unreachable }
        return try key(over: exchange)
    }

    package func signatures(over preimages: [[UInt8]]) -> [Result<Signature, SigningRefusal>] {
        guard !preimages.isEmpty else { return [] }
        do throws(SigningRefusal) {
            guard case .sign(let results) = try ask(.sign(preimages)), results.count == preimages.count else {
                throw .unreachable
            }
            return results
        } catch {
            return preimages.map { _ in .failure(error) }
        }
    }

    package func promises(
        on chain: ChainID, knowing known: [SigningGuard.Promise]
    ) throws(SigningRefusal) -> [SigningGuard.Promise] {
        let newest = known.sorted { $0.place < $1.place }.suffix(SignerQuestion.promisesMax)
        guard case .promises(let promises) = try ask(.promises(chain, Array(newest))) else { throw .unreachable }
        return promises
    }

    private func ask(_ question: SignerQuestion) throws(SigningRefusal) -> SignerAnswer {
        // Held while waiting: one question at a time is what the connection carries, and its callers are few.
        try channel.withLock { channel throws(SigningRefusal) in
            let wasOpen = channel.exchange != nil
            do throws(SigningRefusal) {
                return try ask(question, &channel)
            } catch {
                // A connection that broke between two questions tells nothing of the signer: it may have restarted.
                guard error == .unreachable, wasOpen, channel.silentUntil < SystemTime.monotonic else { throw error }
                return try ask(question, &channel)
            }
        }
    }

    private func ask(_ question: SignerQuestion, _ channel: inout Channel) throws(SigningRefusal) -> SignerAnswer {
        guard channel.silentUntil < SystemTime.monotonic else { throw .unreachable }
        let answer: [UInt8]
        do throws(SocketError) {
            let exchange: UnixExchange
            if let open = channel.exchange { exchange = open } else { exchange = try open() }
            channel.exchange = exchange
            answer = try exchange.ask(question.encoded, limit: SignerQuestion.byteCountMax)
        } catch {
            channel.exchange = nil
            if error == .timedOut { channel.silentUntil = SystemTime.monotonic + Self.pause }
            throw .unreachable
        }
        guard let decoded = try? SignerAnswer(decoding: answer) else {
            channel.exchange = nil
            throw .unreachable
        }
        if case .failed(let refusal) = decoded { throw refusal }
        return decoded
    }

    private func open() throws(SocketError) -> UnixExchange {
        let exchange = try UnixExchange(path: path, timeout: Self.timeout)
        guard (try? Self.key(over: exchange)) == publicKey else { throw .refused }
        return exchange
    }

    private static func key(over exchange: UnixExchange) throws(SigningRefusal) -> PublicKey {
        guard let answer = try? exchange.ask(SignerQuestion.key.encoded, limit: SignerQuestion.byteCountMax),
            case .key(let key)? = try? SignerAnswer(decoding: answer)
        else { throw .unreachable }
        return key
    }
}
