import Ledger
import Primitives
package import RPC

/// Who the members are, as the ledger has it.
package struct MemberService: NodeServicing {
    /// Members in one answer.
    static let listMax = 1_000

    private let chain: ChainActor

    package init(node: NodeRuntime) { chain = node.chain }

    /// Of a chain that is only read.
    init(chain: ChainActor) { self.chain = chain }

    package func install(on node: NodeRuntime) async {}

    package var methods: [RPCMethod] { [list, get] }

    private var list: RPCMethod {
        RPCMethod(
            "member.list", "The members, by role.",
            parameters: [
                RPCParameter(
                    "role", .choice(["person", "node", "validator", "registrar"]), required: false, "only these"),
                RPCParameter("after", .member, required: false, "the last member of the page before"),
            ],
            result: RPCParameter("members", .object, "{members: [{id, did, roles, standing, since, keys}], more}"),
            rateClass: .heavy
        ) { call throws(RPCError) in
            let roles = call.arguments["role"]?.string.flatMap { Roles(word: $0) } ?? []
            let after = call.arguments["after"] == nil ? nil : try call.arguments.member("after")
            guard let all = try? await chain.members(with: roles) else { throw RPCError(.internalError) }
            let rest = all.filter { entry in after.map { entry.0 > $0 } ?? true }
            let page = rest.prefix(Self.listMax)
            return [
                "members": .list(page.map { json($0.0, $0.1) }), "more": .boolean(rest.count > page.count),
            ]
        }
    }

    private var get: RPCMethod {
        RPCMethod(
            "member.get", "One member.", parameters: [RPCParameter("member", .member, "its id")],
            result: RPCParameter("member", .object, "{id, did, roles, standing, since, keys}"), errors: [.notFound],
            rateClass: .normal
        ) { call throws(RPCError) in
            let id = try call.arguments.member("member")
            guard let entry = try? await chain.entry(MemberEntry.self, StateKey(.member, id))
            else { throw RPCError(.notFound) }
            return json(id, entry)
        }
    }

    private func json(_ id: MemberID, _ entry: MemberEntry) -> JSONValue {
        [
            "id": .string(id.hex), "did": .string(id.text(chain: chain.rules.chain)),
            "roles": .list(entry.roles.words.map { .string($0) }),
            "standing": .string(String(describing: entry.standing)), "since": .unsigned(entry.since.rawValue),
            "keys": [
                "sign": .string(entry.keys.sign.hex), "agreement": .string(entry.keys.agreement.hex),
                "link": entry.keys.link.map { .string($0.hex) } ?? .null,
            ],
        ]
    }
}

extension Roles {
    private static let names: [(Roles, String)] = [
        (.person, "person"), (.node, "node"), (.validator, "validator"), (.registrar, "registrar"),
    ]

    /// The roles in words.
    package var words: [String] { Self.names.filter { contains($0.0) }.map(\.1) }

    /// Nil for a word that is no role.
    package init?(word: String) {
        guard let role = Self.names.first(where: { $0.1 == word })?.0 else { return nil }
        self = role
    }
}
