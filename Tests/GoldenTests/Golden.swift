import Foundation
import Testing
import Wire

/// One object that stands byte for byte in `Genesis/golden`, so that programs in other languages can be held against
/// it. The file's name is the schema's rule, and after a plus sign what sets it apart from others of that rule.
///
/// Whoever changes a format changes the schema, runs these tests once with SOTTO_WRITE_GOLDEN=1 and once without, and
/// then `Scripts/verify --self-test`; the numbers in the guide for auditors may follow.
struct Golden: Sendable, CustomTestStringConvertible {
    let name: String
    let bytes: [UInt8]
    /// Decodes and encodes again.
    let again: @Sendable ([UInt8]) throws -> [UInt8]

    var testDescription: String { name }

    init<Object: WireObject>(_ name: String, _ object: Object) {
        self.init(name, object) { _ in }
    }

    /// With a check of what lies inside as bytes.
    init<Object: WireObject>(_ name: String, _ object: Object, inside: @escaping @Sendable (Object) throws -> Void) {
        self.name = name
        bytes = object.encoded
        again = { bytes in
            let object = try Object(decoding: bytes)
            try inside(object)
            return object.encoded
        }
    }

    /// Bytes that are made and never read as an object of their own.
    init<Object: WireObject>(_ name: String, _ bytes: [UInt8], as reader: Object.Type) {
        self.name = name
        self.bytes = bytes
        again = { try Object(decoding: $0).encoded }
    }

    /// A signed object whose body is a `Body`.
    init<Body: WireObject>(_ name: String, _ object: SignedObject, of body: Body.Type) {
        self.init(name, object) { object in _ = try Body(decoding: object.body) }
    }

    /// The folder of the golden files.
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Genesis/golden")

    /// True when this run writes the files instead of comparing.
    static let isWriting = ProcessInfo.processInfo.environment["SOTTO_WRITE_GOLDEN"] == "1"

    /// Compares with the file of this name, or writes it.
    static func compare(_ bytes: [UInt8], with name: String) throws {
        let file = folder.appendingPathComponent(name)
        if isWriting {
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(bytes).write(to: file)
        }
        #expect(try [UInt8](Data(contentsOf: file)) == bytes, "\(name) is another: see SOTTO_WRITE_GOLDEN")
    }

    /// Every golden object.
    static let all: [Golden] =
        threshold + genesis + operations + ledger + state + consensus + network + calls + recordings + rights + numbers
        + holders + storage + signer
}
