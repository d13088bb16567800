import Consensus
import Crypto
import KeyValue
package import Ledger
package import Primitives
package import Wire

/// Questions about the newest finalised state.
extension ChainActor {
    /// What stands under a key, decoded; nil when nothing does.
    package func entry<Entry: WireObject>(
        _ type: Entry.Type = Entry.self, _ key: StateKey
    ) throws(StateError) -> Entry? {
        guard let bytes = try store.value(for: key) else { return nil }
        do throws(WireError) {
            return try Entry(decoding: bytes)
        } catch {
            throw .unreadable(key)
        }
    }

    /// All members that have all of `roles`, in the order of their ids.
    package func members(with roles: Roles) throws(StateError) -> [(MemberID, MemberEntry)] {
        var members: [(MemberID, MemberEntry)] = []
        for (key, bytes) in try values(under: .member) {
            guard let entry = try? MemberEntry(decoding: bytes) else { throw .unreadable(key) }
            if entry.roles.isSuperset(of: roles) { members.append((MemberID(raw: key.first), entry)) }
        }
        return members
    }

    /// Every key and value under a prefix, in the order of keys.
    package func values(under prefix: StatePrefix) throws(StateError) -> [(StateKey, [UInt8])] {
        do throws(ChainStoreError) {
            let range = KeyRange.prefix([ChainTable.state.rawValue, prefix.rawValue])
            return try store.entries(range, limit: .max).compactMap { entry in
                StateKey(Array(entry.key.dropFirst())).map { ($0, entry.value) }
            }
        } catch {
            throw .storeFailed
        }
    }

    /// Whether the ledger attests that `writer` holds the number behind `location`.
    package func isAttested(location: DHTKey, writer: PublicKey, salt: [UInt8]) -> Bool {
        let commitment = NumberCommitment.make(location: location, writer: writer, salt: salt, with: &hash)
        guard let entry = try? entry(NumberEntry.self, StateKey(.number, commitment)) else { return false }
        return !entry.isReleased && entry.expiry > tip.record.time
    }
}

/// H(location ‖ writer key ‖ salt): what an attestation puts on the ledger.
package enum NumberCommitment {
    package static func make(
        location: DHTKey, writer: PublicKey, salt: [UInt8], with hash: inout some Hashing
    ) -> Digest {
        hash.update(Array("sotto/1/number".utf8) + [0])
        hash.update(location.bytes)
        hash.update(writer.bytes)
        hash.update(salt)
        return hash.finish()
    }
}
