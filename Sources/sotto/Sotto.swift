internal import Glibc

/// The one program that a user installs.
@main
struct Sotto {
    static let version = "0.1.0"

    static func main() async {
        let code = await run(Array(CommandLine.arguments.dropFirst()))
        exit(code.rawValue)
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
