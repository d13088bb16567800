/// The hash of who is in a call: what certificates, seats on the ledger and consents mean by "this roster".
package enum RosterHash {
    /// SHA-256 over "sotto/roster" ‖ 0x00 ‖ call ‖ the per-call keys in ascending order.
    package static func make(call: CallID, keys: [PublicKey], with hash: inout some Hashing) -> Digest {
        var bytes = Array("sotto/roster".utf8) + [0]
        call.raw.append(to: &bytes)
        for key in keys.sorted() { key.raw.append(to: &bytes) }
        return hash.digest(bytes)
    }
}
