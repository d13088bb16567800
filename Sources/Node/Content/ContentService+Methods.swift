import ContentStore
import Ledger
import Primitives
package import RPC
import Recording
import Wire

/// Content over the RPC.
extension ContentService {
    package var methods: [RPCMethod] { [put, get, list, layerMethod] }

    /// How many of the holders took what they were asked to.
    private enum Outcome {
        case kept
        case notKept
    }

    private var put: RPCMethod {
        RPCMethod(
            "content.put", "Has the holders of a recording keep a block that a participant ordered kept.",
            parameters: [
                RPCParameter("order", .bytes(byteCountMax: KeepOrder.byteCountMax + 256), "the signed keep order"),
                RPCParameter("content", .bytes(byteCountMax: ContentBlock.byteCountMax), "the block"),
            ],
            result: RPCParameter("result", .object, "{kept, holders}: kept by more than half of the holders, at least"),
            errors: [.notFound, .peerUnreachable, .rateLimited], authority: .member, rateClass: .normal
        ) { [self] call throws(RPCError) in
            guard let order = try? SignedObject(decoding: try call.arguments.bytes("order")),
                let signed = try? SignedKeepOrder(order)
            else { throw .parameter("order", expected: "a signed keep order") }
            let content = try call.arguments.bytes("content")
            guard let member = call.member, meter.take(content.count, from: member) else {
                throw .later(.rateLimited, retryAfter: .seconds(3_600))
            }
            guard let holders = try? await holders(of: signed.order.recording), !holders.isEmpty else {
                throw RPCError(.notFound, "The recording is not sealed yet, so it has no holders.")
            }
            let body = KeepRequest.block(order: order, content: content).encoded
            let kept = await ask(holders, body).count { $0 == [1] }
            guard kept > holders.count / 2 else {
                throw RPCError(
                    .peerUnreachable, "Only \(kept) of \(holders.count) holders keep the block.",
                    data: ["kept": .unsigned(UInt64(kept)), "holders": .unsigned(UInt64(holders.count))])
            }
            return ["kept": .unsigned(UInt64(kept)), "holders": .unsigned(UInt64(holders.count))]
        }
    }

    private var get: RPCMethod {
        RPCMethod(
            "content.get", "A content block, from here or from a node that has it, held against its CID.",
            parameters: [
                RPCParameter("cid", .contentID, "which"),
                RPCParameter("recording", .identifier, required: false, "whose holders to ask first"),
            ],
            result: RPCParameter("block", .object, "{cid, content}"), errors: [.notFound], rateClass: .normal
        ) { [self] call throws(RPCError) in
            let cid = try call.arguments.contentID("cid")
            let recording: RecordingID? =
                call.arguments["recording"] == nil ? nil : try call.arguments.identifier("recording")
            guard let content = await find(cid, recording: recording) else { throw RPCError(.notFound) }
            return ["cid": .string(cid.description), "content": .string(Hex.encode(content))]
        }
    }

    private var list: RPCMethod {
        RPCMethod(
            "content.list", "The blocks of one role of a recording, in the order of their indices.",
            parameters: [
                RPCParameter("recording", .identifier, "which"),
                RPCParameter("role", .choice(["shard", "page", "wraps"]), "what the blocks are"),
                RPCParameter("epoch", .unsigned, required: false, "the rights epoch; 0 for wraps"),
                RPCParameter("from", .unsigned, required: false, "the least index"),
            ],
            result: RPCParameter("blocks", .list(of: .object, countMax: ContentIndex.countMax), "[{index, cid, size}]"),
            errors: [.notFound], rateClass: .normal
        ) { [self] call throws(RPCError) in
            let roles: [String: BlockRole] = ["shard": .shard, "page": .page, "wraps": .wraps]
            guard let role = roles[try call.arguments.text("role")] else {
                throw .parameter("role", expected: "shard, page or wraps")
            }
            let tag = BlockTag(
                recording: try call.arguments.identifier("recording"),
                epoch: RightsEpoch(call.arguments["epoch"]?.unsigned ?? 0), role: role,
                index: call.arguments["from"]?.unsigned ?? 0)
            guard let index = await findIndex(from: tag) else { throw RPCError(.notFound) }
            return .list(
                index.blocks.map {
                    [
                        "index": .unsigned($0.index), "cid": .string($0.cid.description),
                        "size": .unsigned(UInt64($0.size)),
                    ]
                })
        }
    }

    private var layerMethod: RPCMethod {
        RPCMethod(
            "recording.layer", "Has every holder make the first outer layer; says how far each is.",
            parameters: [
                RPCParameter("order", .bytes(byteCountMax: LayerOrder.byteCountMax + 256), "the signed layer order")
            ],
            result: RPCParameter(
                "states", .list(of: .object, countMax: CeilingOf.holders), "[{holder, state, root}]; root once done"),
            errors: [.notFound], rateClass: .heavy
        ) { [self] call throws(RPCError) in
            guard let object = try? SignedObject(decoding: try call.arguments.bytes("order")),
                let signed = try? SignedLayerOrder(object)
            else { throw .parameter("order", expected: "a signed layer order") }
            guard let holders = try? await holders(of: signed.order.recording), !holders.isEmpty else {
                throw RPCError(.notFound)
            }
            let answers = await ask(holders, KeepRequest.layer(object).encoded)
            return .list(
                zip(holders, answers).map { holder, answer in
                    let state = answer.flatMap { try? LayerState(decoding: $0) }
                    return [
                        "holder": .string(holder.hex),
                        "state": .string(state.map { String(describing: $0.step) } ?? "unreachable"),
                        "root": state?.step == .done ? .string(state?.root.hex ?? "") : .null,
                    ]
                })
        }
    }

    /// The same question to all holders at once; what each answered, in their order.
    private func ask(_ holders: [MemberID], _ body: [UInt8]) async -> [[UInt8]?] {
        let (node, patience) = (node, settings.patience)
        return await withTaskGroup(of: (Int, [UInt8]?).self) { group in
            for (place, holder) in holders.enumerated() {
                group.addTask { (place, try? await node.ask(.keep, body, of: holder, within: patience)) }
            }
            var answers = [[UInt8]?](repeating: nil, count: holders.count)
            for await (place, answer) in group { answers[place] = answer }
            return answers
        }
    }
}
