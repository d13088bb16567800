import Crypto
import Foundation
import PKCS11
import Primitives
import Testing

/// A token in software (Debian's softhsm2, which `Scripts/setup` installs) with one key, in a directory of its own.
final class SoftToken: Sendable {
    static let module = "/usr/lib/softhsm/libsofthsm2.so"
    static let pin = "482913"
    let seed: SigningKey
    let folder: URL

    /// SoftHSM reads its configuration once for each process: every token of these tests lies in the same place.
    private static let shared: URL = {
        let url = FileManager.default.temporaryDirectory.appending(path: "sotto-hsm-\(UUID().uuidString)")
        try? FileManager.default.createDirectory(
            at: url.appending(path: "tokens"), withIntermediateDirectories: true)
        let text = "directories.tokendir = \(url.path)/tokens\nlog.level = ERROR\n"
        try? text.write(to: url.appending(path: "softhsm2.conf"), atomically: true, encoding: .utf8)
        setenv("SOFTHSM2_CONF", url.path + "/softhsm2.conf", 1)
        return url
    }()

    let label: String

    /// SoftHSM sees the tokens that are there when it is loaded: so both are made before.
    static let tokens = Result {
        [
            try SoftToken("one", keys: [("validator", "0a")]),
            try SoftToken("two", keys: [("first", "01"), ("second", "02")]),
        ]
    }

    private init(_ label: String, keys: [(String, String)]) throws {
        folder = Self.shared
        self.label = label
        seed = .generate()
        try Self.run(["--init-token", "--free", "--label", label, "--pin", Self.pin, "--so-pin", "9876543"])
        let pem = folder.appending(path: "\(label).pem")
        let head: [UInt8] = [
            0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
        ]
        let secret = seed.withSeed { bytes in bytes.indices.map { bytes[$0] } }
        let text = Data(head + secret).base64EncodedString()
        try "-----BEGIN PRIVATE KEY-----\n\(text)\n-----END PRIVATE KEY-----\n"
            .write(to: pem, atomically: true, encoding: .utf8)
        for (name, id) in keys {
            try Self.run(["--import", pem.path, "--token", label, "--label", name, "--id", id, "--pin", Self.pin])
        }
    }

    private static func run(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/softhsm2-util")
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "softhsm2-util \(arguments[0]); is softhsm2 installed?")
    }

    func uri(_ rest: String) throws -> TokenURI {
        try TokenURI("pkcs11:token=\(label)\(rest)?module-path=\(Self.module)&pin-source=/unused")
    }
}

@Suite("A key in a token", .serialized)
struct TokenKeyTests {
    private let pin: @Sendable () -> [UInt8]? = { Array(SoftToken.pin.utf8) }

    @Test("SoftHSM signs as the same key in software does, found by label or by id")
    func signing() throws {
        let token = try SoftToken.tokens.get()[0]
        for rest in ["", ";object=validator", ";id=%0a", ";object=validator;id=%0a;type=private"] {
            let key = try TokenKey(try token.uri(rest), pin: pin)
            #expect(key.publicKey == token.seed.publicKey)
            for message in [[1], [UInt8](repeating: 7, count: 5_000)] {
                #expect(try key.signature(over: message) == token.seed.signature(over: message))
            }
        }
    }

    @Test("What is missing or wrong is named")
    func faults() throws {
        let token = try SoftToken.tokens.get()[1]
        func fault(_ uri: TokenURI, _ pin: String? = SoftToken.pin) -> TokenError? {
            do throws(TokenError) {
                _ = try TokenKey(uri) { pin.map { Array($0.utf8) } }
                return nil
            } catch {
                return error
            }
        }
        #expect(fault(try token.uri(";object=first"), "000000") == .wrongPIN)
        #expect(fault(try token.uri(";object=first"), nil) == .pinMissing)
        #expect(fault(try token.uri(";object=third")) == .noKey)
        #expect(fault(try token.uri("")) == .severalKeys)
        #expect(fault(try token.uri(";object=second")) == nil)
        let other = try TokenURI("pkcs11:token=none?module-path=\(SoftToken.module)&pin-source=/unused")
        #expect(fault(other) == .noToken)
        #expect(fault(try TokenURI("pkcs11:?module-path=/none.so")) == .moduleMissing("/none.so"))
        #expect(fault(try TokenURI("pkcs11:?module-path=/lib/x86_64-linux-gnu/libc.so.6")) == .moduleFailed(0))
    }
}
