import Kademlia
import Ledger
import Links
import Primitives

/// Asks the ledger whether a writer may keep a phone record at a location: the number must be attested for exactly this
/// location, writer and salt, and the attestation must not have run out.
enum NumberStanding {
    static func judge(
        _ record: StoredRecord, _ writer: PublicKey, _ evidence: [UInt8], _ other: PublicKey?, on chain: ChainActor
    ) async -> WriteStanding {
        // Without its own salt, the other writer's standing cannot be looked up; it is replaced by whoever stands.
        guard record.kind == .phone,
            await chain.isAttested(location: record.location, writer: writer, salt: evidence)
        else { return .denied }
        return .allowed(replaces: other != nil)
    }
}
