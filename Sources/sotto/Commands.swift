/// Every command there is, in the order in which help lists them. A new command is a file of its own and one line here.
enum Commands {
    static let all: [Command] = [
        VersionCommand.command,
        RPCCallCommand.command,
        RPCMethodsCommand.command,
        SettingsCheckCommand.command,
        SettingsListCommand.command,
        SettingsTemplateCommand.command,
    ]

    /// What the nouns are about, for the overview.
    static let nouns: [(name: String, summary: String)] = [
        ("version", "Print the version."),
        ("rpc", "Ask a node directly."),
        ("settings", "Check and explain the configuration."),
    ]
}
