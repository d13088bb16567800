/// Every number that `/metrics` shows. The names are what dashboards and alerts are built on, so they never change.
///
/// `consensus_…`, `mempool_…` and `p2p_…` mean what operators of other BFT engines know under these names; a view here
/// is what is a round elsewhere, notarize and finalize are the two rounds of votes.
package enum Metric: String, CaseIterable, Sendable {
    case consensusHeight = "consensus_height"
    case consensusView = "consensus_view"
    case consensusEpoch = "consensus_epoch"
    case consensusValidators = "consensus_validators"
    case consensusMissingValidators = "consensus_missing_validators"
    case consensusByzantineValidators = "consensus_byzantine_validators"
    case consensusValidatorLastVotedView = "consensus_validator_last_voted_view"
    case consensusQuorumNotarizeDelay = "consensus_quorum_notarize_delay"
    case consensusQuorumFinalizeDelay = "consensus_quorum_finalize_delay"
    case consensusBlockIntervalSeconds = "consensus_block_interval_seconds"
    case consensusFinalitySeconds = "consensus_finality_seconds"
    case consensusBlockTransactions = "consensus_block_transactions"
    case consensusBlockBytes = "consensus_block_bytes"
    case consensusNullifiedViewsTotal = "consensus_nullified_views_total"
    case consensusRefusedMessagesTotal = "consensus_refused_messages_total"
    case consensusStalledSeconds = "consensus_stalled_seconds"
    case consensusSigning = "consensus_signing"
    case consensusClockSkewSeconds = "consensus_clock_skew_seconds"
    case transactionsTotal = "ledger_transactions_total"
    case mempoolSize = "mempool_size"
    case mempoolBytes = "mempool_bytes"
    case mempoolRefusedTotal = "mempool_refused_total"
    case p2pPeers = "p2p_peers"
    case p2pBytesTotal = "p2p_bytes_total"
    case p2pQueueDepth = "p2p_queue_depth"
    case p2pDroppedPeersTotal = "p2p_dropped_peers_total"
    case p2pInboxDroppedTotal = "p2p_inbox_dropped_total"
    case storageBytes = "storage_bytes"
    case storageFreeBytes = "storage_free_bytes"
    case walFsyncSeconds = "wal_fsync_seconds"
    case dhtRecords = "dht_records"
    case rpcRequestsTotal = "rpc_requests_total"
    case rpcErrorsTotal = "rpc_errors_total"
    case rpcRequestSeconds = "rpc_request_seconds"
    case rpcSubscriptions = "rpc_subscriptions"
    case processCPUSecondsTotal = "process_cpu_seconds_total"
    case processResidentMemoryBytes = "process_resident_memory_bytes"
    case processOpenFiles = "process_open_fds"
    case processFilesMax = "process_max_fds"
    case processStartTimeSeconds = "process_start_time_seconds"
    case buildInfo = "build_info"

    package enum Kind: String, Sendable {
        case counter
        case gauge
        case histogram
    }

    /// The name on the page: all but those of the process, which every exporter calls the same, begin with `sotto_`.
    package var name: String { rawValue.hasPrefix("process_") ? rawValue : "sotto_" + rawValue }

    package var kind: Kind {
        switch self {
        case .consensusQuorumNotarizeDelay, .consensusQuorumFinalizeDelay, .consensusBlockIntervalSeconds,
            .consensusFinalitySeconds, .walFsyncSeconds, .rpcRequestSeconds:
            .histogram
        case .consensusNullifiedViewsTotal, .consensusRefusedMessagesTotal, .transactionsTotal, .mempoolRefusedTotal,
            .p2pBytesTotal, .p2pDroppedPeersTotal, .p2pInboxDroppedTotal, .rpcRequestsTotal, .rpcErrorsTotal,
            .processCPUSecondsTotal:
            .counter
        case .consensusHeight, .consensusView, .consensusEpoch, .consensusValidators, .consensusMissingValidators,
            .consensusByzantineValidators, .consensusValidatorLastVotedView, .consensusBlockTransactions,
            .consensusBlockBytes, .consensusStalledSeconds, .consensusSigning, .consensusClockSkewSeconds,
            .mempoolSize, .mempoolBytes, .p2pPeers, .p2pQueueDepth, .storageBytes, .storageFreeBytes, .dhtRecords,
            .rpcSubscriptions, .processResidentMemoryBytes, .processOpenFiles, .processFilesMax,
            .processStartTimeSeconds, .buildInfo:
            .gauge
        }
    }

    /// The one label that the metric has, if any.
    package var label: String? {
        switch self {
        case .consensusValidatorLastVotedView: "validator"
        case .transactionsTotal: "result"
        case .mempoolRefusedTotal, .p2pDroppedPeersTotal: "reason"
        case .p2pBytesTotal: "direction"
        case .p2pQueueDepth: "lane"
        case .storageBytes: "table"
        case .rpcRequestsTotal: "method"
        case .rpcErrorsTotal: "code"
        case .buildInfo: "version"
        default: nil
        }
    }

    /// Upper bounds of a histogram's buckets, in seconds.
    static let bounds: [Double] = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
}
