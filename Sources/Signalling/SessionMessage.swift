package import Primitives
package import Wire

/// What two participants say to each other under the session keys, by way of their home nodes, which see ciphertext.
package enum SessionMessage: Hashable, Sendable {
    /// What either side reveals when it commits to the call.
    package struct Reveal: Hashable, Sendable {
        /// The member's certificate for its per-call key.
        package let certificate: SignedObject
        /// The SAS nonce; the caller's opens the commitment in its invite.
        package let nonce: Digest
        package let transport: TransportDescription
        /// The base key of this side's SFrame keys in the first roster epoch.
        package let mediaKey: Redacted<[UInt8]>

        package init(
            certificate: SignedObject, nonce: Digest, transport: TransportDescription, mediaKey: Redacted<[UInt8]>
        ) {
            self.certificate = certificate
            self.nonce = nonce
            self.transport = transport
            self.mediaKey = mediaKey
        }
    }

    /// The callee's device rings.
    case ringing
    /// The callee's answer. Its candidates leave its device with this, never before.
    case accept(Reveal)
    /// The caller's confirmation.
    case confirm(Reveal)
    /// More candidates.
    case candidates([Redacted<String>])
    /// The call is over: declined, busy, hung up.
    case end(EndReason)
    /// A message of the recording's own protocol.
    case recording([UInt8])
    /// A sender's base key for a new roster epoch.
    case mediaKey(RosterEpoch, Redacted<[UInt8]>)
    /// The keys of a roster epoch have arrived.
    case mediaKeyReceived(RosterEpoch)
    /// New ICE credentials after a lost path.
    case restart(TransportDescription)

    package static let version: UInt64 = 1
    package static let mediaKeyByteCount = 32
    package static let recordingByteCountMax = 8 << 10
    package static let byteCountMax = 15 << 10
}

extension SessionMessage: WireObject {
    package init(from reader: inout CBORReader) throws(WireError) {
        let count = try reader.arrayHeader(max: 6)
        guard count >= 2, try reader.unsigned() == Self.version else { throw .badValue(field: "v") }
        let kind = try reader.unsigned()
        let arguments: Int
        switch kind {
        case 0: (self, arguments) = (.ringing, 0)
        case 1: (self, arguments) = (.accept(try Self.reveal(from: &reader)), 4)
        case 2: (self, arguments) = (.confirm(try Self.reveal(from: &reader)), 4)
        case 3:
            let candidates = try reader.array(max: TransportDescription.candidatesMax) { inner throws(WireError) in
                Redacted(try inner.text(max: TransportDescription.candidateByteCountMax))
            }
            (self, arguments) = (.candidates(candidates), 1)
        case 4:
            guard let reason = EndReason(rawValue: try reader.unsigned()) else { throw .badValue(field: "reason") }
            (self, arguments) = (.end(reason), 1)
        case 5: (self, arguments) = (.recording(try reader.byteString(max: Self.recordingByteCountMax)), 1)
        case 6:
            let epoch = RosterEpoch(try reader.unsigned(max: UInt64(UInt16.max)))
            let key = Redacted(try reader.byteString(count: Self.mediaKeyByteCount))
            (self, arguments) = (.mediaKey(epoch, key), 2)
        case 7:
            (self, arguments) = (.mediaKeyReceived(RosterEpoch(try reader.unsigned(max: UInt64(UInt16.max)))), 1)
        case 8: (self, arguments) = (.restart(try TransportDescription(from: &reader)), 1)
        default: throw .badValue(field: "kind")
        }
        guard count == 2 + arguments else { throw .badValue(field: "arguments") }
        reader.leave()
    }

    private static func reveal(from reader: inout CBORReader) throws(WireError) -> Reveal {
        Reveal(
            certificate: try SignedObject(from: &reader, bodyMax: CallCertificate.byteCountMax),
            nonce: try reader.identifier(), transport: try TransportDescription(from: &reader),
            mediaKey: Redacted(try reader.byteString(count: mediaKeyByteCount)))
    }

    package func encode(into writer: inout CBORWriter) {
        func head(_ kind: UInt64, _ arguments: Int) {
            writer.arrayHeader(count: 2 + arguments)
            writer.unsigned(Self.version)
            writer.unsigned(kind)
        }
        func reveal(_ reveal: Reveal) {
            reveal.certificate.encode(into: &writer)
            writer.byteString(reveal.nonce)
            reveal.transport.encode(into: &writer)
            writer.byteString(reveal.mediaKey.exposed)
        }
        switch self {
        case .ringing: head(0, 0)
        case .accept(let value):
            head(1, 4)
            reveal(value)
        case .confirm(let value):
            head(2, 4)
            reveal(value)
        case .candidates(let candidates):
            head(3, 1)
            writer.array(candidates) { $0.text($1.exposed) }
        case .end(let reason):
            head(4, 1)
            writer.unsigned(reason.rawValue)
        case .recording(let bytes):
            head(5, 1)
            writer.byteString(bytes)
        case .mediaKey(let epoch, let key):
            head(6, 2)
            writer.unsigned(epoch)
            writer.byteString(key.exposed)
        case .mediaKeyReceived(let epoch):
            head(7, 1)
            writer.unsigned(epoch)
        case .restart(let transport):
            head(8, 1)
            transport.encode(into: &writer)
        }
    }
}

/// A session message on its way through mailboxes: `{v, ct, eph, call, from, count, suite}` with everything but the
/// ciphertext as associated data. `eph` is the callee's ephemeral key, in its packets alone.
package struct SessionPacket: WireObject, Hashable {
    package enum Sender: UInt64, Hashable, Sendable {
        case caller = 0
        case callee = 1
    }

    package static let version: UInt64 = 1
    package static let suite: UInt64 = 1
    package static let byteCountMax = 16 << 10

    package let call: CallID
    package let sender: Sender
    /// Counts the sender's packets from 0: the nonce, and the order.
    package let count: UInt64
    package let ephemeral: AgreementKey?
    package let ciphertext: [UInt8]

    package init(
        call: CallID, sender: Sender, count: UInt64, ephemeral: AgreementKey?, ciphertext: [UInt8]
    ) {
        self.call = call
        self.sender = sender
        self.count = count
        self.ephemeral = ephemeral
        self.ciphertext = ciphertext
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 7)
        try reader.key("v")
        guard try reader.unsigned() == Self.version else { throw .badValue(field: "v") }
        try reader.key("ct")
        ciphertext = try reader.byteString(max: Self.byteCountMax)
        try reader.key("eph")
        ephemeral = reader.nullIfPresent() ? nil : try reader.identifier()
        try reader.key("call")
        call = try reader.identifier()
        try reader.key("from")
        guard let sender = Sender(rawValue: try reader.unsigned()) else { throw .badValue(field: "from") }
        self.sender = sender
        try reader.key("count")
        count = try reader.unsigned(max: UInt64(UInt32.max))
        try reader.key("suite")
        guard try reader.unsigned() == Self.suite else { throw .badValue(field: "suite") }
        reader.leave()
        guard (ephemeral != nil) == (sender == .callee) else { throw .badValue(field: "eph") }
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 7)
        writer.key("v")
        writer.unsigned(Self.version)
        writer.key("ct")
        writer.byteString(ciphertext)
        writer.key("eph")
        if let ephemeral { writer.byteString(ephemeral) } else { writer.null() }
        writer.key("call")
        writer.byteString(call)
        writer.key("from")
        writer.unsigned(sender.rawValue)
        writer.key("count")
        writer.unsigned(count)
        writer.key("suite")
        writer.unsigned(Self.suite)
    }

    /// What the seal authenticates beside the ciphertext: this packet with an empty one.
    package var associatedData: [UInt8] {
        SessionPacket(call: call, sender: sender, count: count, ephemeral: ephemeral, ciphertext: []).encoded
    }
}
