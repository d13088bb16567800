import RPC
import Testing

struct MetricsRegistryTests {
    @Test("the text names every metric with its kind, and histograms add up")
    func text() {
        let registry = MetricsRegistry()
        registry.set(.p2pPeers, to: 3)
        registry.add(2, to: .p2pBytesTotal, label: "i\"n\n")
        registry.observe(.milliseconds(2), in: .walFsyncSeconds)
        registry.observe(.seconds(60), in: .walFsyncSeconds)
        let text = registry.text
        for metric in Metric.allCases {
            #expect(text.contains("# TYPE \(metric.name) \(metric.kind.rawValue)\n"))
        }
        #expect(text.contains("sotto_p2p_peers 3\n"))
        #expect(text.contains("sotto_p2p_bytes_total{direction=\"i\\\"n\\n\"} 2\n"))
        #expect(text.contains("sotto_wal_fsync_seconds_bucket{le=\"0.001\"} 0\n"))
        #expect(text.contains("sotto_wal_fsync_seconds_bucket{le=\"0.005\"} 1\n"))
        #expect(text.contains("sotto_wal_fsync_seconds_bucket{le=\"+Inf\"} 2\n"))
        #expect(text.contains("sotto_wal_fsync_seconds_count 2\n"))
    }

    @Test("label values are bounded: further ones count as other")
    func labels() {
        let registry = MetricsRegistry()
        for index in 0..<100 { registry.add(to: .rpcRequestsTotal, label: "m\(index)") }
        #expect(registry.value(of: .rpcRequestsTotal, label: "other") == 36)
    }

    @Test("settings report every fault at once")
    func settings() {
        #expect(RPCSettings().faults().isEmpty)
        var settings = RPCSettings()
        settings.batchCountMax = 0
        settings.memberTokenBurst = 1
        #expect(settings.faults().map(\.setting) == ["batchCountMax", "memberTokenBurst"])
        #expect(throws: RPCSettingsError.self) { try settings.validate() }
    }
}
