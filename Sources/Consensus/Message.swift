package import Primitives
package import Wire

/// Everything validators say to each other about consensus. Votes and certificates travel before proposals, and those
/// before transactions, in queues of their own.
package enum Message: Hashable, Sendable {
    case vote(Vote)
    case certificate(Certificate)
    case proposal(Proposal)
    case request(CatchUpRequest)
    case response(CatchUpResponse)
}

/// What a validator that lacks something asks one peer for.
package enum CatchUpRequest: Hashable, Sendable {
    /// The block with this hash, finalised or not.
    case block(Digest)
    /// Certificates of views above this one in a validator epoch, and its newest finalization.
    case certificates(after: View, epoch: ValidatorEpoch)
    /// Finalised blocks above this height, oldest first, and a finalization of the last of them.
    case finalised(after: Height)
}

/// An answer, checked like anything that comes on its own: certificates first, then blocks in the order of their views.
package struct CatchUpResponse: Hashable, Sendable {
    package static let certificateCountMax = 64
    package static let proposalCountMax = 16

    package let certificates: [Certificate]
    package let proposals: [Proposal]

    package init(certificates: [Certificate], proposals: [Proposal]) {
        self.certificates = certificates
        self.proposals = proposals
    }
}

extension Message: WireObject {
    package static let version: UInt64 = 1

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 2)
        try reader.key("v")
        guard try reader.unsigned() == Self.version else { throw .badValue(field: "v") }
        if try reader.keyIfPresent("vote") {
            self = .vote(try Vote(from: &reader))
        } else if try reader.keyIfPresent("cert") {
            self = .certificate(try Certificate(from: &reader))
        } else if try reader.keyIfPresent("proposal") {
            self = .proposal(try Proposal(from: &reader))
        } else if try reader.keyIfPresent("request") {
            self = .request(try CatchUpRequest(from: &reader))
        } else {
            try reader.key("response")
            self = .response(try CatchUpResponse(from: &reader))
        }
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 2)
        writer.key("v")
        writer.unsigned(Self.version)
        switch self {
        case .vote(let vote):
            writer.key("vote")
            vote.encode(into: &writer)
        case .certificate(let certificate):
            writer.key("cert")
            certificate.encode(into: &writer)
        case .proposal(let proposal):
            writer.key("proposal")
            proposal.encode(into: &writer)
        case .request(let request):
            writer.key("request")
            request.encode(into: &writer)
        case .response(let response):
            writer.key("response")
            response.encode(into: &writer)
        }
    }
}

extension CatchUpRequest: WireObject {
    package init(from reader: inout CBORReader) throws(WireError) {
        let count = try reader.mapHeader(max: 2)
        guard count > 0 else { throw .badValue(field: "request") }
        if count == 2 {
            try reader.key("certs")
            let view = try reader.counter(View.self)
            try reader.key("epoch")
            self = .certificates(after: view, epoch: try reader.counter())
        } else if try reader.keyIfPresent("block") {
            self = .block(try reader.identifier())
        } else {
            try reader.key("final")
            self = .finalised(after: try reader.counter())
        }
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        switch self {
        case .block(let hash):
            writer.mapHeader(count: 1)
            writer.key("block")
            writer.byteString(hash)
        case .certificates(let view, let epoch):
            writer.mapHeader(count: 2)
            writer.key("certs")
            writer.unsigned(view)
            writer.key("epoch")
            writer.unsigned(epoch)
        case .finalised(let height):
            writer.mapHeader(count: 1)
            writer.key("final")
            writer.unsigned(height)
        }
    }
}

extension CatchUpResponse: WireObject {
    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 2)
        try reader.key("certs")
        certificates = try reader.array(max: Self.certificateCountMax) { inner throws(WireError) in
            try Certificate(from: &inner)
        }
        try reader.key("blocks")
        proposals = try reader.array(max: Self.proposalCountMax) { inner throws(WireError) in
            try Proposal(from: &inner)
        }
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 2)
        writer.key("certs")
        writer.array(certificates) { $1.encode(into: &$0) }
        writer.key("blocks")
        writer.array(proposals) { $1.encode(into: &$0) }
    }
}
