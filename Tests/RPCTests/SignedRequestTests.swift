import Crypto
import Primitives
import RPC
import Testing
import Wire

struct SignedRequestTests {
    private let node = MemberID(raw: Bytes32(words: (1, 2, 3, 4)))
    private let chain = ChainID(raw: Bytes32(words: (5, 6, 7, 8)))
    private let member = MemberID(raw: Bytes32(words: (9, 9, 9, 9)))
    private let key: SigningKey
    private let now = Timestamp(1_800_000_000_000)

    init() throws { key = try SigningKey(seed: [UInt8](repeating: 7, count: 32)) }

    private func envelope(
        at time: Timestamp? = nil, nonce: UInt8 = 1, for audience: MemberID? = nil, params: JSONValue = ["height": 7]
    ) -> RequestEnvelope {
        let request = SignedRequest(
            from: member, audience: audience ?? node, time: time ?? now, nonce: [UInt8](repeating: nonce, count: 16),
            method: "ledger.block", params: params.node)
        return RequestEnvelope(request, key: key.publicKey, chain: chain) { key.signature(over: $0) }
    }

    private func verified(_ envelope: RequestEnvelope) throws -> Verified<RequestEnvelope> {
        try #require(SignatureVerifier().verified(envelope, in: chain))
    }

    private func code(_ body: () throws -> Void) -> RPCErrorCode? {
        do { try body() } catch let error as RPCError { return error.code } catch { return nil }
        return nil
    }

    @Test("an envelope travels as text and says the same on arrival")
    func roundTrip() throws {
        let envelope = envelope()
        #expect(try RequestEnvelope(text: envelope.text) == envelope)
        let request = envelope.carrier(id: .number(1))
        #expect(request.method == "ledger.block")
        #expect(try RequestEnvelope.carried(by: request) == envelope)
        #expect(SignatureVerifier().verified(envelope, in: chain) != nil)
        #expect(SignatureVerifier().verified(envelope, in: ChainID(raw: .zero)) == nil)
    }

    @Test("the body has one encoding: every prefix is refused, a flipped byte never passes for the same request")
    func encoding() throws {
        let bytes = envelope().request.encoded
        for count in 0..<bytes.count {
            #expect(throws: WireError.self) { try SignedRequest(decoding: Array(bytes[..<count])) }
        }
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 0x01
            if let other = try? SignedRequest(decoding: changed) {
                #expect(other.encoded == changed)
                #expect(other != envelope().request)
            }
        }
    }

    @Test("an envelope with any byte flipped is refused, by its form or by its signature")
    func flippedBytes() throws {
        let bytes = try #require(Base64.url.decode(envelope().text))
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 0x40
            guard let envelope = try? RequestEnvelope(text: Base64.url.encode(changed)) else { continue }
            #expect(SignatureVerifier().verified(envelope, in: chain) == nil)
        }
    }

    @Test("beside an envelope stands nothing, and the method beside it is the signed one")
    func beside() throws {
        let text = JSONValue.string(envelope().text)
        let other = RPCRequest(id: .number(1), method: "call.end", params: ["signed": text])
        #expect(code { _ = try RequestEnvelope.carried(by: other) } == .invalidRequest)
        let more = RPCRequest(id: .number(1), method: "ledger.block", params: ["signed": text, "height": 8])
        #expect(code { _ = try RequestEnvelope.carried(by: more) } == .invalidRequest)
        let broken = RPCRequest(id: .number(1), method: "ledger.block", params: ["signed": "AAAA"])
        #expect(code { _ = try RequestEnvelope.carried(by: broken) } == .unauthorised)
        #expect(try RequestEnvelope.carried(by: RPCRequest(id: .number(1), method: "ledger.block")) == nil)
    }

    @Test("a request is admitted once")
    func replay() throws {
        var guardian = RequestGuard(node: node)
        let envelope = try verified(envelope())
        try guardian.admit(envelope, now: now)
        #expect(code { try guardian.admit(envelope, now: now) } == .replayedRequest)
        #expect(code { try guardian.admit(envelope, now: now.adding(milliseconds: 60_000)) } == .replayedRequest)
        #expect(code { try guardian.admit(envelope, now: now.adding(milliseconds: 60_001)) } == .staleRequest)
        try guardian.admit(try verified(self.envelope(nonce: 2)), now: now)
    }

    @Test("a request for another node is refused")
    func audience() throws {
        var guardian = RequestGuard(node: node)
        let envelope = try verified(envelope(for: member))
        #expect(code { try guardian.admit(envelope, now: now) } == .wrongAudience)
    }

    @Test(
        "a request is good for a minute either side of the node's clock",
        arguments: [(-60_001, false), (-60_000, true), (0, true), (60_000, true), (60_001, false)])
    func window(offset: Int, isGood: Bool) throws {
        var guardian = RequestGuard(node: node)
        let time = Timestamp(UInt64(Int(now.rawValue) + offset))
        let envelope = try verified(envelope(at: time))
        #expect(code { try guardian.admit(envelope, now: now) } == (isGood ? nil : .staleRequest))
    }

    @Test("a full memory refuses new requests rather than forget one, and takes them again later")
    func fullMemory() throws {
        var guardian = RequestGuard(node: node, capacity: 2)
        try guardian.admit(try verified(envelope(nonce: 1)), now: now)
        try guardian.admit(try verified(envelope(nonce: 2)), now: now)
        let third = try verified(envelope(nonce: 3))
        #expect(code { try guardian.admit(third, now: now) } == .busy)
        #expect(code { try guardian.admit(try verified(envelope(nonce: 1)), now: now) } == .replayedRequest)
        let later = now.adding(milliseconds: 62_000)
        try guardian.admit(try verified(envelope(at: later, nonce: 3)), now: later)
    }
}

struct Base64URLTests {
    @Test(
        "text and bytes match the vectors of RFC 4648, without padding",
        arguments: ["", "f", "fo", "foo", "foob", "fooba", "foobar"])
    func vectors(text: String) {
        let expected = ["", "Zg", "Zm8", "Zm9v", "Zm9vYg", "Zm9vYmE", "Zm9vYmFy"][text.utf8.count]
        #expect(Base64.url.encode(text.utf8) == expected)
        #expect(Base64.url.decode(expected) == Array(text.utf8))
    }

    @Test(
        "padding, other alphabets, odd lengths and stray bits are refused",
        arguments: ["Zg==", "Zh", "Z", "+/+/", "Zm 9"])
    func refused(text: String) { #expect(Base64.url.decode(text) == nil) }

    @Test("the two characters that differ from base64 are read")
    func alphabet() { #expect(Base64.url.decode("-_-_") == [0xfb, 0xff, 0xbf]) }
}
