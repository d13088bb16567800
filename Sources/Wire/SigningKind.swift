package import Primitives

/// Every kind of thing that is signed. The preimage of a signature is
/// `"sotto/1/" ‖ kind ‖ 0x00 ‖ chain (32 bytes) ‖ body`; no two kinds share a preimage, since no kind holds a zero
/// byte.
package enum SigningKind: String, CaseIterable, Sendable {
    /// A ledger transaction: body is its dag-cbor.
    case transaction
    /// A notarize vote: body is epoch u64 ‖ view u64 ‖ block hash (big-endian, 48 bytes), as for the next two.
    case notarize
    /// A nullify vote: the hash is 32 zero bytes.
    case nullify
    /// A finalize vote.
    case finalize
    /// A proposer's signature over the hash of its engine header, body as for votes.
    case proposal
    /// A member's registration, signed by its first key: proof of possession.
    case registration
    /// A registrar's approval of another registrar's transaction: body is that transaction without approvals.
    case approval = "registrar-approval"
    /// By a member's new signing key: body is the dag-cbor of {v, keys, nonce, member}.
    case keyRotation = "key-rotation"
    /// A future validator's word that it holds its key and knows a recent record: body is the dag-cbor of
    /// {v, height, member, record}.
    case validatorJoin = "validator-join"
    /// An operator's word, for the day the quorum is lost for good, above which record the ledger goes on and with
    /// whom: body is the dag-cbor of {v, list, chain, height, record}.
    case recovery
    /// Where a node listens, gossiped among nodes.
    case address = "address-record"
    /// A record stored in the DHT under a location.
    case record = "dht-record"
    /// Who holds a content block.
    case provider = "provider-record"
    /// A device's prekeys, under its member's key.
    case prekeys = "prekey-bundle"
    /// A prekey that is used once, under its member's key.
    case oneTimePrekey = "one-time-prekey"
    /// A registrar's statement that a member holds a number, for the attesting validators.
    case numberStatement = "number-statement"
    /// A writer's wish that the attestation of its number ends, for the attesting validators.
    case numberRelease = "number-release"
    /// What a member says in its phone record, inside the record's seal.
    case phoneRecord = "phone-record"
    /// A validator's attestation of a number's location.
    case numberAttestation = "number-attestation"
    /// A request to a node's RPC on behalf of a member.
    case request = "rpc-request"
    /// An invitation to a call, inside its seal.
    case invite = "call-invite"
    /// What a participant brings to the transport of a call: identities, fingerprints, role, roster.
    case transport = "call-transport"
    /// A member's certificate for its per-call key.
    case callKey = "call-key"
    /// The frames a sender sent in the last second.
    case leafList = "leaf-list"
    /// A wrapped segment group key, signed by its sender's per-call key.
    case wrap = "group-wrap"
    /// A participant's consent to be recorded.
    case consent
    /// A request for blinded evaluation of a phone number.
    case blindEvaluation = "blind-evaluation"
    /// A request for an inner key share under a lease.
    case shareRequest = "share-request"
    /// A request for an outer key share.
    case outerRequest = "outer-request"
    /// A participant's list of blocks that the holders of a recording shall keep, under its per-call key.
    case keepOrder = "keep-order"
    /// The rights holder's word that the first outer layer be made.
    case layerOrder = "layer-order"
    /// Reserved; nothing signs it. Checkpoints of a node's log are signed notes, by a key that signs nothing else.
    case checkpoint
    /// Reserved for binding a link to a member where certificates do not; nothing signs it yet.
    case link = "link-hello"

    /// Versions the preimage of every kind at once.
    package static let prefix = "sotto/1/"

    /// The exact bytes that are signed.
    package func preimage(chain: ChainID, body: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.prefix.utf8.count + rawValue.utf8.count + 33 + body.count)
        bytes.append(contentsOf: Self.prefix.utf8)
        bytes.append(contentsOf: rawValue.utf8)
        bytes.append(0x00)
        chain.raw.append(to: &bytes)
        bytes.append(contentsOf: body)
        return bytes
    }

    /// Takes a preimage apart: nil when it is not exactly what `preimage` makes of some kind.
    package static func parse(_ preimage: [UInt8]) -> (kind: SigningKind, chain: ChainID, body: [UInt8])? {
        let start = prefix.utf8.count
        guard preimage.starts(with: prefix.utf8),
            let end = preimage.prefix(start + nameByteCountMax + 1).dropFirst(start).firstIndex(of: 0x00),
            let kind = SigningKind(rawValue: String(decoding: preimage[start..<end], as: UTF8.self)),
            let chain = ChainID(preimage.dropFirst(end + 1).prefix(32))
        else { return nil }
        return (kind, chain, Array(preimage.dropFirst(end + 33)))
    }

    /// Longer than any kind's name.
    private static let nameByteCountMax = 32
}
