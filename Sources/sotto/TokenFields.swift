internal import Glibc
internal import Node
internal import PKCS11
internal import Primitives

/// Keys in tokens, with the errors made for people.
enum TokenFields {
    /// The key that a `pkcs11:` URI names.
    static func key(_ text: String) throws(CommandError) -> TokenHolder {
        let uri: TokenURI
        do throws(TokenURI.Fault) {
            uri = try TokenURI(text)
        } catch {
            throw explain(error)
        }
        if let path = uri.pinPath { try checkMode(path) }
        do throws(TokenError) {
            return TokenHolder(try TokenKey(uri) { uri.pinPath.flatMap { Passphrase.read($0) } })
        } catch {
            throw explain(error, uri)
        }
    }

    private static func checkMode(_ path: String) throws(CommandError) {
        var about = stat()
        guard unsafe stat(path, &about) == 0 else {
            throw CommandError(.settings, "cannot read the PIN's file \(path)")
        }
        guard about.st_mode & 0o077 == 0 else {
            throw CommandError(.settings, "others may read the PIN's file \(path)", hint: "chmod 600 \(path)")
        }
    }

    private static func explain(_ fault: TokenURI.Fault) -> CommandError {
        let example =
            "pkcs11:token=sotto;object=validator?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=/etc/pin"
        return switch fault {
        case .notAURI: CommandError(.settings, "that is no pkcs11: URI", hint: "as \(example)")
        case .moduleMissing:
            CommandError(.settings, "the pkcs11: URI names no module", hint: "add ?module-path=/… as \(example)")
        case .pinInURI:
            CommandError(
                .settings, "a PIN must not stand in a pkcs11: URI",
                hint: "put it into a file of mode 0600 and name that: pin-source=/…")
        case .attribute(let name):
            CommandError(
                .settings, "the pkcs11: URI has an attribute that is not taken: \(name)",
                hint: "taken are token, serial, object, id, type, module-path and pin-source, each once")
        }
    }

    private static func explain(_ error: TokenError, _ uri: TokenURI) -> CommandError {
        let list = "pkcs11-tool --module \(uri.modulePath)"
        return switch error {
        case .moduleMissing(let path):
            CommandError(.settings, "the PKCS#11 module \(path) cannot be loaded", hint: "is its package installed?")
        case .moduleFailed(let number):
            CommandError(
                .settings, "the PKCS#11 module \(uri.modulePath) does not start (\(hex(number)))",
                hint: "may this user read its configuration and tokens?")
        case .noToken:
            CommandError(.settings, "the token is not there", hint: "\(list) --list-slots shows those that are")
        case .severalTokens:
            CommandError(.settings, "several tokens fit", hint: "name one by token= or serial=: \(list) --list-slots")
        case .wrongPIN:
            CommandError(.settings, "the PIN is wrong", hint: "each try counts: a token locks after a few")
        case .pinLocked:
            CommandError(.settings, "the token's PIN is locked", hint: "its security officer can set a new one")
        case .pinMissing:
            CommandError(.settings, "there is no PIN in the file that pin-source names", hint: "or it cannot be read")
        case .noKey:
            CommandError(
                .settings, "the token holds no such Ed25519 key with both halves",
                hint: "\(list) --login --list-objects shows what it holds")
        case .severalKeys: CommandError(.settings, "several keys fit", hint: "name one by object= or id=")
        case .mechanismMissing:
            CommandError(
                .settings, "the token cannot sign with Ed25519 (CKM_EDDSA)", hint: "\(list) --list-mechanisms")
        case .failed(let number):
            CommandError(.settings, "the token does not work (\(hex(number)))", hint: "its number is in PKCS#11")
        }
    }

    private static func hex(_ number: UInt) -> String { "CKR 0x" + String(number, radix: 16) }
}
