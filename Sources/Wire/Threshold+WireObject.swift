package import Primitives

/// Versions of the threshold objects: each begins with `"v": 1`.
private let version: UInt64 = 1

extension CBORReader {
    fileprivate mutating func version(_ expected: UInt64) throws(WireError) {
        try key("v")
        guard try unsigned() == expected else { throw .badValue(field: "v") }
    }

    fileprivate mutating func purpose() throws(WireError) -> ThresholdPurpose {
        try key("use")
        guard let purpose = ThresholdPurpose(rawValue: UInt8(try unsigned(max: 255))) else {
            throw .badValue(field: "use")
        }
        return purpose
    }

    /// A member's index, from 1.
    fileprivate mutating func memberIndex() throws(WireError) -> Int {
        try key("index")
        let index = Int(try unsigned(max: UInt64(ThresholdPublicKeys.memberCountMax)))
        guard index >= 1 else { throw .badValue(field: "index") }
        return index
    }

    fileprivate mutating func groupProof() throws(WireError) -> GroupProof {
        try key("proof")
        guard let proof = GroupProof(try byteString(count: GroupProof.byteCount)) else {
            throw .badValue(field: "proof")
        }
        return proof
    }

    fileprivate mutating func groupElements(max limit: Int) throws(WireError) -> [GroupElement] {
        try array(max: limit) { reader throws(WireError) in try reader.identifier(GroupElement.self) }
    }
}

/// `{t, v, key, use, epoch, shares}`; `t` must be the quorum of the count of shares.
extension ThresholdPublicKeys: WireObject {
    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 6)
        try reader.key("t")
        let threshold = try reader.unsigned(max: UInt64(Self.memberCountMax))
        try reader.version(version)
        try reader.key("key")
        let publicKey: GroupElement = try reader.identifier()
        let purpose = try reader.purpose()
        try reader.key("epoch")
        let epoch: SharingEpoch = try reader.counter()
        try reader.key("shares")
        let shares = try reader.groupElements(max: Self.memberCountMax)
        reader.leave()
        guard let keys = Self(purpose: purpose, sharingEpoch: epoch, publicKey: publicKey, shares: shares) else {
            throw .badValue(field: "shares")
        }
        guard UInt64(keys.threshold) == threshold else { throw .badValue(field: "t") }
        self = keys
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 6)
        writer.key("t")
        writer.unsigned(UInt64(threshold))
        writer.key("v")
        writer.unsigned(version)
        writer.key("key")
        writer.byteString(publicKey)
        writer.key("use")
        writer.unsigned(UInt64(purpose.rawValue))
        writer.key("epoch")
        writer.unsigned(sharingEpoch)
        writer.key("shares")
        writer.array(shares) { $0.byteString($1) }
    }
}

/// `{v, use, epoch, index, proof, elements}`
extension PartialEvaluation: WireObject {
    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 6)
        try reader.version(version)
        let purpose = try reader.purpose()
        try reader.key("epoch")
        let epoch: SharingEpoch = try reader.counter()
        let index = try reader.memberIndex()
        let proof = try reader.groupProof()
        try reader.key("elements")
        let elements = try reader.groupElements(max: Self.elementCountMax)
        reader.leave()
        guard !elements.isEmpty else { throw .badValue(field: "elements") }
        self.init(purpose: purpose, sharingEpoch: epoch, index: index, elements: elements, proof: proof)
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 6)
        writer.key("v")
        writer.unsigned(version)
        writer.key("use")
        writer.unsigned(UInt64(purpose.rawValue))
        writer.key("epoch")
        writer.unsigned(sharingEpoch)
        writer.key("index")
        writer.unsigned(UInt64(index))
        writer.key("proof")
        writer.byteString(proof.bytes)
        writer.key("elements")
        writer.array(elements) { $0.byteString($1) }
    }
}

/// `{v, use, epoch, index, sealed}`
extension SealedShare: WireObject {
    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 5)
        try reader.version(version)
        let purpose = try reader.purpose()
        try reader.key("epoch")
        let epoch: SharingEpoch = try reader.counter()
        let index = try reader.memberIndex()
        try reader.key("sealed")
        let sealed = try reader.byteString(max: Self.sealedByteCountMax)
        reader.leave()
        self.init(purpose: purpose, sharingEpoch: epoch, index: index, sealed: sealed)
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 5)
        writer.key("v")
        writer.unsigned(version)
        writer.key("use")
        writer.unsigned(UInt64(purpose.rawValue))
        writer.key("epoch")
        writer.unsigned(sharingEpoch)
        writer.key("index")
        writer.unsigned(UInt64(index))
        writer.key("sealed")
        writer.byteString(sealed)
    }
}

/// `{v, group, point, proof, suite, track, roster, sealed, sender, consent, recording}`: the body that the sender's
/// per-call key signs as `SigningKind.wrap`.
extension GroupKeyWrap: WireObject {
    /// ristretto255, HKDF-SHA-512, exclusive or.
    package static let suite: UInt64 = 1

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 11)
        try reader.version(version)
        try reader.key("group")
        let group: GroupIndex = try reader.counter()
        try reader.key("point")
        let point: GroupElement = try reader.identifier()
        let proof = try reader.groupProof()
        try reader.key("suite")
        guard try reader.unsigned() == Self.suite else { throw .badValue(field: "suite") }
        try reader.key("track")
        let track = UInt8(try reader.unsigned(max: 255))
        try reader.key("roster")
        let roster: Digest = try reader.identifier()
        try reader.key("sealed")
        let sealed: Digest = try reader.identifier()
        try reader.key("sender")
        let sender: PublicKey = try reader.identifier()
        try reader.key("consent")
        let consent: TransactionID = try reader.identifier()
        try reader.key("recording")
        let recording: RecordingID = try reader.identifier()
        reader.leave()
        self.init(
            subject: Subject(
                recording: recording, sender: sender, track: track, group: group, consent: consent, roster: roster),
            point: point, sealedKey: sealed.raw, proof: proof)
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 11)
        writer.key("v")
        writer.unsigned(version)
        writer.key("group")
        writer.unsigned(subject.group)
        writer.key("point")
        writer.byteString(point)
        writer.key("proof")
        writer.byteString(proof.bytes)
        writer.key("suite")
        writer.unsigned(Self.suite)
        writer.key("track")
        writer.unsigned(UInt64(subject.track))
        writer.key("roster")
        writer.byteString(subject.roster)
        writer.key("sealed")
        writer.byteString(sealedKey.bytes)
        writer.key("sender")
        writer.byteString(subject.sender)
        writer.key("consent")
        writer.byteString(subject.consent)
        writer.key("recording")
        writer.byteString(subject.recording)
    }
}
