internal import EventLoop
internal import Links
internal import Node
internal import Primitives
internal import RPC

/// The settings of a node, and how they become the module's own.
enum NodeFields {
    static let all = [
        SettingsField(
            "link.listen", .text, default: "127.0.0.1:7441",
            "IP address and TCP port for links to other nodes. Port 0 takes any free one."),
        SettingsField(
            "dht.listen", .text, default: "127.0.0.1:7442",
            "IP address and UDP port of the DHT. Port 0 takes any free one."),
        SettingsField(
            "dht.advertise", .list, default: "",
            "Addresses that other nodes are told, where they differ from dht.listen, comma-separated."),
        SettingsField(
            "node.peers", .list, default: "",
            "Other nodes to dial, comma-separated: member id in hexadecimal, @, IP address and port of its links."),
        SettingsField(
            "log.level", .choice(["debug", "info", "warning", "error"]), default: "info",
            "The least urgent lines to write. info is one line for each block with transactions, link and call."),
        SettingsField("log.json", .boolean, default: "false", "Write one JSON object a line instead of text."),
    ]

    static func settings(_ values: SettingsValues, home: HomeFiles) throws(CommandError) -> NodeSettings {
        var faults: [String] = []
        func address(_ text: String, _ setting: String) -> SocketAddress? {
            if let address = SocketAddress(text) { return address }
            faults.append("\(setting): \(text) is no IP address with a port, as 192.0.2.1:7441 or [2001:db8::1]:7441")
            return nil
        }
        let link = address(values.text("link.listen"), "link.listen")
        let dht = address(values.text("dht.listen"), "dht.listen")
        let advertised = values.list("dht.advertise").compactMap { address($0, "dht.advertise") }
        var peers: [NodeSettings.Peer] = []
        for entry in values.list("node.peers") {
            let parts = entry.split(separator: "@", maxSplits: 1)
            guard parts.count == 2, let member = MemberID(hex: parts[0]) else {
                faults.append("node.peers: \(entry) is not MEMBER@ADDRESS:PORT")
                continue
            }
            if let place = address(String(parts[1]), "node.peers") {
                peers.append(NodeSettings.Peer(member: member, link: place))
            }
        }
        guard faults.isEmpty, let link, let dht else { throw CommandError(.settings, messages: faults) }
        var settings = NodeSettings(link: link, dht: dht, dataPath: home.ledgerPath, peers: peers)
        settings.dhtSettings.advertised = advertised
        settings.storage = StorageFields.settings(values)
        return settings
    }

    static func log(_ values: SettingsValues) -> Log {
        let level: Log.Level =
            switch values.text("log.level") {
            case "debug": .debug
            case "warning": .warning
            case "error": .error
            default: .info
            }
        let isJSON = values.boolean("log.json")
        return Log(least: level) { _, line in
            let time = SystemTime.utc.rawValue
            if isJSON {
                let words = line.split(separator: " ")
                var members = ["\"time\":\(time)"]
                if words.count >= 2 { members += ["\"level\":\"\(words[0])\"", "\"event\":\"\(words[1])\""] }
                for word in words.dropFirst(2) {
                    let pair = word.split(separator: "=", maxSplits: 1)
                    if pair.count == 2 {
                        members.append("\"\(pair[0])\":\"\(pair[1].filter { $0 != "\"" && $0 != "\\" })\"")
                    }
                }
                Output.error("{" + members.joined(separator: ",") + "}")
            } else {
                Output.error("\(time) \(line)")
            }
        }
    }
}
