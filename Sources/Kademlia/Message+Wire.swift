package import Wire

/// A message is the array [version, number, operation, arguments…]; requests have operations below 16.
extension Message: WireObject {
    private enum Operation: UInt64 {
        case ping = 0, find, get, put, providers, provide, addresses, announce
        case pong = 16, nodes, record, absent, stored, refused, providersFound, addressesFound
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        let count = try reader.arrayHeader(max: 8)
        guard count >= 3, try reader.unsigned() == Self.version else { throw .badValue(field: "v") }
        number = UInt32(try reader.unsigned(max: UInt64(UInt32.max)))
        guard let operation = Operation(rawValue: try reader.unsigned()) else { throw .badValue(field: "op") }
        content = try Self.content(operation, from: &reader)
        guard count == 3 + Self.argumentCount(operation) else { throw .badValue(field: "arguments") }
        reader.leave()
    }

    private static func argumentCount(_ operation: Operation) -> Int {
        switch operation {
        case .ping: 0
        case .find, .providers, .announce, .pong, .record, .absent, .stored, .providersFound: 1
        case .get, .provide, .addresses, .nodes, .refused, .addressesFound: 2
        case .put: 4
        }
    }

    private static func content(
        _ operation: Operation, from reader: inout CBORReader
    ) throws(WireError) -> Content {
        switch operation {
        case .ping: return .request(.ping)
        case .find: return .request(.find(target: try reader.identifier()))
        case .get: return .request(.get(location: try reader.identifier(), kind: try kind(from: &reader)))
        case .put:
            let record = try SignedObject(from: &reader, bodyMax: StoredRecord.byteCountMax)
            let evidence = try reader.byteString(max: evidenceByteCountMax)
            let expected = reader.nullIfPresent() ? nil : try reader.unsigned()
            return .request(.put(record: record, evidence: evidence, expected: expected, token: try token(&reader)))
        case .providers: return .request(.providers(content: try reader.link()))
        case .provide:
            let record = try SignedObject(from: &reader, bodyMax: ProviderRecord.byteCountMax)
            return .request(.provide(record: record, token: try token(&reader)))
        case .addresses:
            return .request(.addresses(digest: try reader.identifier(), after: try reader.identifier()))
        case .announce: return .request(.announce(try addresses(from: &reader)))
        case .pong: return .response(.pong(token: try token(&reader)))
        case .nodes: return .response(.nodes(try addresses(from: &reader), token: try token(&reader)))
        case .record: return .response(.record(try SignedObject(from: &reader, bodyMax: StoredRecord.byteCountMax)))
        case .absent: return .response(.absent(try addresses(from: &reader)))
        case .stored: return .response(.stored(sequence: try reader.unsigned()))
        case .refused:
            guard let reason = Response.Refusal(rawValue: try reader.unsigned()) else {
                throw .badValue(field: "reason")
            }
            return .response(.refused(reason, token: try token(&reader)))
        case .providersFound:
            return .response(
                .providers(
                    try reader.array(max: providersMax) { inner throws(WireError) in
                        try SignedObject(from: &inner, bodyMax: ProviderRecord.byteCountMax)
                    }))
        case .addressesFound:
            return .response(.addresses(try addresses(from: &reader), more: try reader.boolean()))
        }
    }

    private static func kind(from reader: inout CBORReader) throws(WireError) -> StoredRecord.Kind {
        guard let kind = StoredRecord.Kind(rawValue: try reader.unsigned()) else { throw .badValue(field: "kind") }
        return kind
    }

    private static func token(_ reader: inout CBORReader) throws(WireError) -> Token {
        var value: UInt64 = 0
        for byte in try reader.byteString(count: Token.byteCount) { value = value << 8 | UInt64(byte) }
        return Token(rawValue: value)
    }

    private static func addresses(from reader: inout CBORReader) throws(WireError) -> [SignedObject] {
        try reader.array(max: addressesMax) { inner throws(WireError) in
            try SignedObject(from: &inner, bodyMax: AddressRecord.byteCountMax)
        }
    }

    package func encode(into writer: inout CBORWriter) {
        switch content {
        case .request(let request): encode(request, into: &writer)
        case .response(let response): encode(response, into: &writer)
        }
    }

    private func head(_ operation: Operation, into writer: inout CBORWriter) {
        writer.arrayHeader(count: 3 + Self.argumentCount(operation))
        writer.unsigned(Self.version)
        writer.unsigned(UInt64(number))
        writer.unsigned(operation.rawValue)
    }

    private func encode(_ request: Request, into writer: inout CBORWriter) {
        switch request {
        case .ping: head(.ping, into: &writer)
        case .find(let target):
            head(.find, into: &writer)
            writer.byteString(target)
        case .get(let location, let kind):
            head(.get, into: &writer)
            writer.byteString(location)
            writer.unsigned(kind.rawValue)
        case .put(let record, let evidence, let expected, let token):
            head(.put, into: &writer)
            record.encode(into: &writer)
            writer.byteString(evidence)
            if let expected { writer.unsigned(expected) } else { writer.null() }
            Self.write(token, into: &writer)
        case .providers(let content):
            head(.providers, into: &writer)
            writer.link(content)
        case .provide(let record, let token):
            head(.provide, into: &writer)
            record.encode(into: &writer)
            Self.write(token, into: &writer)
        case .addresses(let digest, let after):
            head(.addresses, into: &writer)
            writer.byteString(digest)
            writer.byteString(after)
        case .announce(let records):
            head(.announce, into: &writer)
            writer.array(records) { $1.encode(into: &$0) }
        }
    }

    private func encode(_ response: Response, into writer: inout CBORWriter) {
        switch response {
        case .pong(let token):
            head(.pong, into: &writer)
            Self.write(token, into: &writer)
        case .nodes(let records, let token):
            head(.nodes, into: &writer)
            writer.array(records) { $1.encode(into: &$0) }
            Self.write(token, into: &writer)
        case .record(let record):
            head(.record, into: &writer)
            record.encode(into: &writer)
        case .absent(let records):
            head(.absent, into: &writer)
            writer.array(records) { $1.encode(into: &$0) }
        case .stored(let sequence):
            head(.stored, into: &writer)
            writer.unsigned(sequence)
        case .refused(let reason, let token):
            head(.refused, into: &writer)
            writer.unsigned(reason.rawValue)
            Self.write(token, into: &writer)
        case .providers(let records):
            head(.providersFound, into: &writer)
            writer.array(records) { $1.encode(into: &$0) }
        case .addresses(let records, let more):
            head(.addressesFound, into: &writer)
            writer.array(records) { $1.encode(into: &$0) }
            writer.boolean(more)
        }
    }

    private static func write(_ token: Token, into writer: inout CBORWriter) {
        writer.byteString(
            (0..<UInt64(Token.byteCount)).map { UInt8(truncatingIfNeeded: token.rawValue >> (56 - 8 * $0)) })
    }
}
