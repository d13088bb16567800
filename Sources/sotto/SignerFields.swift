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

    /// Whether the key lies in the data directory.
    static func isFile(_ values: SettingsValues) throws(CommandError) -> Bool {
        if case .file = try place(values.text("signer")) { true } else { false }
    }

    /// The member's keys for a command, with the signing key where the settings say, unless it lies in the directory.
    static func deviceKeys(_ invocation: Invocation, _ home: HomeFiles) throws(CommandError) -> DeviceKeys {
        if home.exists(HomeFiles.KeyName.sign.file) { return try home.deviceKeys() }
        let signer: any VoteSigning
        switch try place(try Settings.read(invocation).text("signer")) {
        case .file: return try home.deviceKeys()
        case .token(let uri): signer = LocalSigner(try TokenFields.key(uri))
        case .socket(let path):
            guard let key = try? SocketSigner.key(at: path) else {
                throw CommandError(.unreachable, "no sotto signer answers at \(path)", hint: "is it running?")
            }
            signer = SocketSigner(path: path, publicKey: key)
        }
        return DeviceKeys(signing: StatementSigning(signer), agreement: AgreementSecret(try home.key(.agreement)))
    }

    /// The keys of a node, with the signing key where the settings say.
    static func keys(_ values: SettingsValues, _ home: HomeFiles, on chain: ChainID) throws(CommandError) -> RuntimeKeys
    {
        let link = SigningKey(seed: try home.key(.link))
        let agreement = AgreementSecret(try home.key(.agreement))
        switch try place(values.text("signer")) {
        case .file:
            let signer = try local(SoftwareKey(SigningKey(seed: try home.key(.sign))), home, [chain])
            return RuntimeKeys(
                votes: signer, other: try other(than: signer.publicKey, home, chain), link: link, agreement: agreement
            ) { find($0, home, chain) }
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

    /// While a validator changes its key: the one that it votes with later, or did before.
    private static func other(
        than key: PublicKey, _ home: HomeFiles, _ chain: ChainID
    ) throws(CommandError) -> LocalSigner? {
        for name in [HomeFiles.KeyName.signNext, .signOld] where home.exists(name.file) {
            let other = SigningKey(seed: try home.key(name))
            if other.publicKey != key { return try local(SoftwareKey(other), home, [chain]) }
        }
        return nil
    }

    /// A key that the ledger names, among those that lie in the data directory by now.
    private static func find(_ key: PublicKey, _ home: HomeFiles, _ chain: ChainID) -> LocalSigner? {
        for name in [HomeFiles.KeyName.signNext, .sign] where home.exists(name.file) {
            do throws(CommandError) {
                let found = SigningKey(seed: try home.key(name))
                if found.publicKey == key { return try local(SoftwareKey(found), home, [chain]) }
            } catch {
                continue  // Sealed under another passphrase, or damaged: as good as not there.
            }
        }
        return nil
    }

    /// A key in this process, with its memory in the data directory's `keys`.
    static func local(
        _ key: any KeyHolding, _ home: HomeFiles, _ chains: [ChainID], policy: SigningPolicy = .everything
    ) throws(CommandError) -> LocalSigner {
        // Each key of a member has a memory of its own. That of the first, or of a key alone in its directory, has the
        // plain name.
        var isFirst = true
        if home.exists("registration.cbor") { isFirst = try home.registeredKey() == key.publicKey }
        let path = home.signerMemoryPath + (isFirst ? "" : "-" + key.publicKey.hex.prefix(12))
        do throws(SignerMemoryError) {
            return try LocalSigner(key, memory: path, chains: chains, policy: policy)
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
