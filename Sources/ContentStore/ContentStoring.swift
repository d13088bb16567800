package import Primitives
package import Wire

/// Where a node keeps content blocks: LevelDB on its own disk, or an object store that many nodes of one operator use.
///
/// A block is named by its CID and lies under one or more tags; it goes when its last tag goes. What comes out was held
/// against its CID again. Every operation is whole or not done, and durable when it returns.
package protocol ContentStoring: Sendable {
    /// Keeps a block under its tag. A block that is there under that tag already changes nothing and costs nothing.
    /// - Throws: `ContentStoreError.badBlock` for bytes that are not those of the CID or too many, `.full`,
    ///   `.shareUsedUp`.
    func put(_ block: ContentBlock) async throws(ContentStoreError)

    /// The bytes of a block, nil when it is not here.
    /// - Throws: `ContentStoreError.damaged` for bytes that are no longer those of the CID.
    func content(of cid: CID) async throws(ContentStoreError) -> [UInt8]?

    /// The tags of a block, ascending.
    func tags(of cid: CID) async throws(ContentStoreError) -> [BlockTag]

    /// The blocks of a recording in one rights epoch (zero for what belongs to none), ascending by role and index, from
    /// a role and an index on; at most `limit`.
    func blocks(
        of recording: RecordingID, epoch: RightsEpoch, from role: BlockRole, index: UInt64, limit: Int
    ) async throws(ContentStoreError) -> [KeptBlock]

    /// Keeps `block` and lets go of `old`, both or neither: one step of a rotation. The payer stays.
    func replace(_ old: KeptBlock, with block: ContentBlock) async throws(ContentStoreError)

    /// Lets go of one tag of a block; nothing when it is not here.
    func drop(_ cid: CID, _ tag: BlockTag) async throws(ContentStoreError)

    /// Lets go of a recording's blocks of all given roles, in the epochs of the range. How many tags went.
    @discardableResult
    func drop(
        _ recording: RecordingID, epochs: ClosedRange<RightsEpoch>, roles: Set<BlockRole>
    ) async throws(ContentStoreError) -> Int

    /// Every block that is here, for an announcement after a start; ascending by tag, after a given place.
    func all(after place: KeptBlock?, limit: Int) async throws(ContentStoreError) -> [KeptBlock]

    /// How full it is.
    func usage() async -> ContentUsage

    /// Bytes that one member's blocks use.
    func byteCount(of payer: MemberID) async -> UInt64
}

/// How full a store is.
package struct ContentUsage: Equatable, Sendable {
    /// Tags; a block under two counts twice, and so do its bytes.
    package let blockCount: Int
    package let byteCount: UInt64
    package let byteCountMax: UInt64

    package init(blockCount: Int, byteCount: UInt64, byteCountMax: UInt64) {
        self.blockCount = blockCount
        self.byteCount = byteCount
        self.byteCountMax = byteCountMax
    }
}

/// Why a store did not do what was asked.
package enum ContentStoreError: Error, Hashable, Sendable {
    /// The bytes are not those of the CID, none, or above `ContentBlock.byteCountMax`.
    case badBlock
    /// The store has no room.
    case full
    /// The member has used up its share.
    case shareUsedUp
    /// What is on disk is not what was written: fetch it from another holder.
    case damaged
    /// The disk, the database or the object store failed.
    case unavailable
}

/// The bounds of a store.
package struct ContentLimits: Equatable, Sendable {
    /// All blocks together, in bytes. Default 64 GiB: some hundred hours of calls.
    package var byteCountMax: UInt64 = 64 << 30
    /// The blocks that one member pays for, in bytes. Default 32 GiB: a home node with many people.
    package var byteCountPerPayerMax: UInt64 = 32 << 30

    package init() {}
}
