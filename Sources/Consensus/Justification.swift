package import Primitives
package import Wire

/// Why a block may stand on its parent: the parent is certified, and every view between them ended without a block.
///
/// At most `nullificationCountMax` nullifications travel with a block, those of the views right below it. Where more
/// views were nullified in a row, a voter must hold the others itself, and asks its peers for them: a limit that
/// refused such a block outright would stop the chain for good.
package struct Justification: Hashable, Sendable {
    package static let nullificationCountMax = 16

    /// Notarization or finalization of the parent; nil when the parent is the genesis block. Under the first block of a
    /// validator epoch: the finalization that sealed the one before (S-14).
    package let parent: Certificate?
    /// Of the views below the block's, ascending, without a gap.
    package let nullifications: [Certificate]
    /// At most one: a header cannot hold another directly.
    private let echoes: [EngineHeader]

    package init(parent: Certificate?, echo: EngineHeader? = nil, nullifications: [Certificate]) {
        self.parent = parent
        self.nullifications = nullifications
        echoes = echo.map { [$0] } ?? []
    }

    /// The header that `parent` finalises when that is not the parent's own: of the block that repeats its record, so
    /// that this record is what was made final.
    package var echo: EngineHeader? { echoes.first }

    /// All certificates, the parent's first.
    package var certificates: [Certificate] { (parent.map { [$0] } ?? []) + nullifications }

    /// The views between `parent` and `view` whose nullifications travel with the block.
    package static func carriedViews(from parent: View, to view: View) -> Range<UInt64> {
        guard view > parent else { return 0..<0 }
        let first = max(parent.rawValue + 1, view.rawValue - min(view.rawValue, UInt64(nullificationCountMax)))
        return first..<view.rawValue
    }

    /// Whether the certificates are exactly those that a block of `view` in `epoch` on `block` must carry.
    package func isSound(
        from block: BlockReference, to view: View, of epoch: ValidatorEpoch, in chain: ChainID
    ) -> Bool {
        certifies(block, for: epoch, in: chain)
            && nullifications.allSatisfy { $0.kind == .nullify && $0.ballot.epoch == epoch }
            && nullifications.map(\.view.rawValue).elementsEqual(Self.carriedViews(from: block.view, to: view))
    }

    private func certifies(_ block: BlockReference, for epoch: ValidatorEpoch, in chain: ChainID) -> Bool {
        guard let parent else { return block == .genesis(of: chain) && epoch == .zero && echo == nil }
        let isOfBlock = parent.view == block.view && parent.hash == block.hash
        if parent.ballot.epoch == epoch { return parent.kind != .nullify && isOfBlock && echo == nil }
        // S-14: the first block of its validator epoch. That the echo's hash is the certified one, `Block` has seen to.
        guard parent.kind == .finalize, parent.ballot.epoch.next == epoch else { return false }
        guard let echo else { return isOfBlock }
        return echo.epoch == parent.ballot.epoch && echo.view == parent.view && echo.view > block.view
    }
}

extension Justification: WireObject {
    package init(from reader: inout CBORReader) throws(WireError) {
        let count = try reader.mapHeader(max: 3)
        let echo: EngineHeader? = count == 3 ? try Self.echo(from: &reader) : nil
        guard count >= 2 else { throw .badValue(field: "just") }
        try reader.key("nulls")
        let nullifications = try reader.array(max: Self.nullificationCountMax) { inner throws(WireError) in
            try Certificate(from: &inner)
        }
        try reader.key("parent")
        let parent = reader.nullIfPresent() ? nil : try Certificate(from: &reader)
        reader.leave()
        self.init(parent: parent, echo: echo, nullifications: nullifications)
    }

    private static func echo(from reader: inout CBORReader) throws(WireError) -> EngineHeader {
        try reader.key("echo")
        let echo = try EngineHeader(from: &reader)
        // An echo never is the first block of a validator epoch, so it carries none itself.
        guard echo.justification.echo == nil else { throw .badValue(field: "echo") }
        return echo
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: echo == nil ? 2 : 3)
        if let echo {
            writer.key("echo")
            echo.encode(into: &writer)
        }
        writer.key("nulls")
        writer.array(nullifications) { $1.encode(into: &$0) }
        writer.key("parent")
        if let parent { parent.encode(into: &writer) } else { writer.null() }
    }
}
