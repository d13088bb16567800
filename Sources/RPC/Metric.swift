/// Every number that `/metrics` shows. The names are what dashboards and alerts are built on, so they never change.
package enum Metric: String, CaseIterable, Sendable {
    case consensusHeight = "consensus_height"
    case consensusView = "consensus_view"
    case consensusMissingValidators = "consensus_missing_validators"
    case consensusFinalitySeconds = "consensus_finality_seconds"
    case transactionsTotal = "ledger_transactions_total"
    case mempoolSize = "mempool_size"
    case mempoolBytes = "mempool_bytes"
    case linksUp = "links_up"
    case linkBytesTotal = "link_bytes_total"
    case storageBytes = "storage_bytes"
    case walFsyncSeconds = "wal_fsync_seconds"
    case dhtRecords = "dht_records"
    case dhtLookupSeconds = "dht_lookup_seconds"
    case callsActive = "calls_active"
    case rpcRequestsTotal = "rpc_requests_total"
    case rpcErrorsTotal = "rpc_errors_total"
    case rpcRequestSeconds = "rpc_request_seconds"
    case rpcSubscriptions = "rpc_subscriptions"

    package enum Kind: String, Sendable {
        case counter
        case gauge
        case histogram
    }

    package var kind: Kind {
        switch self {
        case .transactionsTotal, .linkBytesTotal, .rpcRequestsTotal, .rpcErrorsTotal: .counter
        case .consensusFinalitySeconds, .walFsyncSeconds, .dhtLookupSeconds, .rpcRequestSeconds: .histogram
        case .consensusHeight, .consensusView, .consensusMissingValidators, .mempoolSize, .mempoolBytes, .linksUp,
            .storageBytes, .dhtRecords, .callsActive, .rpcSubscriptions:
            .gauge
        }
    }

    /// The one label that the metric has, if any.
    package var label: String? {
        switch self {
        case .transactionsTotal: "result"
        case .linkBytesTotal: "direction"
        case .storageBytes: "part"
        case .rpcRequestsTotal: "method"
        case .rpcErrorsTotal: "code"
        case .consensusHeight, .consensusView, .consensusMissingValidators, .consensusFinalitySeconds, .mempoolSize,
            .mempoolBytes, .linksUp, .walFsyncSeconds, .dhtRecords, .dhtLookupSeconds, .callsActive,
            .rpcRequestSeconds, .rpcSubscriptions:
            nil
        }
    }

    package var help: String {
        switch self {
        case .consensusHeight: "Height of the newest finalised block."
        case .consensusView: "View that the consensus engine is in."
        case .consensusMissingValidators: "Validators not heard from in the last views."
        case .consensusFinalitySeconds: "From proposal to finalisation."
        case .transactionsTotal: "Finalised transactions by result."
        case .mempoolSize: "Transactions that wait."
        case .mempoolBytes: "Bytes of the transactions that wait."
        case .linksUp: "Open links to other nodes."
        case .linkBytesTotal: "Bytes over links by direction."
        case .storageBytes: "Bytes on disk by part of the store."
        case .walFsyncSeconds: "Time to make a write durable."
        case .dhtRecords: "Records that this node holds."
        case .dhtLookupSeconds: "Time of a lookup in the DHT."
        case .callsActive: "Calls that are up."
        case .rpcRequestsTotal: "RPC requests by method."
        case .rpcErrorsTotal: "RPC errors by code."
        case .rpcRequestSeconds: "Time to answer an RPC request."
        case .rpcSubscriptions: "Open subscriptions."
        }
    }

    /// Upper bounds of a histogram's buckets, in seconds.
    static let bounds: [Double] = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
}
