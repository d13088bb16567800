package import ContentStore
package import Ledger
package import Primitives

/// Who may be given which block. One function of what the ledger says; asked anew for every block.
package enum ContentGuard {
    package enum Asker: Hashable, Sendable {
        /// A reader of the gateway or the RPC, or a node on behalf of one.
        case anyone
        /// Another node over its link.
        case node(MemberID)
    }

    /// Whether `asker` may have a block under this tag.
    ///
    /// Outer blocks of the rights epoch that stands are for everybody: they open with an outer key only. Those of
    /// earlier epochs, back to the last agreed root, and those that are not published yet are for the other holders,
    /// who must rotate or repair. Wraps are for everybody: they open with shares only. Inner blocks are for nobody.
    package static func mayServe(
        _ tag: BlockTag, to asker: Asker, recording: RecordingEntry?, rights: RightsEntry?
    ) -> Bool {
        guard let recording else { return false }
        let isHolder =
            switch asker {
            case .anyone: false
            case .node(let node): recording.holders.contains(node)
            }
        switch tag.role {
        case .shard, .page:
            guard let rights else { return isHolder && tag.epoch == RuleBook.firstRightsEpoch }
            if tag.epoch == rights.epoch { return true }
            return isHolder && tag.epoch < rights.epoch && tag.epoch >= min(rights.rooted, rights.epoch)
        case .wraps: return true
        case .inner: return false
        }
    }

    /// Whether `asker` may have a block that lies under any of these tags.
    static func mayServe(_ tags: [BlockTag], to asker: Asker, on chain: ChainActor) async -> Bool {
        for tag in tags {
            guard let recording = try? await chain.entry(RecordingEntry.self, StateKey(.recording, tag.recording)),
                let rights = try? await chain.optionalEntry(RightsEntry.self, StateKey(.rights, tag.recording))
            else { continue }
            if mayServe(tag, to: asker, recording: recording, rights: rights.entry) { return true }
        }
        return false
    }
}

/// What stands under a key, or that nothing does; apart from a state that could not be read.
struct Standing<Entry: Sendable>: Sendable {
    let entry: Entry?
}

extension ChainActor {
    /// Nothing under a key is an answer here, and a failure is not.
    func optionalEntry(_ type: RightsEntry.Type, _ key: StateKey) throws(StateError) -> Standing<RightsEntry> {
        Standing(entry: try entry(type, key))
    }
}
