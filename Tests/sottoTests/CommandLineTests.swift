import Testing

@Suite(.timeLimit(.minutes(1)))
struct CommandLineTests {
    @Test("the version is printed, for people and for programs")
    func version() async throws {
        try await Script(
            """
            $ sotto version
            sotto 0.1.0
            $ sotto --version
            sotto 0.1.0
            $ sotto version --json
            {"version":"0.1.0"}
            """
        ).run()
    }

    @Test("what is not understood is an error with a hint and exit code 2")
    func usage() async throws {
        try await Script(
            """
            $ sotto vresion
            2> sotto: error: there is no command vresion
            2> sotto: hint: did you mean: sotto version
            ? 2
            $ sotto xyzzy
            2> sotto: error: there is no command xyzzy
            2> sotto: hint: sotto help lists the commands
            ? 2
            $ sotto rpc
            2> sotto: error: rpc needs a verb
            2> sotto: hint: try: sotto rpc call, sotto rpc methods
            ? 2
            $ sotto rpc cal
            2> sotto: error: rpc has no verb cal
            2> sotto: hint: did you mean: sotto rpc call
            ? 2
            $ sotto rpc call
            2> sotto: error: rpc call needs METHOD
            2> sotto: hint: sotto rpc call --help shows what it takes
            ? 2
            $ sotto rpc call a.b [] extra
            2> sotto: error: rpc call does not take extra
            2> sotto: hint: sotto rpc call --help shows what it takes
            ? 2
            $ sotto rpc call a.b --tiemout 3
            2> sotto: error: rpc call has no flag --tiemout
            2> sotto: hint: did you mean: --timeout
            ? 2
            $ sotto rpc call a.b --timeout
            2> sotto: error: --timeout needs SECONDS
            ? 2
            $ sotto rpc call a.b --timeout 1 --timeout=2
            2> sotto: error: --timeout stands twice
            ? 2
            $ sotto version --json=yes
            2> sotto: error: --json takes no value
            ? 2
            $ sotto rpc call a.b {height}
            2> sotto: error: PARAMS is not JSON
            2> sotto: hint: quote it: '{"height": 12}'
            ? 2
            $ sotto rpc call a.b 7
            2> sotto: error: PARAMS must be a JSON object or array
            ? 2
            $ sotto rpc call a.b --node ftp://x
            2> sotto: error: ftp://x is no http or https URL
            ? 2
            """
        ).run()
    }

    @Test("help shows usage, flags and an example")
    func help() async throws {
        try await Script(
            """
            $ sotto help version
            Prints the version of this program.

            Usage:
              sotto version [--flag value]…

            Flags:
              --json            Print JSON for programs instead of text for people.
              --home DIRECTORY  The data directory. Default ~/.sotto, or SOTTO_HOME.
              --help            Show this page.

            Example:
              sotto version
              sotto 0.1.0
            $ sotto rpc --help
            Ask a node directly.

            Commands:
              sotto rpc call     Call a method of a node and print its result.
              sotto rpc methods  List the methods of a node.
            """
        ).run()
    }

    @Test("a node that cannot be reached gives exit code 3")
    func unreachable() async throws {
        try await Script(
            """
            $ sotto rpc call rpc.identity --node http://127.0.0.1:1
            2> sotto: error: cannot reach http://127.0.0.1:1
            2> sotto: hint: is the node running? sotto start, or --node URL
            ? 3
            """
        ).run()
    }
}
