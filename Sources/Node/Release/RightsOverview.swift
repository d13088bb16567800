import KeyValue
package import Ledger
package import Primitives
package import RPC
import Wire

/// All that the ledger says about the rights in one recording.
package struct RightsOverview: Sendable {
    package let recording: RecordingID
    package let entry: RecordingEntry
    /// Nil before the publication.
    package let rights: RightsEntry?
    /// Ascending by viewer.
    package let grants: [(viewer: MemberID, entry: GrantEntry)]
    package let leases: [(viewer: MemberID, entry: LeaseEntry)]

    /// Grants and leases that are listed at most.
    package static let listMax = 10_000

    package var json: JSONValue {
        let live = rights?.floor ?? .zero
        return [
            "recording": .string(recording.hex), "owner": .string(entry.owner.hex),
            "holders": .list(entry.holders.map { .string($0.hex) }),
            "senders": .list(entry.senders.map { .string($0.hex) }),
            "epoch": rights.map { .unsigned($0.epoch.rawValue) } ?? .null,
            "rooted": rights.map { .unsigned($0.rooted.rawValue) } ?? .null,
            "floor": rights.map { .unsigned($0.floor.rawValue) } ?? .null,
            "root": rights.map { .string($0.root.hex) } ?? .null,
            "policy": rights.map { .string(Hex.encode($0.policy)) } ?? .null,
            "grants": .list(
                grants.map { grant in
                    [
                        "viewer": .string(grant.viewer.hex), "epoch": .unsigned(grant.entry.epoch.rawValue),
                        "active": .boolean(grant.entry.isActive && grant.entry.epoch >= live),
                    ]
                }),
            "leases": .list(leases.map { Self.json($0.viewer, $0.entry) }),
        ]
    }

    private static func json(_ viewer: MemberID, _ entry: LeaseEntry) -> JSONValue {
        let history = entry.history
        return [
            "viewer": .string(viewer.hex), "epoch": .unsigned(entry.epoch.rawValue),
            "group": history.last.map { .unsigned($0.group.rawValue) } ?? .null,
            "start": history.last.map { .unsigned($0.start.rawValue) } ?? .null,
            "notAfter": history.last.map { .unsigned($0.notAfter.rawValue) } ?? .null,
            "groups": .unsigned(history.leaseCount), "viewings": .unsigned(history.viewings),
            "seeks": .unsigned(history.seeks),
        ]
    }
}

extension ChainActor {
    /// The rights in a recording; nil when there is no such recording.
    package func rights(in recording: RecordingID) throws(StateError) -> RightsOverview? {
        guard let entry = try entry(RecordingEntry.self, StateKey(.recording, recording)) else { return nil }
        return RightsOverview(
            recording: recording, entry: entry,
            rights: try self.entry(RightsEntry.self, StateKey(.rights, recording)),
            grants: try entries(GrantEntry.self, under: .grant, of: recording),
            leases: try entries(LeaseEntry.self, under: .lease, of: recording))
    }

    private func entries<Entry: WireObject>(
        _ type: Entry.Type, under prefix: StatePrefix, of recording: RecordingID
    ) throws(StateError) -> [(viewer: MemberID, entry: Entry)] {
        var found: [(viewer: MemberID, entry: Entry)] = []
        do throws(ChainStoreError) {
            let range = KeyRange.prefix([ChainTable.state.rawValue, prefix.rawValue] + recording.bytes)
            for pair in try store.entries(range, limit: RightsOverview.listMax) {
                guard let key = StateKey(Array(pair.key.dropFirst())), let entry = try? Entry(decoding: pair.value)
                else { continue }
                found.append((MemberID(raw: key.second), entry))
            }
        } catch {
            throw .storeFailed
        }
        return found
    }
}
