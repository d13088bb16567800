internal import FoundationEssentials
internal import HTTP
internal import RPC

/// Every setting of the program. A part of the node adds its fields here, in a file of its own.
enum Settings {
    static let fileName = "sotto.conf"

    static let reader = SettingsReader(
        fields: clientFields + RPCFields.all + NodeFields.all + StorageFields.all + LightFields.all + SignerFields.all)

    static let clientFields = [
        SettingsField(
            "client.node", .text, default: "http://127.0.0.1:7440",
            "URL of the node that commands talk to. The default is where a node on this machine listens.")
    ]

    /// The data directory: `--home`, then SOTTO_HOME, then ~/.sotto.
    static func home(_ invocation: Invocation) throws(CommandError) -> String {
        if let home = invocation.flag("--home") { return home }
        let environment = ProcessInfo.processInfo.environment
        if let home = environment["SOTTO_HOME"], !home.isEmpty { return home }
        guard let home = environment["HOME"], !home.isEmpty else {
            throw CommandError(.settings, "HOME is not set", hint: "pass --home DIRECTORY")
        }
        return home + "/.sotto"
    }

    /// The configuration of the data directory. A file that does not exist is an empty one.
    static func read(_ invocation: Invocation, file: String? = nil) throws(CommandError) -> SettingsValues {
        let path: String
        if let file { path = file } else { path = try home(invocation) + "/" + fileName }
        let exists = FileManager.default.fileExists(atPath: path)
        guard exists || file == nil else { throw CommandError(.settings, "there is no file \(path)") }
        var content: (name: String, text: String)?
        if exists {
            guard let text = try? String(contentsOf: URL(filePath: path), encoding: .utf8) else {
                throw CommandError(.settings, "cannot read \(path)")
            }
            content = (path, text)
        }
        do {
            return try reader.read(
                file: content, environment: ProcessInfo.processInfo.environment, flags: invocation.flags)
        } catch {
            throw CommandError(
                .settings, messages: error.sentences, hint: "sotto settings template prints every setting")
        }
    }
}

extension SettingsReader {
    /// A flag for every setting, for commands that start a node.
    var flags: [Command.Flag] { fields.map { Command.Flag($0.flagName, "VALUE", $0.description) } }
}
