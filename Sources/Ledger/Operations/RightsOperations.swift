package import Primitives
package import Wire

/// `rights.publish`, by the rights holder: a sealed recording becomes playable under a policy.
package struct RightsPublish: WireObject, Hashable {
    package let recording: RecordingID
    package let policy: [UInt8]
    /// The root of the first outer manifest.
    package let root: Digest
    /// The rights epoch of that outer layer: the one in the state, which is 1 until something was revoked.
    package let epoch: RightsEpoch

    package init(recording: RecordingID, policy: [UInt8], root: Digest, epoch: RightsEpoch) {
        self.recording = recording
        self.policy = policy
        self.root = root
        self.epoch = epoch
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(5)
        root = try reader.id("root")
        epoch = try reader.count("epoch")
        policy = try reader.bytes("policy", max: CeilingOf.policyBytes)
        recording = try reader.id("recording")
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(5)
        writer.field("root", root)
        writer.field("epoch", epoch)
        writer.field("policy", policy)
        writer.field("recording", recording)
    }
}

/// `rights.limit`, by the rights holder: another policy from now on; what is granted stays granted under it.
package struct RightsLimit: WireObject, Hashable {
    package let recording: RecordingID
    package let policy: [UInt8]

    package init(recording: RecordingID, policy: [UInt8]) {
        self.recording = recording
        self.policy = policy
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(3)
        policy = try reader.bytes("policy", max: CeilingOf.policyBytes)
        recording = try reader.id("recording")
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(3)
        writer.field("policy", policy)
        writer.field("recording", recording)
    }
}

/// `rights.grant`, by the rights holder: this member may view, as far as the policy lets it.
package struct RightsGrant: WireObject, Hashable {
    package let recording: RecordingID
    package let viewer: MemberID

    package init(recording: RecordingID, viewer: MemberID) {
        self.recording = recording
        self.viewer = viewer
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(3)
        viewer = try reader.id("viewer")
        recording = try reader.id("recording")
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(3)
        writer.field("viewer", viewer)
        writer.field("recording", recording)
    }
}

/// `rights.revoke`, by the rights holder: the grant of one viewer ends, or of all; the rights epoch rises.
package struct RightsRevoke: WireObject, Hashable {
    package let recording: RecordingID
    /// Nil ends every grant.
    package let viewer: MemberID?

    package init(recording: RecordingID, viewer: MemberID? = nil) {
        self.recording = recording
        self.viewer = viewer
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        let count = try reader.begin(2, through: 3)
        viewer = try reader.idIfPresent("viewer")
        recording = try reader.id("recording")
        try reader.end(count, read: viewer == nil ? 2 : 3)
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(viewer == nil ? 2 : 3)
        if let viewer { writer.field("viewer", viewer) }
        writer.field("recording", recording)
    }
}

/// `rights.rotate`, by an assigned holder: the root of the outer manifest it made for a rights epoch.
package struct RightsRotate: WireObject, Hashable {
    package let recording: RecordingID
    package let epoch: RightsEpoch
    package let root: Digest

    package init(recording: RecordingID, epoch: RightsEpoch, root: Digest) {
        self.recording = recording
        self.epoch = epoch
        self.root = root
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(4)
        root = try reader.id("root")
        epoch = try reader.count("epoch")
        recording = try reader.id("recording")
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(4)
        writer.field("root", root)
        writer.field("epoch", epoch)
        writer.field("recording", recording)
    }
}

/// `rights.lease`, by a viewer: the audit record that must stand before any key share is released.
package struct RightsLease: WireObject, Hashable {
    package let recording: RecordingID
    package let group: GroupIndex
    /// Key shares are sealed to this key and no other.
    package let key: AgreementKey
    package let notAfter: Timestamp

    package init(recording: RecordingID, group: GroupIndex, key: AgreementKey, notAfter: Timestamp) {
        self.recording = recording
        self.group = group
        self.key = key
        self.notAfter = notAfter
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(5)
        key = try reader.id("key")
        group = try reader.count("group", max: 1 << 28)
        notAfter = try reader.count("notAfter")
        recording = try reader.id("recording")
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(5)
        writer.field("key", key)
        writer.field("group", group)
        writer.field("notAfter", notAfter)
        writer.field("recording", recording)
    }
}
