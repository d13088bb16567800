package import Primitives
package import Wire

/// What operators sign on the day the quorum is lost for good: that the ledger goes on above this record, and who
/// decides from there on. `{v, list, chain, height, record}`; the list's validator epoch is the one that begins.
package struct RecoveryStatement: WireObject, Hashable {
    package let list: ValidatorList
    package let chain: ChainID
    /// Of the last record that stays.
    package let height: Height
    /// The last record that stays: with it all before.
    package let record: CID

    package init(list: ValidatorList, chain: ChainID, height: Height, record: CID) {
        self.list = list
        self.chain = chain
        self.height = height
        self.record = record
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(5)
        list = try reader.object("list")
        guard !list.entries.isEmpty, list.epoch > .zero else { throw .badValue(field: "list") }
        chain = try reader.id("chain")
        height = try reader.count("height")
        // What genesis says needs no validators: without a block, another genesis is made.
        guard height > .zero else { throw .badValue(field: "height") }
        record = try reader.linkField("record")
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(5)
        writer.field("list", list)
        writer.field("chain", chain)
        writer.field("height", height)
        writer.field("record", link: record)
    }

    /// Whether this is about the block above `tip`.
    package func follows(_ tip: LedgerTip) -> Bool { record == tip.recordID && height == tip.record.height }

    /// The exact bytes that an operator signs.
    package var preimage: [UInt8] { SigningKind.recovery.preimage(chain: chain, body: encoded) }
}

/// A recovery statement with operators' signatures: `{v, sigs, statement}`. Signed by enough of them (rule LG-130), it
/// begins a validator epoch where no quorum is left to end the one before. The first block of that epoch carries it.
package struct RecoveryDocument: WireObject, Hashable {
    package let statement: RecoveryStatement
    /// In ascending order of their keys.
    package let signatures: [CoSignature]

    /// Sorts; of two signatures by one key the first counts.
    package init(_ statement: RecoveryStatement, signatures: [CoSignature] = []) {
        self.statement = statement
        let first = Dictionary(signatures.map { ($0.key, $0) }) { first, _ in first }
        self.signatures = first.values.sorted { $0.key < $1.key }
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(3)
        signatures = try CoSignature.list("sigs", max: CeilingOf.validators, from: &reader)
        statement = try reader.object("statement")
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(3)
        writer.field("sigs", list: signatures)
        writer.field("statement", statement)
    }

    /// Whether this key has signed.
    package func isSigned(by key: PublicKey) -> Bool { signatures.contains { $0.key == key } }

    /// How many of so many operators must have signed.
    package static func signaturesNeeded(of operators: Int) -> Int { Quorum.size(of: operators) }
}

extension RecoveryDocument: Verifiable {
    /// Nil when it is of another chain. Who the signers are, and whether they are enough, is rule LG-130.
    package func signatureChecks(in chain: ChainID) -> [SignatureCheck]? {
        guard statement.chain == chain else { return nil }
        let preimage = statement.preimage
        return signatures.map { SignatureCheck(preimage: preimage, key: $0.key, signature: $0.signature) }
    }
}

/// Why a recovery document begins no validator epoch.
package enum RecoveryFault: Error, Hashable, Sendable {
    case otherChain
    /// Genesis names no operators: this network cannot be recovered.
    case noOperators
    /// A signer is no operator of the network.
    case notOperator(PublicKey)
    case tooFewSignatures(have: Int, needed: Int)
    /// The newest record is of this height, another than the document's.
    case otherHeight(Height)
    /// The record of that height is another one.
    case otherRecord
    /// The validator epoch that would begin is this one.
    case otherEpoch(ValidatorEpoch)
    /// The set may have at least and at most so many members.
    case setSize(least: UInt64, most: UInt64)
    case repeatedKey
    case unknownMember(MemberID)
    /// Not an active member with the role.
    case notValidator(MemberID)
    /// The member's signing key is another one.
    case otherKey(MemberID)
}
