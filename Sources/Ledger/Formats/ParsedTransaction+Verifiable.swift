package import Primitives
import Wire

extension ParsedTransaction: Verifiable {
    /// Every signature in the envelope: the sender's, and those that the operation carries. That a key belongs to
    /// whom it claims is decided by the state, later; here only that whoever holds the key has signed (rule LG-3).
    package func signatureChecks(in chain: ChainID) -> [SignatureCheck]? {
        guard transaction.chain == chain else { return nil }
        guard let carried = carriedChecks(chain) else { return nil }
        return [envelope.signatureCheck(kind: .transaction, chain: chain)] + carried
    }

    private func carriedChecks(_ chain: ChainID) -> [SignatureCheck]? {
        switch transaction.operation {
        case .memberAdmit(let op):
            [op.registration.object.signatureCheck(kind: .registration, chain: chain)]
                + approvalChecks(op.approvals, chain)
        case .memberSuspend(let op): approvalChecks(op.approvals, chain)
        case .memberRemove(let op): approvalChecks(op.approvals, chain)
        case .memberRotate(let op):
            [
                SignatureCheck(
                    preimage: SigningKind.keyRotation.preimage(
                        chain: chain,
                        body: MemberRotate.proofBody(
                            member: transaction.from.member, keys: op.keys, nonce: transaction.nonce)),
                    key: op.keys.sign, signature: op.proof)
            ]
        case .numberAttest(let op), .numberRelease(let op):
            checks(
                op.attestations,
                preimage: SigningKind.numberAttestation.preimage(
                    chain: chain, body: op.statement.encoded))
        case .validatorPropose(let op): op.joins.map { $0.signatureCheck(chain: chain) }
        case .evidence(let op): op.signatureChecks(in: chain)
        case .validatorVote, .callCommit, .callOpen, .callAccept, .callEnd, .consentGive,
            .consentWithdraw, .recordingSeal, .rightsPublish, .rightsLimit, .rightsGrant, .rightsRevoke,
            .rightsRotate, .rightsLease, .erase:
            []
        }
    }

    private func approvalChecks(_ approvals: [CoSignature], _ chain: ChainID) -> [SignatureCheck] {
        guard !approvals.isEmpty, let body = transaction.approvalBody else { return [] }
        return checks(approvals, preimage: SigningKind.approval.preimage(chain: chain, body: body))
    }

    private func checks(_ signatures: [CoSignature], preimage: [UInt8]) -> [SignatureCheck] {
        signatures.map { SignatureCheck(preimage: preimage, key: $0.key, signature: $0.signature) }
    }

    /// The Ed25519 keys that this transaction would register. Whoever marks it verified must first see that each is a
    /// point of the prime-order subgroup; a transaction that brings another is refused like one with a bad signature.
    package var keysToRegister: [PublicKey] {
        switch transaction.operation {
        case .memberAdmit(let op): op.registration.registration.keys.signingKeys
        case .memberRotate(let op): op.keys.signingKeys
        case .callOpen(let op): [op.seat.key]
        case .callAccept(let op): [op.seat.key]
        default: []
        }
    }
}

extension MemberKeys {
    /// The Ed25519 keys among them.
    package var signingKeys: [PublicKey] { [sign] + (link.map { [$0] } ?? []) }
}
