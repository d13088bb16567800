/// The pages of `--help` and `sotto help`.
enum HelpPage {
    static func overview(_ commands: [Command]) -> String {
        let nouns = Commands.nouns.map { ["  " + $0.name, $0.summary] }
        return """
            sotto: a peer node for secret calls

            Usage:
              sotto COMMAND [--flag value]…
              sotto help COMMAND

            Commands:
            \(Table.plain(nouns))

            Example:
              sotto rpc call rpc.identity

            Exit codes: \(codes)

            """
    }

    static func noun(_ noun: String, _ verbs: [Command]) -> String {
        let summary = Commands.nouns.first { $0.name == noun }?.summary ?? ""
        let rows = verbs.map { ["  sotto " + $0.path.joined(separator: " "), $0.summary] }
        return """
            \(summary)

            Commands:
            \(Table.plain(rows))

            """
    }

    static func command(_ command: Command) -> String {
        let path = command.path.joined(separator: " ")
        let arguments = command.arguments.map { $0.isRequired ? " \($0.name)" : " [\($0.name)]" }.joined()
        var page = """
            \(command.description)

            Usage:
              sotto \(path)\(arguments) [--flag value]…

            """
        if !command.arguments.isEmpty {
            page += "\nArguments:\n" + Table.plain(command.arguments.map { ["  " + $0.name, $0.description] }) + "\n"
        }
        let flags = command.allFlags.map { flag in
            ["  " + flag.name + (flag.value.map { " " + $0 } ?? ""), flag.description]
        }
        page += "\nFlags:\n" + Table.plain(flags) + "\n"
        page += "\nExample:\n" + command.example.split(separator: "\n").map { "  \($0)\n" }.joined()
        return page
    }

    private static var codes: String {
        ExitCode.allCases.map { "\($0.rawValue) \($0.meaning)" }.joined(separator: ", ")
    }
}
