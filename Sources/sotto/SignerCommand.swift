internal import Crypto
internal import EventLoop
internal import Node
internal import Primitives

/// `sotto signer`: holds a validator's key in a process of its own.
enum SignerCommand {
    static let command = Command(
        "signer", "Hold a validator's signing key in a process of its own.",
        description: """
            Opens the key, listens on a Unix socket and signs what the node of the same machine asks for: votes,
            proposals, and what a node says as a member; never the replacement of the key. It remembers every vote,
            durably and before the signature leaves, and refuses what contradicts one, whatever the node has forgotten.
            Only processes of the signer's own user may ask, and of users named by --allow-user. Its memory lies in the
            data directory, keys/signer-state-CHAIN: it must never be restored from a backup. The node's own
            sotto.conf then says signer = socket:PATH, and its keys/sign.key can be taken off that machine's disk.
            """,
        flags: [
            .init("--listen", "PATH", "The socket to listen on. Default signer.sock in the data directory."),
            .init("--key", "KEY", "file (default) for keys/sign.key of the data directory, or a pkcs11: URI."),
            .init("--allow-user", "UID", "A user, by number, whose processes may ask too."),
            .init("--passphrase-file", "FILE", "Holds the passphrase of a sealed key file."),
        ],
        example: "sotto signer --home ./signer --listen /run/sotto/signer.sock"
    ) { invocation throws(CommandError) in
        let home = try HomeFiles(invocation)
        let path = invocation.flag("--listen") ?? home.path + "/signer.sock"
        guard UnixSocket.isPath(path) else {
            throw CommandError(.usage, "--listen takes a path of 1 to \(UnixSocket.pathByteCountMax) bytes")
        }
        let key = try key(invocation, home)
        let signer = try SignerFields.local(key, home, [], policy: .node)
        let users = try users(invocation)
        let stop = try StopSignal()
        let loop: EpollLoop
        do throws(SocketError) {
            loop = try EpollLoop(name: "signer")
        } catch {
            throw CommandError("no thread for the signer: \(error)")
        }
        let log = NodeFields.log(try Settings.read(invocation))
        let server = SignerServer(on: loop, signer: signer, path: path, users: users, log: log)
        do {
            try await server.start()
        } catch let error as SocketError {
            throw explain(error, path)
        } catch {
            throw CommandError("\(path) cannot be listened on")
        }
        Output.note("signer \(signer.publicKey.hex.prefix(12)) socket=\(path)")
        await stop.wait()
        Output.note("stopping")
        await server.stop()
    }

    private static func key(_ invocation: Invocation, _ home: HomeFiles) throws(CommandError) -> any KeyHolding {
        let name = invocation.flag("--key") ?? "file"
        if name.hasPrefix("pkcs11:") { return try TokenFields.key(name) }
        guard name == "file" else {
            throw CommandError(.usage, "--key takes file or a pkcs11: URI", hint: "the file is keys/sign.key of --home")
        }
        let passphrase = try InitCommand.passphrase(invocation)
        return SoftwareKey(SigningKey(seed: try home.key(.sign, passphrase: passphrase)))
    }

    private static func users(_ invocation: Invocation) throws(CommandError) -> Set<UInt32> {
        guard let text = invocation.flag("--allow-user") else { return [] }
        guard let user = UInt32(text) else {
            throw CommandError(.usage, "--allow-user takes a user's number", hint: "id --user NAME prints it")
        }
        return [user]
    }

    private static func explain(_ error: SocketError, _ path: String) -> CommandError {
        switch error {
        case .addressInUse:
            CommandError("another process listens on \(path)", hint: "one signer for one key is enough")
        case .permissionDenied:
            CommandError("\(path) may not be made", hint: "the directory must belong to the user that runs the signer")
        case .addressNotAvailable: CommandError("the directory of \(path) is not there", hint: "make it, mode 0700")
        default: CommandError("\(path) cannot be listened on: \(error)")
        }
    }
}
