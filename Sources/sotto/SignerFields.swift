internal import Crypto
internal import EventLoop
internal import Node
internal import Primitives
internal import RPC

/// Where a node's signing key lies, as the setting `signer` says it.
enum SignerFields {
    static let all = [
        SettingsField(
            "signer", .text, default: "file",
            "Where the key lies that signs votes and statements: file is keys/sign.key in the data directory; "
                + "socket:PATH is a `sotto signer` on this machine; pkcs11:… is a token (RFC 7512), as "
                + "pkcs11:token=sotto;object=validator?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=/etc/pin."
        )
    ]

    enum Place {
        case file
        case socket(String)
        case token(String)
    }

    static func place(_ text: String) throws(CommandError) -> Place {
        if text == "file" { return .file }
        if text.hasPrefix("pkcs11:") { return .token(text) }
        guard text.hasPrefix("socket:") else {
            throw CommandError(
                .settings, "signer: \(text) is neither file nor socket:PATH nor pkcs11:…",
                hint: "sotto settings template explains it")
        }
        let path = String(text.dropFirst("socket:".count))
        guard UnixSocket.isPath(path) else {
            throw CommandError(
                .settings, "signer: the path of a socket has 1 to \(UnixSocket.pathByteCountMax) bytes")
        }
        return .socket(path)
    }

    /// The keys of a node, with the signing key where the settings say.
    static func keys(_ values: SettingsValues, _ home: HomeFiles, on chain: ChainID) throws(CommandError) -> RuntimeKeys
    {
        let link = SigningKey(seed: try home.key(.link))
        let agreement = AgreementSecret(try home.key(.agreement))
        switch try place(values.text("signer")) {
        case .file:
            let signer = try local(SoftwareKey(SigningKey(seed: try home.key(.sign))), home, [chain])
            return RuntimeKeys(votes: signer, link: link, agreement: agreement)
        case .token(let uri):
            let signer = try local(try TokenFields.key(uri), home, [chain])
            return RuntimeKeys(votes: signer, link: link, agreement: agreement)
        case .socket(let path):
            // One that does not run yet is waited for: the node starts, and votes once it answers.
            let key: PublicKey
            if let answer = try? SocketSigner.key(at: path) { key = answer } else { key = try home.registeredKey() }
            return RuntimeKeys(
                votes: SocketSigner(path: path, publicKey: key),
                statements: SocketSigner(path: path, publicKey: key), link: link, agreement: agreement)
        }
    }

    /// A key in this process, with its memory in the data directory's `keys`.
    static func local(
        _ key: any KeyHolding, _ home: HomeFiles, _ chains: [ChainID], policy: SigningPolicy = .everything
    ) throws(CommandError) -> LocalSigner {
        do throws(SignerMemoryError) {
            return try LocalSigner(key, memory: home.signerMemoryPath, chains: chains, policy: policy)
        } catch {
            throw explain(error)
        }
    }

    static func explain(_ error: SignerMemoryError) -> CommandError {
        switch error {
        case .file(let path, .locked):
            CommandError("\(path) is in use", hint: "another node or sotto signer uses this key; one is enough")
        case .file(let path, .permissionDenied):
            CommandError(.settings, "\(path) may not be written", hint: "it belongs to the user that runs the signer")
        case .file(let path, _): CommandError("\(path) cannot be written", hint: "is the disk full?")
        case .damaged(let path):
            CommandError(
                .settings, "\(path), the memory of what the key signed, is damaged",
                hint: "restore it, or move it away and start only when the network is well past what was signed: "
                    + "the node takes over what its store remembers")
        case .otherKey(let path):
            CommandError(
                .settings, "\(path) is the memory of another key or network",
                hint: "move it away if the key was replaced")
        }
    }
}
