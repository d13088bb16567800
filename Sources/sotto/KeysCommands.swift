internal import Crypto
internal import FoundationEssentials
internal import Ledger
internal import Node
internal import Primitives
internal import RPC
internal import Wire

/// `sotto init`: a data directory for a new member.
enum InitCommand {
    static let command = Command(
        "init", "Make a data directory and keys for a new member of a network.",
        description: """
            Copies the genesis document, draws the member's keys and writes its registration. The member takes part once
            a registrar has admitted the registration: sotto member admit. A person needs no name; a node may have one.
            """,
        flags: [
            .init("--genesis", "FILE", "The network's genesis.cbor."),
            .init("--role", "ROLE", "person (default) or node."),
            .init("--name", "NAME", "A public name, for nodes only."),
            .init("--node", "URL", "The home node, written into sotto.conf."),
            .init("--passphrase-file", "FILE", "Seal the keys under the passphrase in this file."),
        ],
        example: "sotto init --home ./alice --genesis ./network/genesis.cbor --node http://127.0.0.1:7440"
    ) { invocation throws(CommandError) in
        let home = try HomeFiles(invocation)
        let source = try invocation.required("--genesis", "FILE")
        guard let data = try? Data(contentsOf: URL(filePath: source)) else {
            throw CommandError(.usage, "cannot read \(source)")
        }
        guard let genesis = try? Genesis(decoding: [UInt8](data)),
            SignatureVerifier().verified(genesis, in: ()) != nil
        else { throw CommandError(.usage, "\(source) is no genesis document") }
        let roles: Roles
        switch invocation.flag("--role") ?? "person" {
        case "person": roles = .person
        case "node": roles = .node
        default: throw CommandError(.usage, "--role takes person or node")
        }
        var hash = SHA256()
        let chain = genesis.chain(with: &hash)
        let passphrase = try Self.passphrase(invocation)
        try home.make()
        try home.write("genesis.cbor", genesis.encoded)
        try home.write("genesis.json", TestnetFiles.readable(genesis, chain))
        if let node = invocation.flag("--node") {
            try home.write(Settings.fileName, Array("client.node = \(node)\n".utf8))
        }
        let keys = NodeKeys(sign: .generate(), link: .generate(), agreement: .generate())
        let isNode = roles.contains(.node)
        let publicKeys = MemberKeys(
            sign: keys.sign.publicKey, agreement: keys.agreement.publicKey, link: isNode ? keys.link.publicKey : nil)
        let body = Registration(
            keys: publicKeys, roles: roles, name: isNode ? invocation.flag("--name") ?? "" : "",
            salt: SecureRandom.bytes(count: Registration.saltByteCount)
        ).encoded
        guard let registration = try? SignedRegistration(keys.sign.sign(.registration, chain: chain, body: body)) else {
            throw CommandError(.usage, "--name is too long", hint: "at most \(Registration.nameByteCountMax) bytes")
        }
        try home.write("registration.cbor", registration.encoded)
        if isNode {
            try KeyFiles.write(keys, to: home, passphrase: passphrase)
        } else {
            try KeyFiles.write(
                DeviceKeys(sign: keys.sign, agreement: keys.agreement), to: home, passphrase: passphrase)
        }
        let member = registration.memberID(with: &hash)
        if invocation.wantsJSON {
            return Output.json([
                "member": .string(member.hex), "did": .string(member.text(chain: chain)), "home": .string(home.path),
            ])
        }
        Output.line(member.text(chain: chain))
        Output.note("not a member yet: sotto member admit \(home.path)/registration.cbor --home REGISTRAR")
    }

    static func passphrase(_ invocation: Invocation) throws(CommandError) -> [UInt8]? {
        guard let file = invocation.flag("--passphrase-file") else { return Passphrase.current }
        guard let passphrase = Passphrase.read(file) else {
            throw CommandError(.usage, "\(file) holds no passphrase")
        }
        return passphrase
    }
}

/// `sotto keys new|show|export`.
enum KeysCommands {
    static let new = Command(
        "keys new", "Draw a fresh pair of keys into a file each.",
        description: """
            Draws an Ed25519 signing key and an X25519 agreement key into DIRECTORY/keys, as sotto member rotate takes
            them. Files are 0600; with a passphrase they are sealed by Argon2id and AES-256-GCM.
            """,
        arguments: [.init("DIRECTORY", "where to write; made if it is not there")],
        flags: [.init("--passphrase-file", "FILE", "Seal the keys under the passphrase in this file.")],
        example: "sotto keys new ./alice/next"
    ) { invocation throws(CommandError) in
        let home = HomeFiles(try invocation.required(0, "DIRECTORY"))
        try home.make()
        let keys = DeviceKeys(sign: .generate(), agreement: .generate())
        try KeyFiles.write(keys, to: home, passphrase: try InitCommand.passphrase(invocation))
        show(keys, nil, nil, invocation)
    }

    static let show = Command(
        "keys show", "Print the public keys and ids of a data directory.",
        description: "Prints nothing secret. Needs the passphrase when the keys are sealed (SOTTO_PASSPHRASE_FILE).",
        example: "sotto keys show --home ./alice"
    ) { invocation throws(CommandError) in
        let home = try HomeFiles(invocation)
        let chain = home.exists("genesis.cbor") ? try home.rules().chain : nil
        let member = home.exists("registration.cbor") ? try home.member() : nil
        var log: NoteKey?
        if let chain, home.exists(HomeFiles.KeyName.log.file) {
            var hash = SHA256()
            log = NoteKey(name: LogCheckpoint.origin(of: chain), key: try home.logKey().publicKey, with: &hash)
        }
        show(try home.deviceKeys(), member.flatMap { member in chain.map { ($0, member) } }, log, invocation)
    }

    static let export = Command(
        "keys export", "Copy the key files under another passphrase, or under none.",
        description: """
            Opens the keys of the data directory and writes them to DIRECTORY/keys, sealed under --passphrase-file, or
            open when it is not given. For a move to another device: whoever has the files speaks for the member.
            """,
        arguments: [.init("DIRECTORY", "where to write; made if it is not there")],
        flags: [
            .init("--passphrase-file", "FILE", "Seal the copies under the passphrase in this file."),
            .init(
                "--pem", "Write keys/sign.pem as well: the signing key in PKCS#8, unsealed, to bring it into a token."),
        ],
        example: "sotto keys export ./backup --passphrase-file ./passphrase --home ./alice"
    ) { invocation throws(CommandError) in
        let home = try HomeFiles(invocation)
        let target = HomeFiles(try invocation.required(0, "DIRECTORY"))
        let passphrase = invocation.flag("--passphrase-file") == nil ? nil : try InitCommand.passphrase(invocation)
        try target.make()
        for name in HomeFiles.KeyName.allCases where home.exists(name.file) {
            try target.writeKey(name, try home.key(name), passphrase: passphrase)
            Output.line("\(target.path)/\(name.file)")
        }
        guard invocation.has("--pem") else { return }
        let key = SigningKey(seed: try home.key(.sign))
        try target.write("keys/sign.pem", Array(key.withSeed { PrivateKeyText.pem(ed25519: $0) }.utf8))
        Output.line("\(target.path)/keys/sign.pem")
    }

    private static func show(
        _ keys: DeviceKeys, _ member: (ChainID, MemberID)?, _ log: NoteKey?, _ invocation: Invocation
    ) {
        var rows = [("sign", keys.sign.publicKey.hex), ("agreement", keys.agreement.publicKey.hex)]
        if let log { rows.append(("log", log.text)) }
        if let (chain, id) = member { rows = [("did", id.text(chain: chain)), ("member", id.hex)] + rows }
        if invocation.wantsJSON {
            return Output.json(.object(rows.map { JSONValue.Member($0.0, .string($0.1)) }))
        }
        Output.line(Table.plain(rows.map { [$0.0, $0.1] }))
    }
}

/// A private key as other programs read it.
enum PrivateKeyText {
    /// PKCS#8 of an Ed25519 seed (RFC 8410), in PEM.
    static func pem(ed25519 seed: Span<UInt8>) -> String {
        // SEQUENCE { INTEGER 0, SEQUENCE { OID 1.3.101.112 }, OCTET STRING { OCTET STRING of 32 bytes } }
        let head: [UInt8] = [
            0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
        ]
        let body = Data(head + seed.indices.map { seed[$0] }).base64EncodedString()
        return "-----BEGIN PRIVATE KEY-----\n\(body)\n-----END PRIVATE KEY-----\n"
    }
}
