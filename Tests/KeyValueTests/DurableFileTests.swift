import KeyValue
import Testing

struct DurableFileTests {
    @Test("A file gives back what was written, fewer bytes at its end, and zeros where it was cleared")
    func reading() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/file"
        #expect(throws: KeyValueError.missing) { try DurableFile(path: path, for: .reading) }
        let file = try DurableFile(path: path, for: .writing)
        try file.write([UInt8](repeating: 7, count: 10_000), at: 0)
        try file.write([1, 2, 3], at: 10_000)
        try file.sync()
        #expect(try file.byteCount() == 10_003)
        #expect(try file.read(at: 9_999, count: 100) == [7, 1, 2, 3])
        try file.clear(at: 10, count: 9_000)
        #expect(try file.read(at: 9, count: 3) == [7, 0, 0])
        #expect(try file.read(at: 9_009, count: 2) == [0, 7])
        #expect(try file.byteCount() == 10_003)
        try file.truncate(to: 5)
        let reader = try DurableFile(path: path, for: .reading)
        #expect(try reader.read(at: 0, count: 9) == [7, 7, 7, 7, 7])
        #expect(throws: KeyValueError.inputOutput) { try reader.write([1], at: 0) }
    }

    @Test("Directories are made, listed, renamed, exchanged and removed with all that is in them")
    func directories() throws {
        let directory = try TemporaryDirectory()
        let (first, second) = (directory.path + "/first", directory.path + "/second")
        for path in [first, second] {
            try DurableDirectory.make(path)
            try DurableDirectory.make(path)
            try DurableDirectory.make(path + "/inner")
            try DurableFile(path: path + "/inner/" + path.suffix(5).filter { $0 != "/" }, for: .writing).sync()
        }
        try DurableDirectory.exchange(first, second)
        #expect(DurableDirectory.names(in: first + "/inner") == ["econd"])
        try DurableDirectory.remove(second)
        #expect(!DurableDirectory.exists(second))
        #expect(DurableDirectory.names(in: second) == [])
        try DurableDirectory.remove(second)
        try DurableDirectory.rename(first, to: second)
        #expect(DurableDirectory.names(in: directory.path) == ["second"])
        let file = try DurableFile(path: second + "/inner/content", for: .writing)
        try file.write([UInt8](repeating: 9, count: 9_000), at: 0)
        try file.sync()
        #expect(DurableDirectory.byteCount(of: second) >= 9_000)
    }
}
