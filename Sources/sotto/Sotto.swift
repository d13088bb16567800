internal import EventLoop
internal import Glibc

/// The one program that a user installs.
@main
struct Sotto {
    static let version = "0.1.0"

    /// Synchronous, since signals must be blocked before a second thread exists, and an asynchronous entry has some.
    static func main() {
        SignalWatch.block([.interrupt, .terminate])
        // Ends with the program.
        Task.detached { exit(await run(Array(CommandLine.arguments.dropFirst())).rawValue) }
        while true { pause() }
    }

    private static func run(_ words: [String]) async -> ExitCode {
        do throws(CommandError) {
            switch try ArgumentParser(commands: Commands.all).parse(words) {
            case .help(let page): Output.write(page)
            case .run(let command, let invocation): try await command.run(invocation)
            }
            return .success
        } catch {
            Output.report(error)
            return error.code
        }
    }
}
