/// Every command there is, in the order in which help lists them. A new command is a file of its own and one line here.
enum Commands {
    static let all: [Command] = [
        VersionCommand.command,
        DevnetCommand.command,
        TestnetCommand.command,
        StartCommand.command,
        StatusCommand.command,
        InitCommand.command,
        KeysCommands.new,
        KeysCommands.show,
        KeysCommands.export,
        MemberCommands.admit,
        MemberCommands.rotate,
        MemberCommands.remove,
        MemberCommands.list,
        LedgerCommands.block,
        LedgerCommands.transaction,
        LedgerCommands.proof,
        LedgerCommands.verify,
        LedgerCommands.export,
        ProbeCommand.command,
        RPCCallCommand.command,
        RPCMethodsCommand.command,
        SettingsCheckCommand.command,
        SettingsListCommand.command,
        SettingsTemplateCommand.command,
    ]

    /// What the nouns are about, for the overview.
    static let nouns: [(name: String, summary: String)] = [
        ("version", "Print the version."),
        ("devnet", "Play with a network in this terminal."),
        ("testnet", "Make a network on this machine."),
        ("start", "Run a node."),
        ("status", "See how a node stands."),
        ("init", "Become a member."),
        ("keys", "Make, show and export keys."),
        ("member", "Admit, rotate, remove and list members."),
        ("ledger", "Read, prove and verify the ledger."),
        ("rpc", "Ask a node directly."),
        ("settings", "Check and explain the configuration."),
    ]
}
