package import Primitives
package import Wire

/// What one side brings to the media transport, signed by its member key (kind `call-transport`): both identities, both
/// ephemeral keys by way of the call, the fingerprint of its DTLS certificate, a hash of its ICE credentials, its role
/// and the roster epoch. A fingerprint alone binds no identity (RFC 8844).
package struct TransportBinding: WireObject, Hashable {
    package enum Role: UInt64, Hashable, Sendable {
        /// Answers the DTLS handshake: the server, which picks the SRTP profile.
        case passive = 0
        /// Starts the DTLS handshake.
        case active = 1
    }

    package static let version: UInt64 = 1
    package static let byteCountMax = 320

    package let call: CallID
    package let from: MemberID
    package let to: MemberID
    /// SHA-256 of the DTLS certificate this side will show.
    package let fingerprint: Digest
    /// SHA-256 of the certificate the other side said it will show.
    package let peerFingerprint: Digest
    /// SHA-256 of ICE user fragment, a zero byte, and password.
    package let credentials: Digest
    package let role: Role
    package let roster: RosterEpoch

    package init(
        call: CallID, from: MemberID, to: MemberID, fingerprint: Digest, peerFingerprint: Digest, credentials: Digest,
        role: Role, roster: RosterEpoch
    ) {
        self.call = call
        self.from = from
        self.to = to
        self.fingerprint = fingerprint
        self.peerFingerprint = peerFingerprint
        self.credentials = credentials
        self.role = role
        self.roster = roster
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 9)
        try reader.key("v")
        guard try reader.unsigned() == Self.version else { throw .badValue(field: "v") }
        try reader.key("fp")
        fingerprint = try reader.identifier()
        try reader.key("to")
        to = try reader.identifier()
        try reader.key("ice")
        credentials = try reader.identifier()
        try reader.key("call")
        call = try reader.identifier()
        try reader.key("from")
        from = try reader.identifier()
        try reader.key("peer")
        peerFingerprint = try reader.identifier()
        try reader.key("role")
        guard let role = Role(rawValue: try reader.unsigned()) else { throw .badValue(field: "role") }
        self.role = role
        try reader.key("roster")
        roster = try reader.counter(max: UInt64(UInt16.max))
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 9)
        writer.key("v")
        writer.unsigned(Self.version)
        writer.key("fp")
        writer.byteString(fingerprint)
        writer.key("to")
        writer.byteString(to)
        writer.key("ice")
        writer.byteString(credentials)
        writer.key("call")
        writer.byteString(call)
        writer.key("from")
        writer.byteString(from)
        writer.key("peer")
        writer.byteString(peerFingerprint)
        writer.key("role")
        writer.unsigned(role.rawValue)
        writer.key("roster")
        writer.unsigned(roster)
    }

    /// Hash of ICE credentials as `credentials` holds it.
    package static func hash(userFragment: String, password: String, with hash: inout some Hashing) -> Digest {
        hash.update(Array(userFragment.utf8))
        hash.update([0])
        hash.update(Array(password.utf8))
        return hash.finish()
    }
}

/// One side's transport: the ICE credentials and candidates, and the signed binding that covers them.
package struct TransportDescription: WireObject, Hashable {
    package static let credentialByteCountMax = 256
    package static let candidateByteCountMax = 256
    package static let candidatesMax = 32

    package let userFragment: String
    package let password: Redacted<String>
    /// ICE candidates in SDP form (RFC 8839 section 5.1), without the `a=`.
    package let candidates: [Redacted<String>]
    /// `TransportBinding`, signed.
    package let binding: SignedObject

    package init(
        userFragment: String, password: Redacted<String>, candidates: [Redacted<String>], binding: SignedObject
    ) {
        self.userFragment = userFragment
        self.password = password
        self.candidates = candidates
        self.binding = binding
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 4)
        try reader.key("cand")
        candidates = try reader.array(max: Self.candidatesMax) { inner throws(WireError) in
            Redacted(try inner.text(max: Self.candidateByteCountMax))
        }
        try reader.key("ufrag")
        userFragment = try reader.text(max: Self.credentialByteCountMax)
        try reader.key("passwd")
        password = Redacted(try reader.text(max: Self.credentialByteCountMax))
        try reader.key("binding")
        binding = try SignedObject(from: &reader, bodyMax: TransportBinding.byteCountMax)
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 4)
        writer.key("cand")
        writer.array(candidates) { $0.text($1.exposed) }
        writer.key("ufrag")
        writer.text(userFragment)
        writer.key("passwd")
        writer.text(password.exposed)
        writer.key("binding")
        binding.encode(into: &writer)
    }
}

/// A transport description whose binding was read, to be checked against the member's key.
package struct SignedTransport: Hashable, Sendable, Verifiable {
    package let description: TransportDescription
    package let binding: TransportBinding

    package init(_ description: TransportDescription) throws(WireError) {
        binding = try TransportBinding(decoding: description.binding.body)
        self.description = description
    }

    package func signatureChecks(in context: SignedPrekey<PrekeyBundle>.Context) -> [SignatureCheck]? {
        guard description.binding.key == context.key else { return nil }
        return [description.binding.signatureCheck(kind: .transport, chain: context.chain)]
    }

    /// What the binding must say in this call; the first thing that does not fit is the reason to end it.
    package func mismatch(
        call: CallID, from: MemberID, to: MemberID, role: TransportBinding.Role, ownFingerprint: Digest,
        with hash: inout some Hashing
    ) -> EndReason? {
        guard binding.call == call, binding.from == from, binding.to == to, binding.role == role else {
            return .identityMismatch
        }
        guard binding.peerFingerprint == ownFingerprint else { return .fingerprintMismatch }
        let credentials = TransportBinding.hash(
            userFragment: description.userFragment, password: description.password.exposed, with: &hash)
        return binding.credentials == credentials ? nil : .identityMismatch
    }
}
