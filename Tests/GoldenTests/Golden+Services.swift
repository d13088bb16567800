import ContentStore
import Crypto
import Node
import Primitives
import Recording
import Signalling
import Wire

extension Golden {
    private static let salt = Sample.bytes("salt", count: NumberClaim.saltByteCount)
    private static let writer = Sample.publicKey("writer")
    private static let location: DHTKey = Sample.id("location")

    /// What publishing and finding a phone number takes.
    static var numbers: [Golden] {
        let release = NumberRelease(location: location, salt: salt, expiry: Sample.time(1))
        let record = PhoneRecord(
            member: Sample.id("bob"), mailbox: MailboxAddress(node: Sample.id("home"), mailbox: Sample.id("mailbox")),
            prekeys: Sample.cid("bundle"), writer: writer, salt: salt, expiry: Sample.time(1))
        var listing = CBORWriter()
        listing.mapHeader(count: 5)
        listing.key("v")
        listing.unsigned(1)
        listing.key("exp")
        listing.unsigned(Sample.time(1))
        listing.key("salt")
        listing.byteString(salt)
        listing.key("seed")
        listing.byteString(Sample.bytes("seed", count: SigningKey.seedByteCount))
        listing.key("location")
        listing.byteString(location)
        var list: [Golden] = [
            Golden("number-release", release), Golden("phone-record", record),
            Golden("number-listing", listing.bytes, as: NumberListing.self),
            Golden("number-question", NumberQuestion.claim([1, 2, 3])),
            Golden("number-question+submit", NumberQuestion.submit([])),
            Golden("number-question+release", NumberQuestion.release([4])),
            Golden("number-answer", NumberAnswer.granted([1, 2])),
            Golden("number-answer+refused", NumberAnswer.refused(.quota)),
        ]
        if let number = PhoneNumber("+4915112345678") {
            let claim = NumberClaim(
                number: number, member: Sample.id("bob"), writer: writer, location: location, salt: salt,
                expiry: Sample.time(1))
            list.append(Golden("number-claim", claim))
        }
        return list
    }

    /// What holders of a recording are told and asked.
    static var holders: [Golden] {
        let recording: RecordingID = Sample.id("recording")
        let keep = KeepOrder(
            recording: recording, role: .inner, first: 3, blocks: [Sample.cid("one", .raw), Sample.cid("two", .raw)])
        let layer = LayerOrder(
            recording: recording, senders: [Sample.publicKey("call key"), Sample.publicKey("other call key")])
        let signedKeep = Sample.signed(keep, .keepOrder, by: "call key")
        let certificate = CallCertificate(
            call: Sample.id("call"), member: Sample.id("alice"), callKey: Sample.publicKey("call key"),
            roster: Sample.digest("roster"))
        let tag = BlockTag(recording: recording, epoch: RightsEpoch(2), role: .shard, index: 40)
        var list: [Golden] = [
            Golden("keep-order", keep), Golden("layer-order", layer),
            Golden(
                "certificate-opening",
                CertificateOpening(
                    salt: Sample.digest("salt"), certificate: Sample.signed(certificate, .callKey, by: "alice"))),
            Golden("keep-request", KeepRequest.block(order: signedKeep, content: [1, 2, 3])),
            Golden("keep-request+layer", KeepRequest.layer(Sample.signed(layer, .layerOrder, by: "rights holder"))),
            Golden("layer-state", LayerState(.done, root: Sample.digest("root"))),
            Golden("content-question", ContentQuestion.block(Sample.cid("one", .raw))),
            Golden("content-question+index", ContentQuestion.index(tag)),
            Golden("content-index", ContentIndex([.init(index: 40, cid: Sample.cid("one", .raw), size: 262_144)])),
        ]
        let wrap = Sample.signed(Self.wrap, .wrap, by: "call key").encoded
        list += WrapPage.pages(of: [wrap, []], sender: Sample.publicKey("call key"), recording: recording)
            .map { Golden("wrap-page", $0) }
        return list
    }
}
