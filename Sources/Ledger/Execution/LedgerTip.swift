package import Primitives
package import Wire

/// Where the chain stands after a block: all that the next block needs besides the state. Stored with every finalised
/// block as `{v, id, log, state, record}`; `log` are the peaks, `state` is `[height, hash, is leaf]` or null.
package struct LedgerTip: WireObject, Equatable {
    package let record: Record
    package let recordID: CID
    /// The right edge of the one log.
    package let log: MerkleFrontier
    /// The root of the state tree; nil when it is empty.
    package let state: TreeChild?

    package init(record: Record, recordID: CID, log: MerkleFrontier, state: TreeChild?) {
        self.record = record
        self.recordID = recordID
        self.log = log
        self.state = state
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(5)
        recordID = try reader.linkField("id")
        let peaks: [Digest] = try reader.ids("log", max: 64)
        try reader.key("state")
        if reader.nullIfPresent() {
            state = nil
        } else {
            let start = reader.offset
            guard try reader.arrayHeader(max: 3) == 3 else { throw .unexpectedType(at: start) }
            state = TreeChild(
                version: try reader.counter(), hash: try reader.identifier(), isLeaf: try reader.boolean())
            reader.leave()
        }
        record = try reader.object("record")
        guard let frontier = MerkleFrontier(size: record.logSize, peaks: peaks) else {
            throw .badValue(field: "log")
        }
        log = frontier
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(5)
        writer.field("id", link: recordID)
        writer.field("log", ids: log.peaks)
        writer.key("state")
        if let state {
            writer.arrayHeader(count: 3)
            writer.unsigned(state.version)
            writer.byteString(state.hash)
            writer.boolean(state.isLeaf)
        } else {
            writer.null()
        }
        writer.field("record", record)
    }
}
