/// Reads strict JSON: RFC 8259 with no leniency, each name once, limits checked as it goes.
struct JSONParser {
    private let bytes: [UInt8]
    private let limits: JSONLimits
    private var position = 0
    private var valueCount = 0

    private init(_ bytes: [UInt8], _ limits: JSONLimits) {
        self.bytes = bytes
        self.limits = limits
    }

    static func parse(_ bytes: [UInt8], limits: JSONLimits) throws(JSONError) -> JSONValue {
        guard bytes.count <= limits.byteCountMax else { throw .tooLong(limit: limits.byteCountMax) }
        var parser = JSONParser(bytes, limits)
        let value = try parser.value(depth: 0)
        parser.skipSpace()
        guard parser.position == bytes.count else { throw .trailing(at: parser.position) }
        return value
    }

    private mutating func value(depth: Int) throws(JSONError) -> JSONValue {
        skipSpace()
        valueCount += 1
        guard valueCount <= limits.valueCountMax else { throw .tooManyValues(limit: limits.valueCountMax) }
        switch try peek() {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try list(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"):
            try word("true")
            return .boolean(true)
        case UInt8(ascii: "f"):
            try word("false")
            return .boolean(false)
        case UInt8(ascii: "n"):
            try word("null")
            return .null
        default: return try number()
        }
    }

    private mutating func object(depth: Int) throws(JSONError) -> JSONValue {
        guard depth < limits.depthMax else { throw .tooDeep(at: position) }
        position += 1
        var members: [JSONValue.Member] = []
        var names: Set<String> = []
        skipSpace()
        if try take(UInt8(ascii: "}")) { return .object([]) }
        while true {
            skipSpace()
            let start = position
            guard try peek() == UInt8(ascii: "\"") else { throw .unexpected(at: position) }
            let name = try string()
            guard names.insert(name).inserted else { throw .repeatedName(at: start) }
            skipSpace()
            guard try take(UInt8(ascii: ":")) else { throw .unexpected(at: position) }
            members.append(JSONValue.Member(name, try value(depth: depth + 1)))
            skipSpace()
            if try take(UInt8(ascii: "}")) { return .object(members) }
            guard try take(UInt8(ascii: ",")) else { throw .unexpected(at: position) }
        }
    }

    private mutating func list(depth: Int) throws(JSONError) -> JSONValue {
        guard depth < limits.depthMax else { throw .tooDeep(at: position) }
        position += 1
        var elements: [JSONValue] = []
        skipSpace()
        if try take(UInt8(ascii: "]")) { return .list([]) }
        while true {
            elements.append(try value(depth: depth + 1))
            skipSpace()
            if try take(UInt8(ascii: "]")) { return .list(elements) }
            guard try take(UInt8(ascii: ",")) else { throw .unexpected(at: position) }
        }
    }

    private mutating func string() throws(JSONError) -> String {
        let start = position
        position += 1
        var content: [UInt8] = []
        while true {
            let byte = try next()
            switch byte {
            case UInt8(ascii: "\""):
                guard let text = String(validating: content, as: UTF8.self) else { throw .badText(at: start) }
                return text
            case UInt8(ascii: "\\"): try escape(into: &content)
            case 0..<0x20: throw .badText(at: position - 1)
            default: content.append(byte)
            }
        }
    }

    private mutating func escape(into content: inout [UInt8]) throws(JSONError) {
        let start = position - 1
        switch try next() {
        case UInt8(ascii: "\""): content.append(0x22)
        case UInt8(ascii: "\\"): content.append(0x5c)
        case UInt8(ascii: "/"): content.append(0x2f)
        case UInt8(ascii: "b"): content.append(0x08)
        case UInt8(ascii: "f"): content.append(0x0c)
        case UInt8(ascii: "n"): content.append(0x0a)
        case UInt8(ascii: "r"): content.append(0x0d)
        case UInt8(ascii: "t"): content.append(0x09)
        case UInt8(ascii: "u"):
            var code = try fourHexDigits()
            if (0xd800..<0xdc00).contains(code) {
                guard try next() == UInt8(ascii: "\\"), try next() == UInt8(ascii: "u") else {
                    throw .badText(at: start)
                }
                let low = try fourHexDigits()
                guard (0xdc00..<0xe000).contains(low) else { throw .badText(at: start) }
                code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
            }
            guard let scalar = Unicode.Scalar(code) else { throw .badText(at: start) }
            content.append(contentsOf: Character(scalar).utf8)
        default: throw .badText(at: start)
        }
    }

    private mutating func fourHexDigits() throws(JSONError) -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<4 {
            let byte = try next()
            let digit: UInt8
            switch byte {
            case 0x30...0x39: digit = byte - 0x30
            case 0x41...0x46: digit = byte - 0x41 + 10
            case 0x61...0x66: digit = byte - 0x61 + 10
            default: throw .badText(at: position - 1)
            }
            code = code << 4 | UInt32(digit)
        }
        return code
    }

    private mutating func number() throws(JSONError) -> JSONValue {
        let start = position
        let isNegative = try take(UInt8(ascii: "-"))
        let first = try peek()
        guard (0x30...0x39).contains(first) else { throw .unexpected(at: position) }
        let integerDigits = digits()
        guard first != 0x30 || integerDigits == 1 else { throw .unexpected(at: start) }
        var isWhole = true
        if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
            isWhole = false
            position += 1
            guard digits() > 0 else { throw position == bytes.count ? .truncated : .unexpected(at: position) }
        }
        if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
            isWhole = false
            position += 1
            if position < bytes.count, bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-") {
                position += 1
            }
            guard digits() > 0 else { throw position == bytes.count ? .truncated : .unexpected(at: position) }
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isWhole {
            if let value = UInt64(text) { return .unsigned(value) }
            if isNegative, let value = Int64(text) { return value == 0 ? .unsigned(0) : .negative(value) }
            throw .badNumber(at: start)
        }
        guard let value = Double(text), value.isFinite else { throw .badNumber(at: start) }
        return .float(value)
    }

    /// Skips digits and returns how many there were.
    private mutating func digits() -> Int {
        let start = position
        while position < bytes.count, (0x30...0x39).contains(bytes[position]) { position += 1 }
        return position - start
    }

    private mutating func word(_ expected: String) throws(JSONError) {
        for byte in expected.utf8 where try next() != byte { throw .unexpected(at: position - 1) }
    }

    private mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0a, 0x0d: position += 1
            default: return
            }
        }
    }

    private func peek() throws(JSONError) -> UInt8 {
        guard position < bytes.count else { throw .truncated }
        return bytes[position]
    }

    private mutating func next() throws(JSONError) -> UInt8 {
        let byte = try peek()
        position += 1
        return byte
    }

    private mutating func take(_ byte: UInt8) throws(JSONError) -> Bool {
        guard try peek() == byte else { return false }
        position += 1
        return true
    }
}
