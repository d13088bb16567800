import Primitives
import Testing

@Suite struct PhoneNumberTests {
    @Test(
        "what a person types has one spelling",
        arguments: [
            "+4915112345678", "+49 151 12345678", "0049 (151) 1234-5678", "+49.151.123.456.78", " +49/151/12345678 ",
        ])
    func spelling(text: String) { #expect(PhoneNumber(text)?.exposed == "+4915112345678") }

    @Test(
        "a number without a country code, with other characters, or with too few or too many digits is none",
        arguments: [
            "", "+", "0151 12345678", "4915112345678", "++4915112345678", "49+15112345678", "+4915112345678x",
            "+123456", "+1234567890123456", "+0123456789", "000123456789", "+٤٩١٥١١٢٣٤٥٦٧٨",
            "+49 151 12345678" + String(repeating: " ", count: 60),
        ])
    func refused(text: String) { #expect(PhoneNumber(text) == nil) }

    @Test("the shortest and the longest number are numbers")
    func bounds() {
        #expect(PhoneNumber("+1234567")?.exposed == "+1234567")
        #expect(PhoneNumber("+123456789012345")?.exposed == "+123456789012345")
    }

    @Test("a number never shows itself")
    func redaction() throws {
        let number = try #require(PhoneNumber("+4915112345678"))
        #expect("\(number)" == "(redacted)" && String(reflecting: number) == "(redacted)")
        var text = ""
        dump(number, to: &text)
        #expect(!text.contains("4915"))
    }
}
