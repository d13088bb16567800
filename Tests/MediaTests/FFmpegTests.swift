import Foundation
import Media
import Testing

/// Reads and writes against a program nobody here wrote.
@Suite(.serialized) struct FFmpegTests {
    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "sotto-webm-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    /// Runs a program of the path and gives what it wrote to stdout and stderr together.
    private func run(_ arguments: [String]) throws -> (status: Int32, output: String) {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = arguments
        process.currentDirectoryURL = folder
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }

    @Test("WM-7: ffmpeg decodes what is written here, picture for picture", .timeLimit(.minutes(1)))
    func ffmpegAgrees() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let version = try run(["ffmpeg", "-version"])
        #expect(version.status == 0, "install ffmpeg to run this test")
        let source = "-f lavfi -i testsrc2=size=640x360:rate=25 -f lavfi -i sine=sample_rate=48000 -t 3"
        let codecs = "-c:v libvpx -deadline realtime -cpu-used 8 -b:v 400k -g 25 -c:a libopus"
        let command = "ffmpeg -v error \(source) \(codecs) in.webm"
        let made = try run(command.split(separator: " ").map { String($0) })
        #expect(made.status == 0, "\(made.output)")
        let input = [UInt8](try Data(contentsOf: folder.appending(path: "in.webm")))
        let (tracks, frames, _) = try readWebM(input, chunk: 65_536)
        #expect(frames.filter { $0.track == 1 }.count == 75)
        let wanted = try run(["ffmpeg", "-v", "error", "-i", "in.webm", "-f", "framemd5", "-"]).output
        for mode in [WebMWriter.Mode.file, .stream] {
            let output = try writeWebM(tracks, frames, mode)
            #expect(try readWebM(output).frames == frames)
            try Data(output).write(to: folder.appending(path: "out.webm"))
            let decoded = try run(["ffmpeg", "-v", "warning", "-i", "out.webm", "-f", "null", "-"])
            #expect(decoded.status == 0)
            #expect(decoded.output == "")
            #expect(try run(["ffmpeg", "-v", "error", "-i", "out.webm", "-f", "framemd5", "-"]).output == wanted)
        }
    }
}
