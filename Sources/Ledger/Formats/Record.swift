package import Primitives
package import Wire

/// What the ledger says at a height: engine-neutral. Its CID is the app hash under a foreign engine.
package struct Record: WireObject, Hashable {
    package let time: Timestamp
    package let chain: ChainID
    /// The validator epoch in which it was decided.
    package let epoch: ValidatorEpoch
    package let height: Height
    /// The record before; nil in the record of height 0, which follows from genesis alone.
    package let parent: CID?
    /// RFC 9162 root over the envelope ids of the block, in order.
    package let transactionRoot: Digest
    /// Root and size of the one log, this block included.
    package let logRoot: Digest
    package let logSize: UInt64
    /// The last height of the validator epoch in which it was decided; known from the epoch's first record on.
    package let epochEnd: Height
    /// Root of the state tree after this block.
    package let stateRoot: Digest
    /// RFC 9162 root over `ResultLeaf`s, in order.
    package let resultsRoot: Digest
    /// Hash of the set that decides this record, as `ValidatorList` encodes it.
    package let validatorSet: Digest
    /// Hash of the set that would decide from the next validator epoch on; final in an epoch's last record.
    package let nextValidatorSet: Digest

    package init(
        time: Timestamp, chain: ChainID, epoch: ValidatorEpoch, height: Height, parent: CID?, transactionRoot: Digest,
        logRoot: Digest, logSize: UInt64, epochEnd: Height, stateRoot: Digest, resultsRoot: Digest,
        validatorSet: Digest, nextValidatorSet: Digest
    ) {
        self.time = time
        self.chain = chain
        self.epoch = epoch
        self.height = height
        self.parent = parent
        self.transactionRoot = transactionRoot
        self.logRoot = logRoot
        self.logSize = logSize
        self.epochEnd = epochEnd
        self.stateRoot = stateRoot
        self.resultsRoot = resultsRoot
        self.validatorSet = validatorSet
        self.nextValidatorSet = nextValidatorSet
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(14)
        time = try reader.count("time")
        chain = try reader.id("chain")
        epoch = try reader.count("epoch")
        height = try reader.count("height")
        try reader.key("parent")
        parent = reader.nullIfPresent() ? nil : try reader.link()
        guard (parent == nil) == (height == .zero) else { throw .badValue(field: "parent") }
        transactionRoot = try reader.id("txRoot")
        logRoot = try reader.id("logRoot")
        logSize = try reader.number("logSize")
        epochEnd = try reader.count("epochEnd")
        guard height <= epochEnd else { throw .badValue(field: "epochEnd") }
        stateRoot = try reader.id("stateRoot")
        resultsRoot = try reader.id("resultsRoot")
        validatorSet = try reader.id("validatorSet")
        nextValidatorSet = try reader.id("nextValidatorSet")
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(14)
        writer.field("time", time)
        writer.field("chain", chain)
        writer.field("epoch", epoch)
        writer.field("height", height)
        writer.key("parent")
        if let parent { writer.link(parent) } else { writer.null() }
        writer.field("txRoot", transactionRoot)
        writer.field("logRoot", logRoot)
        writer.field("logSize", logSize)
        writer.field("epochEnd", epochEnd)
        writer.field("stateRoot", stateRoot)
        writer.field("resultsRoot", resultsRoot)
        writer.field("validatorSet", validatorSet)
        writer.field("nextValidatorSet", nextValidatorSet)
    }

    /// Whether the next height begins another validator epoch, which `nextValidatorSet` decides (rule LG-22).
    package var endsEpoch: Bool { height == epochEnd }
}
