/// Which names a server answers under, and which web pages may call it.
///
/// A browser lets any page send requests to 127.0.0.1, and a page can move its own name to 127.0.0.1 after it was
/// loaded. So a request that comes from a page must come from the server's own origin, and a loopback server answers
/// under loopback names only.
struct OriginPolicy: Equatable {
    private let allowedOrigins: [String]
    private let allowedHosts: [String]

    init(_ settings: HTTPServerSettings) {
        allowedOrigins = settings.allowedOrigins
        if settings.allowedHosts.isEmpty && settings.tls == nil {
            allowedHosts = ["localhost", "127.0.0.1", "[::1]", settings.address]
        } else {
            allowedHosts = settings.allowedHosts
        }
    }

    func admits(host: String?) -> Bool {
        guard !allowedHosts.isEmpty else { return true }
        guard let host else { return false }
        return allowedHosts.contains(Self.name(of: host))
    }

    /// A request with no origin does not come from a page.
    func admits(origin: String?, host: String?) -> Bool {
        guard let origin else { return true }
        if allowedOrigins.contains(origin) { return true }
        guard let host else { return false }
        return origin == "http://\(host)" || origin == "https://\(host)"
    }

    /// The host without its port.
    private static func name(of host: String) -> String {
        if host.hasPrefix("[") { return host.firstIndex(of: "]").map { String(host[...$0]) } ?? host }
        return host.split(separator: ":", maxSplits: 1).first.map { $0.lowercased() } ?? host
    }
}
