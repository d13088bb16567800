internal import Ledger
internal import Node
internal import Primitives
internal import RPC

/// `sotto start` with `node.role = peer`: a light client with an RPC port, instead of a node.
enum RunningPeer {
    static func run(
        _ home: HomeFiles, _ values: SettingsValues, _ invocation: Invocation, until stop: StopSignal
    ) async throws(CommandError) {
        let rules = try home.rules()
        let log = NodeFields.log(values)
        let url = values.text("client.node")
        let node = NodeLedger(LightFields.client(url))
        let witnesses = values.list("light.witnesses").map { NodeLedger(LightFields.client($0)) }
        if witnesses.isEmpty {
            Output.note(
                "no witness: set light.witnesses, or the home node could show another ledger than it shows others")
        }
        let store = try LightCommands.store(home, rules.chain)
        let follower = try await LightCommands.explained { () throws(FollowError) in
            try await LightFollower(rules, primary: node, witnesses: witnesses, store: store, log: log)
        }
        let ledger: ProvenLedger
        do throws(ProofFault) {
            ledger = try ProvenLedger(rules, node: node)
        } catch {
            throw CommandError(.settings, "\(home.path)/genesis.cbor has no validators")
        }
        let server = PeerServer(
            member: try home.member(), follower: follower, store: store, home: ledger,
            rpc: try RPCFields.settings(values), version: Sotto.version, log: log)
        do {
            Output.note("peer of \(url) rpc=\(try await server.start())")
        } catch {
            throw CommandError(
                .settings,
                "the RPC cannot listen on \(values.text("rpc.address")):\(values.integer("rpc.port")): \(error)",
                hint: "another process may use the port; set rpc.port")
        }
        await stop.wait()
        Output.note("stopping")
        await server.stop()
    }
}
