/// Where making, checking or restoring a snapshot ended, and why.
package struct SnapshotFault: Error, Hashable, Sendable {
    /// The steps, in their order.
    package enum Step: String, CaseIterable, Sendable {
        /// The manifest is read and belongs to this network; in the first validator epoch, its record is final.
        case manifest
        /// A chunk is there, as long as the manifest says, and has its hash.
        case chunk
        /// Headers and records link from genesis to the final record; certificates hold, and hand over from each
        /// validator epoch to the next.
        case heads
        /// The leaves have the record's log root.
        case log
        /// The newest transactions have the roots of their records.
        case recent
        /// The facts have the record's state root.
        case state
        /// The new store is written beside the old place.
        case store
        /// The new store takes its place.
        case swap
    }

    package let step: Step
    /// The chunk's number from 0, where one is at fault.
    package let chunk: Int?
    package let why: String

    package init(_ step: Step, chunk: Int? = nil, _ why: String) {
        self.step = step
        self.chunk = chunk
        self.why = why
    }
}
