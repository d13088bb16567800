/// What went wrong, as a number that never changes its meaning. The page Errors lists them for clients.
package enum RPCErrorCode: Int, CaseIterable, Sendable {
    // JSON-RPC 2.0 section 5.1
    case parseError = -32700
    case invalidRequest = -32600
    case methodNotFound = -32601
    case invalidParameters = -32602
    case internalError = -32603
    // Sotto's own, in the range that JSON-RPC leaves to servers
    case busy = -32000
    case rateLimited = -32001
    case unauthorised = -32002
    case forbidden = -32003
    case notFound = -32004
    case tooLarge = -32005
    case notReady = -32006
    case staleRequest = -32007
    case replayedRequest = -32008
    case wrongAudience = -32009
    case refused = -32010
    case conflict = -32011
    case timedOut = -32012
    case unsupported = -32013
    case subscriptionLost = -32014
    case pruned = -32015
    case peerUnreachable = -32016

    /// One word that says the same as the number; stable as well.
    package var name: String { String(describing: self) }

    /// The sentence that is sent when no better one is at hand.
    package var sentence: String {
        switch self {
        case .parseError: "The request is not JSON."
        case .invalidRequest: "The request is not a JSON-RPC 2.0 request."
        case .methodNotFound: "This node has no such method."
        case .invalidParameters: "The parameters do not fit the method."
        case .internalError: "The node failed while it worked on the request."
        case .busy: "The node is busy; try again later."
        case .rateLimited: "Too many requests; try again later."
        case .unauthorised: "The method needs a request signed by an active member."
        case .forbidden: "The member may not do this."
        case .notFound: "There is no such thing."
        case .tooLarge: "The request or its answer is larger than this node allows."
        case .notReady: "The node is still catching up with the network."
        case .staleRequest: "The time of the signed request is too far from the node's clock."
        case .replayedRequest: "The signed request was used before."
        case .wrongAudience: "The signed request is meant for another node or network."
        case .refused: "The ledger refused the transaction."
        case .conflict: "This contradicts what stands already."
        case .timedOut: "The answer did not come in time."
        case .unsupported: "This node does not play the role that the method needs."
        case .subscriptionLost: "The subscription ended because its reader was too slow."
        case .pruned: "This was stored once and has been pruned or erased."
        case .peerUnreachable: "The other node could not be reached."
        }
    }

    /// What the `data` of the error holds, by name and meaning. Every member is optional for the reader.
    package var dataMembers: [(name: String, meaning: String)] {
        switch self {
        case .parseError: [("at", "offset in bytes")]
        case .invalidParameters: [("parameter", "the parameter at fault"), ("expected", "what it should be")]
        case .methodNotFound: [("nearest", "the method whose name is closest")]
        case .busy, .rateLimited, .notReady: [("retryAfterMilliseconds", "how long to wait")]
        case .unauthorised: [("reason", "envelope, signature, unknownMember, key, suspended or missing")]
        case .tooLarge: [("limit", "the limit, in bytes or entries")]
        case .staleRequest: [("nodeTime", "the node's clock, milliseconds since 1970")]
        case .wrongAudience: [("node", "the member id of this node")]
        case .refused: [("code", "the ledger's result code"), ("result", "its name")]
        case .subscriptionLost: [("subscription", "its id")]
        case .invalidRequest, .internalError, .forbidden, .notFound, .replayedRequest, .conflict, .timedOut,
            .unsupported, .pruned, .peerUnreachable:
            []
        }
    }

    /// Whether the same request may succeed later.
    package var isTemporary: Bool {
        switch self {
        case .busy, .rateLimited, .notReady, .timedOut, .peerUnreachable, .internalError: true
        case .parseError, .invalidRequest, .methodNotFound, .invalidParameters, .unauthorised, .forbidden, .notFound,
            .tooLarge, .staleRequest, .replayedRequest, .wrongAudience, .refused, .conflict, .unsupported,
            .subscriptionLost, .pruned:
            false
        }
    }
}
