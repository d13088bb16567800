internal import Primitives
internal import Wire

/// What a parameter may hold. Checked before a method runs, and described in the discovery document.
package indirect enum RPCValueType: Equatable, Sendable {
    case boolean
    /// A whole number from 0 through `max`, as a JSON number or, above 2^53, as a decimal string.
    case unsigned(max: UInt64)
    /// Text of at most `byteCountMax` bytes.
    case text(byteCountMax: Int)
    /// One of a few words.
    case choice([String])
    /// Lower- or upper-case hexadecimal of at most `byteCountMax` bytes.
    case bytes(byteCountMax: Int)
    /// 64 hexadecimal digits: a hash, an id or a key.
    case identifier
    /// A member: 64 hexadecimal digits, or the text form `did:sotto:…`.
    case member
    /// A content identifier in its base32 text form.
    case contentID
    /// A list of at most `countMax` elements of one type.
    case list(of: RPCValueType, countMax: Int)
    /// Any object.
    case object
    /// Any value at all.
    case any

    /// A whole number with no limit but u64's.
    package static let unsigned = RPCValueType.unsigned(max: .max)

    /// Whether `value` may stand here.
    package func admits(_ value: JSONValue) -> Bool {
        switch self {
        case .boolean: return value.boolean != nil
        case .unsigned(let max): return value.unsigned.map { $0 <= max } ?? false
        case .text(let byteCountMax): return value.string.map { $0.utf8.count <= byteCountMax } ?? false
        case .choice(let words): return value.string.map { words.contains($0) } ?? false
        case .bytes(let byteCountMax):
            guard let text = value.string, text.utf8.count <= 2 * byteCountMax else { return false }
            return Hex.decode(text) != nil
        case .identifier: return value.string.map { Bytes32(hex: $0) != nil } ?? false
        case .member: return value.string.map { Self.memberID($0) != nil } ?? false
        case .contentID: return value.string.map { CID(text: $0) != nil } ?? false
        case .list(let element, let countMax):
            guard let elements = value.list, elements.count <= countMax else { return false }
            return elements.allSatisfy { element.admits($0) }
        case .object: return value.members != nil
        case .any: return true
        }
    }

    /// The member id in either of its text forms. The chain prefix of a `did:` is for people and is not checked here.
    static func memberID(_ text: String) -> MemberID? {
        if let id = MemberID(hex: text) { return id }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard text.utf8.count <= 160, parts.count == 4, parts[0] == "did", parts[1] == "sotto",
            let bytes = Base32.decode(parts[3])
        else { return nil }
        return MemberID(bytes)
    }

    /// What is expected, in words for an error text.
    package var description: String {
        switch self {
        case .boolean: "true or false"
        case .unsigned(let max): max == .max ? "a whole number" : "a whole number up to \(max)"
        case .text(let byteCountMax): "text of at most \(byteCountMax) bytes"
        case .choice(let words): "one of " + words.joined(separator: ", ")
        case .bytes(let byteCountMax): "hexadecimal of at most \(byteCountMax) bytes"
        case .identifier: "64 hexadecimal digits"
        case .member: "a member id"
        case .contentID: "a content identifier"
        case .list(let element, let countMax): "a list of at most \(countMax): \(element.description)"
        case .object: "an object"
        case .any: "a value"
        }
    }

    /// The JSON Schema of this type.
    package var schema: JSONValue {
        switch self {
        case .boolean: ["type": "boolean"]
        case .unsigned(let max):
            [
                "oneOf": [
                    ["type": "integer", "minimum": 0, "maximum": .unsigned(min(max, JSONValue.exactMax))],
                    ["type": "string", "pattern": "^(0|[1-9][0-9]{0,19})$"],
                ]
            ]
        case .text(let byteCountMax): ["type": "string", "maxLength": .unsigned(UInt64(byteCountMax))]
        case .choice(let words): ["type": "string", "enum": .list(words.map { .string($0) })]
        case .bytes(let byteCountMax):
            ["type": "string", "pattern": "^([0-9a-fA-F]{2})*$", "maxLength": .unsigned(UInt64(2 * byteCountMax))]
        case .identifier: ["type": "string", "pattern": "^[0-9a-fA-F]{64}$"]
        case .member: ["type": "string", "pattern": "^([0-9a-fA-F]{64}|did:sotto:[^:]*:[a-z2-7]{52})$"]
        case .contentID: ["type": "string", "pattern": "^b[a-z2-7]+$"]
        case .list(let element, let countMax):
            ["type": "array", "items": element.schema, "maxItems": .unsigned(UInt64(countMax))]
        case .object: ["type": "object"]
        case .any: true
        }
    }
}
