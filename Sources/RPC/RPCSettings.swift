package import HTTP

/// What the RPC takes, and where. Every field has a default; `validate` names all that is wrong at once.
package struct RPCSettings: Equatable, Sendable {
    /// Where it listens and what one address may do there.
    package var http = HTTPServerSettings()
    /// Bytes of one POST or one WebSocket message. Default 1 MiB.
    package var bodyByteCountMax = 1 << 20
    /// Requests in one batch. Default 50.
    package var batchCountMax = 50
    /// Open connections, WebSockets included. Default 256.
    package var connectionCountMax = 256
    /// Tokens per second that one member earns; a light call costs 1, a normal one 4, a heavy one 20. Default 200.
    package var memberTokensPerSecond = 200.0
    /// What one member may save up. Default 400.
    package var memberTokenBurst = 400.0
    /// Tokens per second for all unsigned calls of one address. Default 400.
    package var addressTokensPerSecond = 400.0
    /// What one address may save up. Default 800.
    package var addressTokenBurst = 800.0
    /// Calls worked on at once over all connections. Default 256; one more is answered busy.
    package var callCountMax = 256
    /// Subscriptions of one WebSocket. Default 32.
    package var subscriptionCountMax = 32
    /// Notifications that wait for one WebSocket. Default 256; a reader that lags further loses the subscription.
    package var notificationQueueMax = 256

    package init() {}

    /// One setting that cannot be.
    package struct Fault: Error, Equatable, Sendable {
        package let setting: String
        package let reason: String
    }

    /// All faults, or none.
    package func faults() -> [Fault] {
        var faults: [Fault] = []
        func require(_ isRight: Bool, _ setting: String, _ reason: String) {
            if !isRight { faults.append(Fault(setting: setting, reason: reason)) }
        }
        require((1024...(16 << 20)).contains(bodyByteCountMax), "bodyByteCountMax", "1 KiB to 16 MiB")
        require((1...1000).contains(batchCountMax), "batchCountMax", "1 to 1000")
        require((1...1000).contains(connectionCountMax), "connectionCountMax", "1 to 1000: the loop polls each")
        require(memberTokensPerSecond > 0, "memberTokensPerSecond", "above 0")
        require(memberTokenBurst >= 20, "memberTokenBurst", "at least 20, the cost of a heavy call")
        require(addressTokensPerSecond > 0, "addressTokensPerSecond", "above 0")
        require(addressTokenBurst >= 20, "addressTokenBurst", "at least 20, the cost of a heavy call")
        require((1...10_000).contains(callCountMax), "callCountMax", "1 to 10000")
        require((0...1000).contains(subscriptionCountMax), "subscriptionCountMax", "0 to 1000")
        require((1...10_000).contains(notificationQueueMax), "notificationQueueMax", "1 to 10000")
        return faults
    }

    /// - Throws: `RPCSettingsError` with every fault.
    package func validate() throws(RPCSettingsError) {
        let faults = faults()
        guard faults.isEmpty else { throw RPCSettingsError(faults: faults) }
    }

    /// The HTTP settings with the limits above in force.
    var serverSettings: HTTPServerSettings {
        var settings = http
        settings.bodyByteCountMax = bodyByteCountMax
        settings.webSocketMessageMax = bodyByteCountMax
        settings.connectionCountMax = connectionCountMax
        settings.connectionsPerAddressMax = min(http.connectionsPerAddressMax, connectionCountMax)
        settings.webSocketQueue.outgoingCountMax = notificationQueueMax + batchCountMax
        return settings
    }
}

/// All that is wrong with the settings.
package struct RPCSettingsError: Error, Equatable, Sendable {
    package let faults: [RPCSettings.Fault]
}
