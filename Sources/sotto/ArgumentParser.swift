internal import RPC

/// Reads the command line: `sotto noun verb ARGUMENT --flag value`. Strict: whatever it does not know is an error, with
/// the nearest name as a hint.
struct ArgumentParser {
    enum Outcome {
        case help(String)
        case run(Command, Invocation)
    }

    let commands: [Command]

    func parse(_ words: [String]) throws(CommandError) -> Outcome {
        guard let first = words.first, first != "--help", first != "-h" else {
            return .help(HelpPage.overview(commands))
        }
        if first == "help" { return .help(try help(Array(words.dropFirst()))) }
        if first == "--version" { return try parse(["version"] + words.dropFirst()) }
        let names = words.prefix { !$0.hasPrefix("-") }
        guard let command = command(for: Array(names)) else {
            let verbs = commands.filter { $0.path.first == first }
            if !verbs.isEmpty && words.dropFirst().allSatisfy({ $0 == "--help" || $0 == "-h" }) {
                if words.count > 1 { return .help(HelpPage.noun(first, verbs)) }
                throw CommandError(.usage, "\(first) needs a verb", hint: "try: " + Self.list(verbs))
            }
            throw unknown(Array(names), verbs)
        }
        return try parse(Array(words.dropFirst(command.path.count)), for: command)
    }

    /// The command whose path begins `words`; the longest wins.
    private func command(for words: [String]) -> Command? {
        commands.filter { words.starts(with: $0.path) }.max { $0.path.count < $1.path.count }
    }

    private func help(_ words: [String]) throws(CommandError) -> String {
        guard let first = words.first else { return HelpPage.overview(commands) }
        if let command = command(for: words), command.path.count == words.count { return HelpPage.command(command) }
        let verbs = commands.filter { $0.path.first == first }
        guard words.count == 1, !verbs.isEmpty else { throw unknown(words, verbs) }
        return HelpPage.noun(first, verbs)
    }

    private func unknown(_ words: [String], _ verbs: [Command]) -> CommandError {
        let first = words.first ?? ""
        if !verbs.isEmpty, words.count > 1 {
            let nearest = Spelling.nearest(to: words[1], among: verbs.compactMap { $0.path.dropFirst().first })
            return CommandError(
                .usage, "\(first) has no verb \(words[1])",
                hint: nearest.map { "did you mean: sotto \(first) \($0)" } ?? "try: " + Self.list(verbs))
        }
        let nouns = Set(commands.compactMap(\.path.first)).sorted()
        let nearest = Spelling.nearest(to: first, among: nouns)
        return CommandError(
            .usage, "there is no command \(first)",
            hint: nearest.map { "did you mean: sotto \($0)" } ?? "sotto help lists the commands")
    }

    private static func list(_ verbs: [Command]) -> String {
        verbs.map { "sotto " + $0.path.joined(separator: " ") }.joined(separator: ", ")
    }

    private func parse(_ words: [String], for command: Command) throws(CommandError) -> Outcome {
        var arguments: [String] = []
        var flags: [String: String] = [:]
        var switches: Set<String> = []
        var rest = words[...]
        var isAfterDashes = false
        while let word = rest.popFirst() {
            if isAfterDashes || !word.hasPrefix("-") || word == "-" {
                arguments.append(word)
                continue
            }
            if word == "--" {
                isAfterDashes = true
                continue
            }
            if word == "--help" || word == "-h" { return .help(HelpPage.command(command)) }
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            let flag = try flag(parts[0], of: command)
            guard !switches.contains(flag.name), flags[flag.name] == nil else {
                throw CommandError(.usage, "\(flag.name) stands twice")
            }
            guard let valueName = flag.value else {
                guard parts.count == 1 else { throw CommandError(.usage, "\(flag.name) takes no value") }
                switches.insert(flag.name)
                continue
            }
            guard let value = parts.count == 2 ? parts[1] : rest.popFirst() else {
                throw CommandError(.usage, "\(flag.name) needs \(valueName)")
            }
            flags[flag.name] = value
        }
        try check(arguments, of: command)
        return .run(command, Invocation(arguments: arguments, flags: flags, switches: switches))
    }

    private func flag(_ name: String, of command: Command) throws(CommandError) -> Command.Flag {
        if let flag = command.allFlags.first(where: { $0.name == name }) { return flag }
        let path = command.path.joined(separator: " ")
        let nearest = Spelling.nearest(to: name, among: command.allFlags.map(\.name))
        throw CommandError(
            .usage, "\(path) has no flag \(name)",
            hint: nearest.map { "did you mean: \($0)" } ?? "sotto \(path) --help lists the flags")
    }

    private func check(_ arguments: [String], of command: Command) throws(CommandError) {
        let path = command.path.joined(separator: " ")
        if arguments.count > command.arguments.count {
            throw CommandError(
                .usage, "\(path) does not take \(arguments[command.arguments.count])",
                hint: "sotto \(path) --help shows what it takes")
        }
        if arguments.count < command.arguments.count, command.arguments[arguments.count].isRequired {
            throw CommandError(
                .usage, "\(path) needs \(command.arguments[arguments.count].name)",
                hint: "sotto \(path) --help shows what it takes")
        }
    }
}
