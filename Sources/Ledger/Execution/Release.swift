package import Primitives
import Wire

/// What a validator asks the state before it releases a key share. It takes what it evaluates from here, never from
/// the request (rules LG-95 to LG-98).
package struct Release {
    private let view: any StateView
    /// The time of the newest finalised record.
    private let now: Timestamp

    package init(over view: any StateView, at now: Timestamp) {
        self.view = view
        self.now = now
    }

    /// Where the wrap of a released group must be proven to stand: in the tree under the sender's seal.
    package struct WrapPlace: Equatable, Sendable {
        package let root: Digest
        package let index: UInt64
        package let size: UInt64

        package init(root: Digest, index: UInt64, size: UInt64) {
            self.root = root
            self.index = index
            self.size = size
        }

        /// Whether `wrap`, given as its encoding, is the one that was sealed.
        package func holds(_ wrap: [UInt8], proof: [Digest], with hash: inout some Hashing) -> Bool {
            MerkleTree.isIncluded(
                MerkleTree.leafHash(wrap, with: &hash), at: index, size: size, proof: proof, root: root, with: &hash)
        }
    }

    /// The key to seal shares for `group` to, if `viewer` holds an open lease of it and has not been revoked since
    /// (rule LG-95).
    package func leaseKey(
        of viewer: MemberID, recording: RecordingID, group: GroupIndex
    ) throws(StateError) -> AgreementKey? {
        guard let rights = try read(RightsEntry.self, StateKey(.rights, recording)),
            let lease = try read(LeaseEntry.self, StateKey(.lease, recording, viewer)), lease.epoch >= rights.floor
        else { return nil }
        if let grant = try read(GrantEntry.self, StateKey(.grant, recording, viewer)), !grant.isActive { return nil }
        return lease.key(for: group, at: now)
    }

    /// Where the wrap of this group of this track stands, if consent covered the group and stands now (rule LG-96).
    package func wrapPlace(
        recording: RecordingID, sender: PublicKey, track: UInt64, group: GroupIndex
    ) throws(StateError) -> WrapPlace? {
        guard let seal = try read(SealEntry.self, StateKey(.seal, recording, sender)),
            let consent = try read(ConsentEntry.self, StateKey(.consent, recording, sender)),
            RuleBook.isReleasable(seal, consent, at: now),
            let place = seal.wrapPlace(track: track, group: group)
        else { return nil }
        return WrapPlace(root: seal.wraps, index: place.index, size: place.size)
    }

    /// Whether `holder` may have the outer key of `epoch`: an assigned holder, the current one, the one before, and
    /// those back to the last agreed root, since a holder that rotates over several revocations must still take off
    /// the layer it has. Before the publication it is the first, to make that layer (rule LG-97).
    package func holderMayOpen(
        _ holder: MemberID, recording: RecordingID, epoch: RightsEpoch
    ) throws(StateError) -> Bool {
        guard let entry = try read(RecordingEntry.self, StateKey(.recording, recording)),
            entry.holders.contains(holder),
            try view.value(for: ErasedSubject.recording(recording).stateKey) == nil  // LG-123
        else { return false }
        guard let rights = try read(RightsEntry.self, StateKey(.rights, recording)) else {
            return epoch == RuleBook.firstRightsEpoch
        }
        let oldest = min(rights.rooted, rights.epoch.previous ?? .zero)
        return epoch > .zero && (oldest...rights.epoch).contains(epoch)
    }

    /// The key to seal the outer key of the current rights epoch to, for a viewer with any open lease (rule LG-98).
    package func outerKey(
        for viewer: MemberID, recording: RecordingID, epoch: RightsEpoch
    ) throws(StateError) -> AgreementKey? {
        guard let rights = try read(RightsEntry.self, StateKey(.rights, recording)), rights.epoch == epoch,
            let lease = try read(LeaseEntry.self, StateKey(.lease, recording, viewer)),
            let open = lease.history.openLeases(at: now).first
        else { return nil }
        return try leaseKey(of: viewer, recording: recording, group: open.group)
    }

    private func read<Entry: WireObject>(_ type: Entry.Type, _ key: StateKey) throws(StateError) -> Entry? {
        guard try view.value(for: key) != nil else { return nil }
        return try RuleBook.read(type, key, from: view)
    }
}
