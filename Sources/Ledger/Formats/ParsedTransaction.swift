package import Primitives
package import Wire

/// An envelope that was read once: what it says, its bytes, and its two names. A class, since it is handed on from
/// queue to queue and never changes.
package final class ParsedTransaction: Sendable {
    /// The envelope exactly as it came; nothing is encoded twice.
    package let bytes: [UInt8]
    package let envelope: SignedObject
    package let transaction: Transaction
    /// SHA-256 of the signing preimage: stops replay.
    package let id: TransactionID
    /// The CID of the envelope: names it in the log and in caches of checked signatures.
    package let envelopeID: CID

    /// Reads one envelope (rules LG-1 and LG-2). No limit that this depends on may change by vote, so those of genesis
    /// will do at every height; how many transactions a block may hold is judged with the block.
    ///
    /// - Throws: `TransactionFault` when it is too long, not an envelope, or of another chain.
    package init(
        _ bytes: [UInt8], chain: ChainID, limits: NetworkLimits, with hash: inout some Hashing
    ) throws(TransactionFault) {
        guard bytes.count <= limits.transactionBytes else { throw .tooLong }
        do throws(WireError) {
            var reader = CBORReader(bytes)
            envelope = try SignedObject(from: &reader, bodyMax: bytes.count)
            try reader.finish()
            transaction = try Transaction(decoding: envelope.body)
        } catch {
            throw .malformed(error)
        }
        guard transaction.chain == chain else { throw .otherChain }
        self.bytes = bytes
        id = TransactionID(raw: hash.digest(SigningKind.transaction.preimage(chain: chain, body: envelope.body)).raw)
        envelopeID = CID(of: bytes, .dagCBOR, with: &hash)
        guard isWithin(limits) else { throw .overLimit }
    }

    /// The counts and lengths that the genesis document bounds more tightly than the decoders do.
    private func isWithin(_ limits: NetworkLimits) -> Bool {
        func fits(_ count: Int, _ limit: UInt64) -> Bool { UInt64(count) <= limit }
        switch transaction.operation {
        case .memberAdmit(let op): return fits(op.approvals.count, limits.registrars)
        case .memberSuspend(let op): return fits(op.approvals.count, limits.registrars)
        case .memberRemove(let op): return fits(op.approvals.count, limits.registrars)
        case .numberAttest(let op), .numberRelease(let op): return fits(op.attestations.count, limits.validators)
        case .consentGive(let op): return fits(op.policy.count, limits.policyBytes)
        case .recordingSeal(let op):
            return fits(op.tracks.count, limits.tracksPerSeal) && fits(op.groupCount, limits.groupsPerSeal)
                && fits(op.holders.count, limits.holders)
        case .rightsPublish(let op): return fits(op.policy.count, limits.policyBytes)
        case .rightsLimit(let op): return fits(op.policy.count, limits.policyBytes)
        case .validatorPropose(let op): return fits(op.joins.count + op.leaves.count, limits.validators)
        case .memberRotate, .validatorVote, .evidence, .callCommit, .callOpen, .callAccept, .callEnd,
            .consentWithdraw, .rightsGrant, .rightsRevoke, .rightsRotate, .rightsLease, .erase:
            return true
        }
    }
}

extension ParsedTransaction: Hashable {
    package static func == (left: ParsedTransaction, right: ParsedTransaction) -> Bool {
        left.envelopeID == right.envelopeID
    }
    package func hash(into hasher: inout Hasher) { hasher.combine(envelopeID) }
}

/// Why an envelope may not stand in any block.
package enum TransactionFault: Error, Equatable, Sendable {
    /// Longer than `NetworkLimits.transactionBytes`.
    case tooLong
    /// Not an envelope, or not in its one encoding.
    case malformed(WireError)
    /// A count or length inside is above the network's limit.
    case overLimit
    /// Made for another network.
    case otherChain
    /// A signature does not hold. Found by whoever checks signatures, never by this module.
    case badSignature
    /// `until` lies before the record's time.
    case expired
    /// `until` lies further ahead than the window.
    case tooFarAhead
    /// Already on the ledger.
    case alreadyIncluded
}
