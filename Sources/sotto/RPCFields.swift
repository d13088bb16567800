internal import HTTP
internal import RPC

/// The settings of the RPC, and how they become the module's own.
enum RPCFields {
    static let all = [
        SettingsField(
            "rpc.address", .text, default: "127.0.0.1",
            "IP address the RPC listens on. Loopback, unless a certificate is given."),
        SettingsField("rpc.port", .integer(0...65535), default: "7440", "TCP port of the RPC; 0 takes any free one."),
        SettingsField(
            "rpc.certificate", .path, default: "",
            "PEM file with the certificate chain for https. Without it only loopback is served."),
        SettingsField("rpc.key", .path, default: "", "PEM file with the key of rpc.certificate."),
        SettingsField(
            "rpc.hosts", .list, default: "",
            "Host names the RPC answers under, comma-separated. Empty: any with a certificate, else loopback names."),
        SettingsField(
            "rpc.origins", .list, default: "",
            "Origins of web pages that may call beside the node's own, as https://host. None by default."),
        SettingsField(
            "rpc.bodyMax", .byteCount(1024...(16 << 20)), default: "1MiB",
            "Longest request, in bytes. The largest transaction batch fits the default."),
        SettingsField("rpc.batchMax", .integer(1...1000), default: "50", "Requests in one JSON-RPC batch."),
        SettingsField(
            "rpc.connectionMax", .integer(1...1000), default: "256",
            "Open connections. Each costs the event loop time at every turn."),
        SettingsField(
            "rpc.memberRate", .integer(1...1_000_000), default: "200",
            "Tokens per second that a member earns. A light call costs 1, a normal one 4, a heavy one 20."),
        SettingsField(
            "rpc.addressRate", .integer(1...1_000_000), default: "400",
            "Tokens per second that one IP address earns, all its calls together."),
    ]

    /// Only with both files, or neither.
    static func settings(_ values: SettingsValues) throws(CommandError) -> RPCSettings {
        var settings = RPCSettings()
        settings.http.address = values.text("rpc.address")
        settings.http.port = UInt16(values.integer("rpc.port"))
        switch (values.textIfSet("rpc.certificate"), values.textIfSet("rpc.key")) {
        case (nil, nil): break
        case (let certificate?, let key?): settings.http.tls = .init(certificatePath: certificate, keyPath: key)
        case (_?, nil), (nil, _?):
            throw CommandError(.settings, "rpc.certificate and rpc.key are given together or not at all")
        }
        settings.http.allowedHosts = values.list("rpc.hosts")
        settings.http.allowedOrigins = values.list("rpc.origins")
        settings.bodyByteCountMax = Int(values.integer("rpc.bodyMax"))
        settings.batchCountMax = Int(values.integer("rpc.batchMax"))
        settings.connectionCountMax = Int(values.integer("rpc.connectionMax"))
        settings.memberTokensPerSecond = Double(values.integer("rpc.memberRate"))
        settings.memberTokenBurst = max(20, 2 * settings.memberTokensPerSecond)
        settings.addressTokensPerSecond = Double(values.integer("rpc.addressRate"))
        settings.addressTokenBurst = max(20, 2 * settings.addressTokensPerSecond)
        do throws(RPCSettingsError) {
            try settings.validate()
        } catch {
            throw CommandError(.settings, messages: error.faults.map { "\($0.setting): \($0.reason)" })
        }
        return settings
    }
}
