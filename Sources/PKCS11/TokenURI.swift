/// Which key in which token, as RFC 7512 writes it: `pkcs11:token=…;object=…?module-path=…&pin-source=…`.
///
/// Taken are the attributes `token`, `serial`, `object`, `id` and `type` (which must be `private`), and of the query
/// `module-path`, which is needed, and `pin-source`, a file's path or `file:` URI. A PIN itself (`pin-value`) is
/// refused: it would stand in a configuration or on a command line.
package struct TokenURI: Hashable, Sendable {
    /// More is no URI that a person wrote.
    package static let byteCountMax = 2_048

    package let modulePath: String
    package let pinPath: String?
    /// Label of the token.
    package private(set) var token: String?
    /// Serial number of the token.
    package private(set) var serial: String?
    /// Label of the key.
    package private(set) var object: String?
    /// Id of the key.
    package private(set) var id: [UInt8]?

    /// Why a text is not taken.
    package enum Fault: Error, Hashable, Sendable {
        case notAURI
        case moduleMissing
        case pinInURI
        /// An attribute that stands twice, is not known, or has a value that is not taken.
        case attribute(String)
    }

    package init(_ text: String) throws(Fault) {
        guard text.utf8.count <= Self.byteCountMax, text.hasPrefix("pkcs11:") else { throw .notAURI }
        let parts = text.dropFirst("pkcs11:".count).split(
            separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var seen: Set<Substring> = []
        for pair in parts[0].split(separator: ";") {
            let (name, value) = try Self.attribute(pair, &seen)
            switch name {
            case "token": token = try Self.text(value, name)
            case "serial": serial = try Self.text(value, name)
            case "object": object = try Self.text(value, name)
            case "id": id = value
            case "type": guard value == Array("private".utf8) else { throw .attribute("type") }
            default: throw .attribute(String(name))
            }
        }
        var module: String?
        var pin: String?
        for pair in parts.count == 2 ? parts[1].split(separator: "&") : [] {
            let (name, value) = try Self.attribute(pair, &seen)
            switch name {
            case "module-path": module = try Self.text(value, name)
            case "pin-source":
                let source = try Self.text(value, name)
                pin = source.hasPrefix("file:") ? Self.path(ofFile: source) : source
            case "pin-value": throw .pinInURI
            default: throw .attribute(String(name))
            }
        }
        guard let module, module.hasPrefix("/") else { throw .moduleMissing }
        modulePath = module
        pinPath = pin
    }

    private static func path(ofFile uri: String) -> String {
        let rest = uri.dropFirst("file:".count)
        return String(rest.hasPrefix("///") ? rest.dropFirst(2) : rest)
    }

    private static func attribute(
        _ pair: Substring, _ seen: inout Set<Substring>
    ) throws(Fault) -> (Substring, [UInt8]) {
        let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard sides.count == 2, let value = bytes(sides[1]), !value.isEmpty, seen.insert(sides[0]).inserted else {
            throw .attribute(String(sides[0]))
        }
        return (sides[0], value)
    }

    private static func text(_ bytes: [UInt8], _ name: Substring) throws(Fault) -> String {
        guard !bytes.contains(0), let text = String(validating: bytes, as: UTF8.self) else {
            throw .attribute(String(name))
        }
        return text
    }

    /// Undoes percent-encoding; nil for a percent sign without two hexadecimal digits.
    private static func bytes(_ text: Substring) -> [UInt8]? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

/// Why a token's key cannot be used.
package enum TokenError: Error, Hashable, Sendable {
    /// The module's file is not there or cannot be loaded.
    case moduleMissing(String)
    /// The file is no PKCS#11 module, or it cannot be started: the number is the module's own (`CKR_…`).
    case moduleFailed(UInt)
    /// No token of that name or serial number is there.
    case noToken
    /// Several tokens fit.
    case severalTokens
    case wrongPIN
    /// Too many wrong PINs.
    case pinLocked
    /// The URI names no file with a PIN, and the token wants one; or the file cannot be read.
    case pinMissing
    /// No Ed25519 key of that name or id is there, or not both halves of it.
    case noKey
    /// Several keys fit.
    case severalKeys
    /// The token has no `CKM_EDDSA`.
    case mechanismMissing
    /// Anything else, as the module numbers it (`CKR_…`).
    case failed(UInt)
}
