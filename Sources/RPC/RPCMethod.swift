package import Primitives

/// What a method gets to work with.
package struct RPCCall: Sendable {
    package let arguments: RPCArguments
    /// Who signed the request; nil when it was not signed.
    package let member: MemberID?
    /// The key that signed it.
    package let key: PublicKey?
    /// Where it came from, for limits; never logged.
    package let address: Redacted<String>

    package init(
        arguments: RPCArguments, member: MemberID? = nil, key: PublicKey? = nil,
        address: Redacted<String> = Redacted("")
    ) {
        self.arguments = arguments
        self.member = member
        self.key = key
        self.address = address
    }
}

/// One method of the RPC: its declaration, which is also its documentation, and the code behind it.
package struct RPCMethod: Sendable {
    /// Who may call.
    package enum Authority: String, Sendable {
        /// Anybody who reaches the port.
        case anyone
        /// A member, by a signed request addressed to this node.
        case member
    }

    /// How many tokens a call takes from the caller's bucket.
    package enum RateClass: String, CaseIterable, Sendable {
        /// A look into memory.
        case light
        /// Storage is read, or a transaction enters the mempool.
        case normal
        /// Other nodes are asked, or much is computed.
        case heavy

        package var cost: Double {
            switch self {
            case .light: 1
            case .normal: 4
            case .heavy: 20
            }
        }
    }

    package typealias Handler = @Sendable (RPCCall) async throws(RPCError) -> JSONValue

    /// `noun.verb`.
    package let name: String
    package let summary: String
    package let parameters: [RPCParameter]
    package let result: RPCParameter
    /// What it may answer beside the errors that every method shares.
    package let errors: [RPCErrorCode]
    package let authority: Authority
    package let rateClass: RateClass
    package let handler: Handler

    package init(
        _ name: String, _ summary: String, parameters: [RPCParameter] = [], result: RPCParameter,
        errors: [RPCErrorCode] = [], authority: Authority = .anyone, rateClass: RateClass = .light,
        handler: @escaping Handler
    ) {
        self.name = name
        self.summary = summary
        self.parameters = parameters
        self.result = result
        self.errors = errors
        self.authority = authority
        self.rateClass = rateClass
        self.handler = handler
    }
}
