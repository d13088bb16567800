/// How the program ends. Scripts depend on the numbers, so they never change.
enum ExitCode: Int32, CaseIterable {
    case success = 0
    case failure = 1
    case usage = 2
    case unreachable = 3
    case refused = 4
    case settings = 5
    case timedOut = 6
    case declined = 10
    case busy = 11
    case notAnswered = 12
    case notFound = 13
    case insecure = 14
    case noMedia = 15

    var meaning: String {
        switch self {
        case .success: "done"
        case .failure: "the work failed"
        case .usage: "the command line is wrong"
        case .unreachable: "the node cannot be reached"
        case .refused: "the node refused"
        case .settings: "the configuration is wrong"
        case .timedOut: "it took too long"
        case .declined: "the call was declined"
        case .busy: "the other is in a call"
        case .notAnswered: "nobody answered"
        case .notFound: "nobody is found under this number"
        case .insecure: "the other side is not who it says it is, or somebody sits in between"
        case .noMedia: "no path for sound and picture was found, or it was lost"
        }
    }
}

/// Why a command ended: what to say, what to try, and the exit code.
struct CommandError: Error {
    let code: ExitCode
    let messages: [String]
    let hint: String?

    init(_ code: ExitCode, _ message: String, hint: String? = nil) {
        self.init(code, messages: [message], hint: hint)
    }

    /// The work itself failed.
    init(_ message: String, hint: String? = nil) { self.init(.failure, messages: [message], hint: hint) }

    /// Several faults at once.
    init(_ code: ExitCode, messages: [String], hint: String? = nil) {
        self.code = code
        self.messages = messages
        self.hint = hint
    }
}
