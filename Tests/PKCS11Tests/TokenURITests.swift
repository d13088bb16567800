import PKCS11
import Testing

@Suite("Which key in which token")
struct TokenURITests {
    @Test("The attributes of RFC 7512 that are taken, with percent-encoding")
    func whole() throws {
        let uri = try TokenURI(
            "pkcs11:token=My%20Token;serial=12;object=v%C3%A9;id=%01%ff;type=private"
                + "?module-path=/usr/lib/m.so&pin-source=file:///etc/pin")
        #expect(uri.token == "My Token")
        #expect(uri.serial == "12")
        #expect(uri.object == "vé")
        #expect(uri.id == [1, 255])
        #expect(uri.modulePath == "/usr/lib/m.so")
        #expect(uri.pinPath == "/etc/pin")
        #expect(try TokenURI("pkcs11:?module-path=/m&pin-source=pin").pinPath == "pin")
    }

    static let refused: [(String, TokenURI.Fault)] = [
        ("", .notAURI), ("pkcs12:?module-path=/m", .notAURI), ("pkcs11:token=a", .moduleMissing),
        ("pkcs11:?module-path=m.so", .moduleMissing), ("pkcs11:?module-path=/m&pin-value=1234", .pinInURI),
        ("pkcs11:token=a;token=b?module-path=/m", .attribute("token")),
        ("pkcs11:colour=red?module-path=/m", .attribute("colour")),
        ("pkcs11:token=%4?module-path=/m", .attribute("token")),
        ("pkcs11:token=%zz?module-path=/m", .attribute("token")),
        ("pkcs11:token=%ff?module-path=/m", .attribute("token")),
        ("pkcs11:token=%00?module-path=/m", .attribute("token")),
        ("pkcs11:token=?module-path=/m", .attribute("token")), ("pkcs11:token?module-path=/m", .attribute("token")),
        ("pkcs11:type=public?module-path=/m", .attribute("type")),
        ("pkcs11:?module-path=/m&speed=1", .attribute("speed")),
        ("pkcs11:object=" + String(repeating: "a", count: 2_048) + "?module-path=/m", .notAURI),
    ]

    @Test("Everything else is refused by name", arguments: refused)
    func refusal(text: String, fault: TokenURI.Fault) {
        #expect(throws: fault) { try TokenURI(text) }
    }
}
