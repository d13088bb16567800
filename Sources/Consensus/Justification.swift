package import Primitives
package import Wire

/// Why a block may stand on its parent: the parent is certified, and every view between them ended without a block.
///
/// At most `nullificationCountMax` nullifications travel with a block, those of the views right below it. Where more
/// views were nullified in a row, a voter must hold the others itself, and asks its peers for them: a limit that
/// refused such a block outright would stop the chain for good.
package struct Justification: Hashable, Sendable {
    package static let nullificationCountMax = 16

    /// Notarization or finalization of the parent; nil when the parent is the genesis block.
    package let parent: Certificate?
    /// Of the views below the block's, ascending, without a gap.
    package let nullifications: [Certificate]

    package init(parent: Certificate?, nullifications: [Certificate]) {
        self.parent = parent
        self.nullifications = nullifications
    }

    /// All certificates, the parent's first.
    package var certificates: [Certificate] { (parent.map { [$0] } ?? []) + nullifications }

    /// The views between `parent` and `view` whose nullifications travel with the block.
    package static func carriedViews(from parent: View, to view: View) -> Range<UInt64> {
        guard view > parent else { return 0..<0 }
        let first = max(parent.rawValue + 1, view.rawValue - min(view.rawValue, UInt64(nullificationCountMax)))
        return first..<view.rawValue
    }

    /// Whether the certificates are exactly those that a block of `view` on `block` must carry.
    package func isSound(from block: BlockReference, to view: View, in chain: ChainID) -> Bool {
        if let parent {
            guard parent.kind != .nullify, parent.view == block.view, parent.hash == block.hash else { return false }
        } else {
            guard block == .genesis(of: chain) else { return false }
        }
        return nullifications.allSatisfy { $0.kind == .nullify }
            && nullifications.map(\.view.rawValue).elementsEqual(Self.carriedViews(from: block.view, to: view))
    }
}

extension Justification: WireObject {
    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 2)
        try reader.key("nulls")
        nullifications = try reader.array(max: Self.nullificationCountMax) { inner throws(WireError) in
            try Certificate(from: &inner)
        }
        try reader.key("parent")
        parent = reader.nullIfPresent() ? nil : try Certificate(from: &reader)
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 2)
        writer.key("nulls")
        writer.array(nullifications) { $1.encode(into: &$0) }
        writer.key("parent")
        if let parent { parent.encode(into: &writer) } else { writer.null() }
    }
}
