import Consensus
import Crypto
package import EventLoop
import Primitives
import Wire

/// The process that holds a validator's key and answers its node: a Unix socket, one question after the other on one
/// thread, which also waits for the disk.
///
/// Who may ask: processes of the signer's own user, and of those named. The kernel says who they are; the path's mode
/// keeps others from connecting at all. Nothing secret goes over the socket, and the node checks every signature.
package actor SignerServer {
    package nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.asUnownedSerialExecutor() }
    /// Connections at once: a node has two.
    static let connectionsMax = 16

    private nonisolated let loop: EpollLoop
    private let signer: any VoteSigning
    private let path: String
    private let users: Set<UInt32>
    private let log: Log
    private let verifier = SignatureVerifier()
    private var listener: UnixListener?
    private var connections: [Int: Connection] = [:]
    private var connectionCount = 0

    private struct Connection {
        let stream: TCPStream
        var input: [UInt8] = []
    }

    /// - Parameters:
    ///   - loop: a thread of its own, since it blocks on the disk and on the token.
    ///   - users: who may ask beside the signer's own user.
    package init(on loop: EpollLoop, signer: any VoteSigning, path: String, users: Set<UInt32> = [], log: Log) {
        self.loop = loop
        self.signer = signer
        self.path = path
        self.users = users.union([UnixSocket.ownUser])
        self.log = log
    }

    /// Listens.
    /// - Throws: as `UnixListener`.
    package func start() throws(SocketError) {
        listener = try UnixListener(on: loop, path: path, isShared: users.count > 1) { [weak self] connection, user in
            self?.assumeIsolated { $0.accept(connection, user) }
        }
        log(.info, "signer_listens", ["key": .id(signer.publicKey)])
    }

    /// Stops listening and closes every connection.
    package func stop() {
        listener?.close()
        listener = nil
        for connection in connections.values { connection.stream.close() }
        connections = [:]
    }

    private func accept(_ connection: TCPConnection, _ user: UInt32) {
        guard users.contains(user) else {
            return log(.warning, "connection_refused", ["user": .number(UInt64(user)), "why": .word("user")])
        }
        guard connections.count < Self.connectionsMax else {
            return log(.warning, "connection_refused", ["user": .number(UInt64(user)), "why": .word("full")])
        }
        connectionCount += 1
        let number = connectionCount
        let stream = try? TCPStream(connection, on: loop) { [weak self] event in
            self?.assumeIsolated { $0.receive(event, from: number) }
        }
        guard let stream else { return }
        connections[number] = Connection(stream: stream)
        log(.info, "connected", ["user": .number(UInt64(user))])
    }

    private func receive(_ event: TCPStream.Event, from number: Int) {
        switch event {
        case .received(let bytes):
            connections[number]?.input += bytes
            answerAll(number)
        case .ended: drop(number)
        case .closed: connections[number] = nil
        case .opened, .drained: break
        }
    }

    private func answerAll(_ number: Int) {
        while var connection = connections[number] {
            let message: [UInt8]?
            do throws(SocketError) {
                message = try UnixFrame.take(from: &connection.input, limit: SignerQuestion.byteCountMax)
            } catch {
                log(.warning, "bad_question", ["why": .word("too_large")])
                return drop(number)
            }
            connections[number] = connection
            guard let message else { return }
            guard let question = try? SignerQuestion(decoding: message) else {
                log(.warning, "bad_question", ["why": .word("malformed")])
                return drop(number)
            }
            // An asker that does not read its answers is let go of.
            let result = connection.stream.write(UnixFrame.encode(answer(to: question).encoded))
            if result == .full || result == .closed { return drop(number) }
        }
    }

    private func drop(_ number: Int) { connections.removeValue(forKey: number)?.stream.close() }

    private func answer(to question: SignerQuestion) -> SignerAnswer {
        switch question {
        case .key: return .key(signer.publicKey)
        case .sign(let preimages):
            let results = signer.signatures(over: preimages)
            for case .failure(let refusal) in results { log(.warning, "refused", ["why": .word(refusal.word)]) }
            return .sign(results)
        case .promises(let chain, let known):
            // Only what the key itself signed binds it; anything else would let an asker move the watermark at will.
            let own = known.filter { promise in
                let kind = promise.ballot.kind.signingKind
                let preimage = kind.preimage(chain: chain, body: promise.ballot.body)
                return verifier.isValid(
                    SignatureCheck(preimage: preimage, key: signer.publicKey, signature: promise.signature))
            }
            do throws(SigningRefusal) {
                return .promises(try signer.promises(on: chain, knowing: own))
            } catch {
                return .failed(error)
            }
        }
    }
}
