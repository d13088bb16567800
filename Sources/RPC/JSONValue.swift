/// One JSON value (RFC 8259), as the RPC reads and writes it.
///
/// Integers are kept exact over the whole range of u64 and i64. On output an integer beyond 2^53 becomes a string,
/// since most readers would round it; on input `unsigned` takes both forms. Bytes travel as lower-case hexadecimal
/// text, content identifiers as their base32 text.
package enum JSONValue: Equatable, Sendable {
    case null
    case boolean(Bool)
    /// A whole number from 0 through 2^64−1.
    case unsigned(UInt64)
    /// A whole number below 0.
    case negative(Int64)
    /// A number written with a fraction or an exponent. Never infinite.
    case float(Double)
    case string(String)
    case list([JSONValue])
    /// Members in the order in which they were written; no name twice.
    case object([Member])

    package struct Member: Equatable, Sendable {
        package let name: String
        package let value: JSONValue
        package init(_ name: String, _ value: JSONValue) {
            self.name = name
            self.value = value
        }
    }

    /// The largest integer that every JSON reader keeps exact.
    package static let exactMax: UInt64 = 1 << 53

    /// The member called `name`, when this is an object that has it.
    package subscript(name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    /// The element at `index`, when this is a list that reaches so far.
    package subscript(index: Int) -> JSONValue? {
        guard case .list(let elements) = self, elements.indices.contains(index) else { return nil }
        return elements[index]
    }

    /// The whole number this is, or that this string spells in decimal with no sign and no leading zero.
    package var unsigned: UInt64? {
        switch self {
        case .unsigned(let value): value
        case .string(let text): Self.decimal(text)
        case .null, .boolean, .negative, .float, .list, .object: nil
        }
    }

    package var boolean: Bool? {
        guard case .boolean(let value) = self else { return nil }
        return value
    }

    package var string: String? {
        guard case .string(let value) = self else { return nil }
        return value
    }

    package var list: [JSONValue]? {
        guard case .list(let value) = self else { return nil }
        return value
    }

    package var members: [Member]? {
        guard case .object(let value) = self else { return nil }
        return value
    }

    private static func decimal(_ text: String) -> UInt64? {
        let digits = text.utf8
        guard (1...20).contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) }),
            digits.count == 1 || digits.first != 0x30
        else { return nil }
        return UInt64(text)
    }
}

extension JSONValue: ExpressibleByBooleanLiteral {
    package init(booleanLiteral value: Bool) { self = .boolean(value) }
}

extension JSONValue: ExpressibleByIntegerLiteral {
    package init(integerLiteral value: Int64) { self = value < 0 ? .negative(value) : .unsigned(UInt64(value)) }
}

extension JSONValue: ExpressibleByStringLiteral {
    package init(stringLiteral value: String) { self = .string(value) }
}

extension JSONValue: ExpressibleByNilLiteral {
    package init(nilLiteral: ()) { self = .null }
}

extension JSONValue: ExpressibleByArrayLiteral {
    package init(arrayLiteral elements: JSONValue...) { self = .list(elements) }
}

extension JSONValue: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(elements.map { Member($0.0, $0.1) })
    }
}
