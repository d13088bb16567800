import Ledger
import Primitives
package import RPC
import Wire

/// Snapshots for nodes that begin: lists them, hands them out piece by piece, and has one made every so many heights.
package struct SnapshotService: NodeServicing {
    private let shelf: SnapshotShelf
    private let every: UInt64

    /// - Parameter every: one is made at each height that this divides; 0 makes none.
    package init(_ shelf: SnapshotShelf, every: UInt64 = 0) {
        self.shelf = shelf
        self.every = every
    }

    package func install(on node: NodeRuntime) async {
        guard every > 0 else { return }
        let (shelf, every, rules, log, store) = (shelf, every, node.rules, node.log, node.chain.store)
        await node.chain.listen { block in
            if block.record.height.rawValue % every == 0 { shelf.begin(store, rules, log) }
        }
    }

    package func stop() async { shelf.stop() }

    package var methods: [RPCMethod] { [list, read] }

    private var list: RPCMethod {
        RPCMethod(
            "snapshot.list", "The snapshots that this node hands out, the newest first.",
            result: RPCParameter(
                "snapshots", .list(of: .object, countMax: SnapshotShelf.listMax),
                "[{height, hash, bytes, chunks}]: hash names it, and is its manifest's"),
            rateClass: .normal
        ) { [shelf] _ throws(RPCError) in
            .list(
                await shelf.list().map { entry in
                    [
                        "height": .unsigned(entry.height.rawValue), "hash": .string(entry.hash.hex),
                        "bytes": .unsigned(UInt64(entry.byteCount)),
                        "chunks": .unsigned(UInt64(entry.chunkCount)),
                    ]
                })
        }
    }

    private var read: RPCMethod {
        RPCMethod(
            "snapshot.read", "A piece of a snapshot: of its manifest, or of a chunk.",
            parameters: [
                RPCParameter("snapshot", .identifier, "its hash, as snapshot.list says it"),
                RPCParameter(
                    "chunk", .unsigned, required: false, "the chunk's number from 0; the manifest if left out"
                ),
                RPCParameter("offset", .unsigned, "the byte at which the piece begins"),
            ],
            result: RPCParameter(
                "piece", .bytes(byteCountMax: SnapshotShelf.pieceByteCount),
                "shorter than \(SnapshotShelf.pieceByteCount) bytes at the end"),
            errors: [.notFound], rateClass: .normal
        ) { [shelf] call throws(RPCError) in
            let snapshot: Digest = try call.arguments.identifier("snapshot")
            let chunk = call.arguments["chunk"] == nil ? nil : try call.arguments.unsigned("chunk")
            let offset = try call.arguments.unsigned("offset")
            guard chunk ?? 0 < UInt64(SnapshotManifest.chunkCountMax), offset < 1 << 32,
                let piece = await shelf.piece(of: snapshot, chunk.map { Int($0) }, at: Int(offset))
            else { throw RPCError(.notFound) }
            return .string(Hex.encode(piece))
        }
    }
}
