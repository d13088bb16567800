import Ledger
package import RPC

/// Says by which key the checkpoints under `/log/` are signed.
package struct LogService: NodeServicing {
    private let site: LogSite

    package init(_ site: LogSite) { self.site = site }

    package func install(on node: NodeRuntime) async {}

    package var methods: [RPCMethod] {
        [
            RPCMethod(
                "ledger.log", "The transparency log of this node: its newest checkpoint, and the key that signs it.",
                result: RPCParameter(
                    "log", .object, "{path, key, size, checkpoint}: key as in C2SP's signed-note, null without one"),
                rateClass: .normal
            ) { [site] _ throws(RPCError) in
                let newest = site.checkpoint()
                return [
                    "path": .string(LogSite.prefix), "key": site.verifierKey.map { .string($0.text) } ?? .null,
                    "size": newest.map { .unsigned($0.size) } ?? .null,
                    "checkpoint": newest.map { .string($0.note) } ?? .null,
                ]
            }
        ]
    }
}
