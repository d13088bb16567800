import RPC
import Testing

@Suite("Configuration files")
struct SettingsReaderTests {
    private let reader = SettingsReader(fields: [
        SettingsField("a.text", .text, default: "none", "A text."),
        SettingsField("a.flag", .boolean, default: "false", "A flag."),
        SettingsField("a.list", .list, default: "", "Words."),
    ])

    private func read(_ text: String) throws -> SettingsValues {
        try reader.read(file: ("f", text), environment: [:], flags: [:])
    }

    @Test("Lines that end as on other systems are lines, and a comment hides only its own")
    func carriageReturns() throws {
        let values = try read("# first\r\na.text = b\r\n\r\na.flag = true\r\n")
        #expect(values.text("a.text") == "b")
        #expect(values.boolean("a.flag"))
    }

    @Test("A combining mark after a separator joins nothing")
    func marks() throws {
        let values = try read("a.text =\u{301}b\na.list = \u{301}c, d\n#\u{20e3} a comment\n")
        #expect(values.text("a.text") == "\u{301}b")
        #expect(values.list("a.list").last == "d")
    }

    @Test("All faults of a file are named with their lines")
    func faults() {
        #expect(
            throws: SettingsReader.Faults(sentences: [
                "f:1: a line is key = value", "f:3: a.flag stands in line 2 already",
                "f:2: a.flag must be true or false",
            ])
        ) { try read("a.text\na.flag = yes\na.flag = true") }
        #expect(throws: SettingsReader.Faults(sentences: ["f: longer than \(SettingsReader.fileByteCountMax) bytes"])) {
            try read(String(repeating: "\n", count: SettingsReader.fileByteCountMax + 1))
        }
    }
}
