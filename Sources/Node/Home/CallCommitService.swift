import EventLoop
import KeyValue
import Ledger
import Primitives
package import RPC
import Synchronization

/// A home node's commitments to calls: takes leaves from its members, puts a root on the ledger for each interval,
/// whether there were calls or not, and gives participants the path to it.
package final class CallCommitService: NodeServicing {
    private let node: NodeRuntime
    package let commitments: CallCommitments
    private let task = Mutex<Task<Void, Never>?>(nil)

    /// - Parameter path: the directory of the store.
    package init(node: NodeRuntime, path: String) throws(NodeError) {
        self.node = node
        do throws(KeyValueError) {
            commitments = try CallCommitments(path: path, limits: node.rules.genesis.limits, at: SystemTime.utc)
        } catch {
            throw .store(.store(error))
        }
    }

    package func install(on node: NodeRuntime) async {
        let (commitments, interval) = (commitments, node.rules.genesis.limits.commitInterval)
        // Ended by `stop`.
        let running = Task {
            while !Task.isCancelled {
                await Self.post(commitments, by: node)
                try? await Task.sleep(for: .milliseconds(min(max(interval / 8, 50), 30_000)))
            }
        }
        task.withLock { $0 = running }
    }

    package func stop() async {
        let running = task.withLock { $0 }
        running?.cancel()
        await running?.value
        await commitments.close()
    }

    /// Puts what is due on the ledger; what fails is tried again the next time, until its interval is too old.
    private static func post(_ commitments: CallCommitments, by node: NodeRuntime) async {
        do throws(KeyValueError) {
            for interval in try await commitments.due(at: SystemTime.utc) {
                let commit = try await commitments.commitment(to: interval)
                let key = StateKey(.callCommit, node.member, number: interval)
                var isThere = (try? await node.chain.entry(CommitEntry.self, key)) != nil
                if !isThere { isThere = await node.post(.callCommit(commit)) == .succeeded }
                guard isThere else { continue }
                try await commitments.confirm(interval)
            }
        } catch {
            node.log(.error, "call_commitments_failed", ["error": .word(String(describing: error))])
        }
    }

    // MARK: For members

    package var methods: [RPCMethod] { [note, path] }

    private var note: RPCMethod {
        RPCMethod(
            "call.note", "Takes the leaf of a call of the member into the running interval's commitment.",
            parameters: [RPCParameter("leaf", .identifier, "the leaf's hash")],
            result: RPCParameter("interval", .unsigned, "which interval it stands in"), errors: HomeRefusal.codes,
            authority: .member
        ) { [commitments] call throws(RPCError) in
            guard let member = call.member else { throw RPCError(.unauthorised) }
            let leaf: Digest = try call.arguments.identifier("leaf")
            do throws(HomeRefusal) {
                return .unsigned(try await commitments.note(leaf, for: member, at: SystemTime.utc))
            } catch { throw error.rpc }
        }
    }

    private var path: RPCMethod {
        RPCMethod(
            "call.path", "The path of a leaf to its interval's commitment, once that is on the ledger.",
            parameters: [
                RPCParameter("leaf", .identifier, "the leaf's hash"),
                RPCParameter("interval", .unsigned, "as call.note gave it"),
            ],
            result: RPCParameter("path", .object, "{home, index, size, path}"), errors: [.notFound],
            authority: .member
        ) { [commitments, node] call throws(RPCError) in
            let (leaf, interval) = (
                try call.arguments.identifier("leaf", Digest.self), try call.arguments.unsigned("interval")
            )
            guard let place = try? await commitments.place(of: leaf, in: interval) else {
                throw RPCError(.notFound, "There is no such leaf, or its interval is not committed to yet.")
            }
            return [
                "home": .string(node.member.hex), "index": .unsigned(place.index), "size": .unsigned(place.size),
                "path": .list(place.path.map { .string($0.hex) }),
            ]
        }
    }
}
