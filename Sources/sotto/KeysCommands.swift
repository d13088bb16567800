internal import Crypto
internal import FoundationEssentials
internal import Ledger
internal import Node
internal import Primitives
internal import RPC
internal import Wire

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
        let (sign, agreement) = (SigningKey.generate(), AgreementSecret.generate())
        let passphrase = try InitCommand.passphrase(invocation)
        try KeyFiles.write(sign: sign, agreement: agreement, to: home, passphrase: passphrase)
        show(DeviceKeys(sign: sign, agreement: agreement), nil, nil, invocation)
    }

    static let show = Command(
        "keys show", "Print the public keys and ids of a data directory.",
        description: """
            Prints nothing secret. Needs the passphrase when the keys are sealed (SOTTO_PASSPHRASE_FILE). Where the
            setting signer names a token or a sotto signer, that is asked for the signing key.
            """,
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
        let keys = try SignerFields.deviceKeys(invocation, home)
        show(keys, member.flatMap { member in chain.map { ($0, member) } }, log, invocation)
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
