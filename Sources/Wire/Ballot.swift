package import Primitives

/// What a vote says, before anyone signed it: the fixed-width preimage of 48 bytes.
///
/// Offset 0: validator epoch, u64 big-endian. Offset 8: view, u64. Offset 16: block hash, 32 bytes, zero for a nullify.
package struct Ballot: Hashable, Sendable {
    package enum Kind: UInt8, CaseIterable, Sendable {
        /// This block is valid and the first of its leader that I saw in this view.
        case notarize = 1
        /// I gave up on this view.
        case nullify = 2
        /// I saw this block notarized and had not given up, and never will, on this view.
        case finalize = 3

        /// Reads the number of a kind, under the key `kind`.
        package init(from reader: inout CBORReader) throws(WireError) {
            try reader.key("kind")
            guard let kind = Self(rawValue: UInt8(try reader.unsigned(max: 255))) else {
                throw .badValue(field: "kind")
            }
            self = kind
        }

        package var signingKind: SigningKind {
            switch self {
            case .notarize: .notarize
            case .nullify: .nullify
            case .finalize: .finalize
            }
        }
    }

    package static let byteCount = 48

    package let kind: Kind
    package let epoch: ValidatorEpoch
    package let view: View
    /// The block's hash; zero for a nullify.
    package let hash: Digest

    package init(kind: Kind, epoch: ValidatorEpoch, view: View, hash: Digest) {
        self.kind = kind
        self.epoch = epoch
        self.view = view
        self.hash = kind == .nullify ? .zero : hash
    }

    /// The bytes that are signed, after kind and chain.
    package var body: [UInt8] { Ballot.body(epoch: epoch, view: view, hash: hash) }

    package static func body(epoch: ValidatorEpoch, view: View, hash: Digest) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(byteCount)
        for number in [epoch.rawValue, view.rawValue] {
            for shift in stride(from: 56, through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: number >> shift))
            }
        }
        hash.raw.append(to: &bytes)
        return bytes
    }

    /// Whether a validator that signed both has broken the protocol. Notarize with nullify is legal.
    package func conflicts(with other: Ballot) -> Bool {
        guard epoch == other.epoch, view == other.view else { return false }
        switch (kind, other.kind) {
        case (.notarize, .notarize), (.finalize, .finalize), (.notarize, .finalize), (.finalize, .notarize):
            return hash != other.hash
        case (.finalize, .nullify), (.nullify, .finalize): return true
        case (.notarize, .nullify), (.nullify, .notarize), (.nullify, .nullify): return false
        }
    }
}
