internal import RPC

enum VersionCommand {
    static let command = Command(
        "version", "Print the version.",
        description: "Prints the version of this program.",
        example: """
            sotto version
            sotto 0.1.0
            """
    ) { invocation throws(CommandError) in
        if invocation.wantsJSON {
            Output.json(["version": .string(Sotto.version)], pretty: false)
        } else {
            Output.line("sotto \(Sotto.version)")
        }
    }
}
