package import Primitives
package import Wire

/// What a member signs to have a node act for it: the body of the envelope, as dag-cbor
/// `{v, from, time, nonce, method, params, audience}`.
package struct SignedRequest: WireObject, Equatable {
    package static let version: UInt64 = 1
    package static let nonceByteCount = 16
    /// The longest body, in bytes: what remains of a request of 1 MiB after base64.
    package static let bodyByteCountMax = 720 << 10

    /// The member that asks.
    package let from: MemberID
    /// When it asked, by its own clock.
    package let time: Timestamp
    /// 16 random bytes: no two requests are the same.
    package let nonce: [UInt8]
    package let method: String
    /// A list or a map, as the method declares.
    package let params: IPLDNode
    /// The node that is asked; no other may execute this.
    package let audience: MemberID

    package init(
        from: MemberID, audience: MemberID, time: Timestamp, nonce: [UInt8], method: String, params: IPLDNode
    ) {
        self.from = from
        self.time = time
        self.nonce = nonce
        self.method = method
        self.params = params
        self.audience = audience
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 7)
        try reader.key("v")
        guard try reader.unsigned() == Self.version else { throw .badValue(field: "v") }
        try reader.key("from")
        from = try reader.identifier()
        try reader.key("time")
        time = try reader.counter()
        try reader.key("nonce")
        nonce = try reader.byteString(count: Self.nonceByteCount)
        try reader.key("method")
        method = try reader.text(max: RPCRequest.methodByteCountMax)
        try reader.key("params")
        params = try IPLDNode(from: &reader)
        switch params {
        case .list, .map: break
        case .null, .boolean, .unsigned, .negative, .float, .bytes, .text, .link: throw .badValue(field: "params")
        }
        try reader.key("audience")
        audience = try reader.identifier()
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 7)
        writer.key("v")
        writer.unsigned(Self.version)
        writer.key("from")
        writer.byteString(from)
        writer.key("time")
        writer.unsigned(time)
        writer.key("nonce")
        writer.byteString(nonce)
        writer.key("method")
        writer.text(method)
        writer.key("params")
        params.encode(into: &writer)
        writer.key("audience")
        writer.byteString(audience)
    }
}

/// A signed request as it travels: the signed object and what its body says. Not yet checked.
package struct RequestEnvelope: Equatable, Sendable, Verifiable {
    package let signed: SignedObject
    package let request: SignedRequest

    /// Signs `request` with whatever holds the key: `sign` gets the preimage.
    package init<Failure: Error>(
        _ request: SignedRequest, key: PublicKey, chain: ChainID, sign: ([UInt8]) throws(Failure) -> Signature
    ) throws(Failure) {
        let body = request.encoded
        let signature = try sign(SigningKind.request.preimage(chain: chain, body: body))
        signed = SignedObject(key: key, signature: signature, body: body)
        self.request = request
    }

    /// Reads the text that stands under `signed` in the params of a JSON-RPC request.
    /// - Throws: `unauthorised` with reason `envelope`.
    package init(text: String) throws(RPCError) {
        guard let bytes = Base64.url.decode(text) else { throw Self.unreadable }
        do {
            var reader = CBORReader(bytes)
            signed = try SignedObject(from: &reader, bodyMax: SignedRequest.bodyByteCountMax)
            try reader.finish()
            request = try SignedRequest(decoding: signed.body)
        } catch {
            throw Self.unreadable
        }
    }

    /// base64url of the signed object.
    package var text: String { Base64.url.encode(signed.encoded) }

    /// The JSON-RPC request that carries this. Its method repeats the signed one; params hold the envelope only.
    package func carrier(id: RPCID) -> RPCRequest {
        RPCRequest(id: id, method: request.method, params: ["signed": .string(text)])
    }

    /// The envelope inside the params of a request; nil when there is none.
    /// - Throws: `unauthorised` for an unreadable one, `invalidRequest` when another method stands beside it.
    package static func carried(by request: RPCRequest) throws(RPCError) -> RequestEnvelope? {
        guard let params = request.params, let text = params["signed"]?.string else { return nil }
        guard params.members?.count == 1 else {
            throw RPCError(.invalidRequest, "Beside a signed envelope no parameter may stand.")
        }
        let envelope = try RequestEnvelope(text: text)
        guard envelope.request.method == request.method else {
            throw RPCError(.invalidRequest, "The signed request names another method.")
        }
        return envelope
    }

    private static let unreadable = RPCError(
        .unauthorised, "The signed envelope cannot be read.", data: ["reason": "envelope"])

    package func signatureChecks(in chain: ChainID) -> [SignatureCheck]? {
        [signed.signatureCheck(kind: .request, chain: chain)]
    }
}
