package import Primitives
package import Recording
import Signalling
package import Wire

/// The opening of a certificate commitment: proves which member stands behind a per-call key. Participants have each
/// other's and may show them; the ledger holds the commitment only. Fields: `v`, `cert` a signed object, `salt`.
package struct CertificateOpening: WireObject, Hashable {
    private static let version: UInt64 = 1
    /// The longest encoding.
    package static let byteCountMax = CallCertificate.byteCountMax + 256

    package let salt: Digest
    /// The certificate, signed by the member's key.
    package let certificate: SignedObject

    package init(salt: Digest, certificate: SignedObject) {
        self.salt = salt
        self.certificate = certificate
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 3)
        try reader.key("v")
        guard try reader.unsigned() == Self.version else { throw .badValue(field: "v") }
        try reader.key("cert")
        certificate = try SignedObject(from: &reader, bodyMax: CallCertificate.byteCountMax)
        try reader.key("salt")
        salt = try reader.identifier()
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 3)
        writer.key("v")
        writer.unsigned(Self.version)
        writer.key("cert")
        certificate.encode(into: &writer)
        writer.key("salt")
        writer.byteString(salt)
    }

    /// The per-call key that it speaks of; nil when the certificate is none.
    package var callKey: PublicKey? { (try? CallCertificate(decoding: certificate.body))?.callKey }
}

/// A source of a recording, and openings that the viewer has from elsewhere: as a participant, or from one.
package struct OpenedSource<Source: RecordingSource>: RecordingSource {
    private let source: Source
    private let openings: [PublicKey: CertificateOpening]

    /// Openings whose certificate is none are passed over; a false one proves nothing, so it does no harm.
    package init(_ source: Source, openings: [CertificateOpening]) {
        self.source = source
        var known: [PublicKey: CertificateOpening] = [:]
        for opening in openings { if let key = opening.callKey { known[key] = opening } }
        self.openings = known
    }

    package func outerPages(
        of recording: RecordingID, epoch: RightsEpoch
    ) async throws(PlaybackError) -> [OuterManifestPage] { try await source.outerPages(of: recording, epoch: epoch) }

    package func block(_ cid: CID, of recording: RecordingID) async throws(PlaybackError) -> [UInt8] {
        try await source.block(cid, of: recording)
    }

    package func wraps(of recording: RecordingID, sender: PublicKey) async throws(PlaybackError) -> [[UInt8]] {
        try await source.wraps(of: recording, sender: sender)
    }

    package func opening(of sender: PublicKey, in recording: RecordingID) async -> CertificateOpening? {
        if let opening = openings[sender] { return opening }
        return await source.opening(of: sender, in: recording)
    }
}
