package import Consensus
package import Primitives
package import Wire

/// What a node asks the process that holds its key.
package enum SignerQuestion: Hashable, Sendable {
    package static let version: UInt64 = 1
    /// Preimages in one question.
    package static let preimagesMax = 16
    /// The longest: a signed object's body with the head of its preimage.
    package static let preimageByteCountMax = SignedObject.bodyByteCountMax + 128
    /// Promises in one question or answer.
    package static let promisesMax = 512
    /// The longest message, either way.
    package static let byteCountMax = 2 << 20

    /// Which key is it?
    case key
    /// Sign these preimages.
    case sign([[UInt8]])
    /// What has the key promised on this chain? Here is what the asker knows of it.
    case promises(ChainID, [SigningGuard.Promise])
}

/// What the process answers.
package enum SignerAnswer: Hashable, Sendable {
    case key(PublicKey)
    /// One for each preimage, in order.
    case sign([Result<Signature, SigningRefusal>])
    case promises([SigningGuard.Promise])
    /// The question as a whole was not answered.
    case failed(SigningRefusal)
}

extension SignerQuestion: WireObject {
    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 2)
        try reader.key("v")
        guard try reader.unsigned() == Self.version else { throw .badValue(field: "v") }
        if try reader.keyIfPresent("key") {
            try reader.null()
            self = .key
        } else if try reader.keyIfPresent("sign") {
            let preimages = try reader.array(max: Self.preimagesMax) { inner throws(WireError) in
                try inner.byteString(max: Self.preimageByteCountMax)
            }
            guard !preimages.isEmpty else { throw .badValue(field: "sign") }
            self = .sign(preimages)
        } else {
            try reader.key("promises")
            try reader.mapHeader(count: 2)
            try reader.key("chain")
            let chain = try reader.identifier(ChainID.self)
            try reader.key("known")
            let known = try reader.array(max: Self.promisesMax) { inner throws(WireError) in
                try SigningGuard.Promise(from: &inner)
            }
            reader.leave()
            self = .promises(chain, known)
        }
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 2)
        writer.key("v")
        writer.unsigned(Self.version)
        switch self {
        case .key:
            writer.key("key")
            writer.null()
        case .sign(let preimages):
            writer.key("sign")
            writer.array(preimages) { $0.byteString($1) }
        case .promises(let chain, let known):
            writer.key("promises")
            writer.mapHeader(count: 2)
            writer.key("chain")
            writer.byteString(chain)
            writer.key("known")
            writer.array(known) { $1.encode(into: &$0) }
        }
    }
}

extension SignerAnswer: WireObject {
    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 2)
        try reader.key("v")
        guard try reader.unsigned() == SignerQuestion.version else { throw .badValue(field: "v") }
        if try reader.keyIfPresent("key") {
            self = .key(try reader.identifier())
        } else if try reader.keyIfPresent("sign") {
            self = .sign(
                try reader.array(max: SignerQuestion.preimagesMax) { inner throws(WireError) in
                    try Self.result(from: &inner)
                })
        } else if try reader.keyIfPresent("failed") {
            self = .failed(try SigningRefusal(from: &reader))
        } else {
            try reader.key("promises")
            self = .promises(
                try reader.array(max: SignerQuestion.promisesMax) { inner throws(WireError) in
                    try SigningGuard.Promise(from: &inner)
                })
        }
        reader.leave()
    }

    private static func result(
        from reader: inout CBORReader
    ) throws(WireError) -> Result<Signature, SigningRefusal> {
        try reader.mapHeader(count: 1)
        defer { reader.leave() }
        if try reader.keyIfPresent("sig") { return .success(try reader.signature()) }
        try reader.key("failed")
        return .failure(try SigningRefusal(from: &reader))
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 2)
        writer.key("v")
        writer.unsigned(SignerQuestion.version)
        switch self {
        case .key(let key):
            writer.key("key")
            writer.byteString(key)
        case .sign(let results):
            writer.key("sign")
            writer.array(results) { writer, result in
                writer.mapHeader(count: 1)
                switch result {
                case .success(let signature):
                    writer.key("sig")
                    writer.byteString(signature)
                case .failure(let refusal):
                    writer.key("failed")
                    refusal.encode(into: &writer)
                }
            }
        case .promises(let promises):
            writer.key("promises")
            writer.array(promises) { $1.encode(into: &$0) }
        case .failed(let refusal):
            writer.key("failed")
            refusal.encode(into: &writer)
        }
    }
}

extension SigningGuard.Promise: WireObject {
    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.mapHeader(count: 5)
        try reader.key("sig")
        let signature = try reader.signature()
        try reader.key("hash")
        let hash = try reader.identifier(Digest.self)
        let kind = try Ballot.Kind(from: &reader)
        try reader.key("view")
        let view = try reader.counter(View.self)
        try reader.key("epoch")
        let epoch = try reader.counter(ValidatorEpoch.self)
        reader.leave()
        guard kind != .nullify || hash == .zero else { throw .badValue(field: "hash") }
        self.init(ballot: Ballot(kind: kind, epoch: epoch, view: view, hash: hash), signature: signature)
    }

    package func encode(into writer: inout CBORWriter) {
        writer.mapHeader(count: 5)
        writer.key("sig")
        writer.byteString(signature)
        writer.key("hash")
        writer.byteString(ballot.hash)
        writer.key("kind")
        writer.unsigned(UInt64(ballot.kind.rawValue))
        writer.key("view")
        writer.unsigned(ballot.view)
        writer.key("epoch")
        writer.unsigned(ballot.epoch)
    }
}

extension SigningRefusal: WireObject {
    private static let behindNumber: UInt64 = 5

    package init(from reader: inout CBORReader) throws(WireError) {
        let count = try reader.mapHeader(max: 3)
        try reader.key("why")
        let why = try reader.unsigned()
        guard count == (why == Self.behindNumber ? 3 : 1) else { throw .badValue(field: "why") }
        switch why {
        case 1: self = .unreachable
        case 2: self = .keyFailed
        case 3: self = .memoryFailed
        case 4: self = .notAllowed
        case Self.behindNumber:
            try reader.key("view")
            let view = try reader.counter(View.self)
            try reader.key("epoch")
            self = .behind(.init(epoch: try reader.counter(), view: view))
        case 6: self = .contradicts
        default: throw .badValue(field: "why")
        }
        reader.leave()
    }

    private var number: UInt64 {
        switch self {
        case .unreachable: 1
        case .keyFailed: 2
        case .memoryFailed: 3
        case .notAllowed: 4
        case .behind: Self.behindNumber
        case .contradicts: 6
        }
    }

    package func encode(into writer: inout CBORWriter) {
        if case .behind(let place) = self {
            writer.mapHeader(count: 3)
            writer.key("why")
            writer.unsigned(number)
            writer.key("view")
            writer.unsigned(place.view)
            writer.key("epoch")
            writer.unsigned(place.epoch)
        } else {
            writer.mapHeader(count: 1)
            writer.key("why")
            writer.unsigned(number)
        }
    }
}
