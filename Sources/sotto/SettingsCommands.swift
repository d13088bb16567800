internal import RPC

/// `sotto settings check`: is the configuration right?
enum SettingsCheckCommand {
    static let command = Command(
        "settings check", "Check the configuration and name everything that is wrong.",
        description: """
            Reads the configuration file of the data directory, or FILE, and the environment, and reports all faults at
            once. Prints nothing but "ok" when there is none.
            """,
        arguments: [.init("FILE", required: false, "the file to check instead of the data directory's sotto.conf")],
        example: "sotto settings check ~/.sotto/sotto.conf"
    ) { invocation throws(CommandError) in
        let values = try Settings.read(invocation, file: invocation.argument(0))
        _ = try RPCFields.settings(values)
        if invocation.wantsJSON { Output.json(["ok": true], pretty: false) } else { Output.line("ok") }
    }
}

/// `sotto settings list`: which value holds, and where it comes from.
enum SettingsListCommand {
    static let command = Command(
        "settings list", "Print every setting, its value and where the value comes from.",
        description: """
            Prints the settings that hold after defaults, file and environment are put together. Of two places that set
            the same thing the later wins: default, file, environment, flag.
            """,
        example: "sotto settings list --json"
    ) { invocation throws(CommandError) in
        let values = try Settings.read(invocation)
        let readings = values.readings.sorted { $0.key < $1.key }
        if invocation.wantsJSON {
            let members = readings.map { key, reading in
                JSONValue.Member(key, ["value": .string(reading.text), "source": .string(reading.source)])
            }
            return Output.json(.object(members), pretty: false)
        }
        Output.line(
            Table.titled(["setting", "value", "source"], readings.map { [$0.key, $0.value.text, $0.value.source] }))
    }
}

/// `sotto settings template`: a file to start from.
enum SettingsTemplateCommand {
    static let command = Command(
        "settings template", "Print a configuration file with every setting explained.",
        description: "Prints every setting at its default, with its meaning, unit and reason above it.",
        example: "sotto settings template > ~/.sotto/sotto.conf"
    ) { _ throws(CommandError) in
        Output.write(Settings.reader.template())
    }
}
