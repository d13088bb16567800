/// One command: `sotto noun verb` or `sotto noun`.
struct Command: Sendable {
    /// Words that follow a flag or stand alone.
    struct Flag: Sendable {
        /// With its two dashes.
        let name: String
        /// What the value is called in help; nil for a switch.
        let value: String?
        let description: String

        /// A flag with a value.
        init(_ name: String, _ value: String, _ description: String) {
            self.name = name
            self.value = value
            self.description = description
        }

        /// A switch.
        init(_ name: String, _ description: String) {
            self.name = name
            value = nil
            self.description = description
        }
    }

    struct Argument: Sendable {
        let name: String
        let isRequired: Bool
        let description: String

        init(_ name: String, required: Bool = true, _ description: String) {
            self.name = name
            self.isRequired = required
            self.description = description
        }
    }

    typealias Body = @Sendable (Invocation) async throws(CommandError) -> Void

    /// The words that name it.
    let path: [String]
    /// One line for the overview.
    let summary: String
    /// What it does, when to use it. A few sentences.
    let description: String
    let arguments: [Argument]
    let flags: [Flag]
    /// A command line that works, and what it prints.
    let example: String
    let run: Body

    init(
        _ path: String, _ summary: String, description: String, arguments: [Argument] = [], flags: [Flag] = [],
        example: String, run: @escaping Body
    ) {
        self.path = path.split(separator: " ").map(String.init)
        self.summary = summary
        self.description = description
        self.arguments = arguments
        self.flags = flags
        self.example = example
        self.run = run
    }

    /// Flags that every command takes.
    static let sharedFlags = [
        Flag("--json", "Print JSON for programs instead of text for people."),
        Flag("--home", "DIRECTORY", "The data directory. Default ~/.sotto, or SOTTO_HOME."),
        Flag("--help", "Show this page."),
    ]

    var allFlags: [Flag] { flags + Self.sharedFlags }
}

/// What stood on the command line for one command.
struct Invocation: Sendable {
    let arguments: [String]
    let flags: [String: String]
    let switches: Set<String>

    /// The argument at `index`, when it was given.
    func argument(_ index: Int) -> String? { arguments.indices.contains(index) ? arguments[index] : nil }

    /// The value of a flag, by its name with two dashes.
    func flag(_ name: String) -> String? { flags[name] }

    /// Whether a switch was given.
    func has(_ name: String) -> Bool { switches.contains(name) }

    var wantsJSON: Bool { has("--json") }
}
