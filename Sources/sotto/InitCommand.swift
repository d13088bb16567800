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
            A validator is a node that may be voted in: sotto validator prove, sotto validator propose. With --key a
            signing key that lies in a token, and perhaps was born there, is registered; it never leaves the token.
            """,
        flags: [
            .init("--genesis", "FILE", "The network's genesis.cbor."),
            .init("--role", "ROLE", "person (default), node or validator."),
            .init("--name", "NAME", "A public name, for nodes only."),
            .init("--node", "URL", "The home node, written into sotto.conf."),
            .init("--key", "KEY", "file (default) to draw the signing key; or a pkcs11: URI, for nodes only."),
            .init("--passphrase-file", "FILE", "Seal the keys under the passphrase in this file."),
        ],
        example: "sotto init --home ./alice --genesis ./network/genesis.cbor --node http://127.0.0.1:7440"
    ) { invocation throws(CommandError) in
        let home = try HomeFiles(invocation)
        let genesis = try genesis(invocation)
        let roles = try roles(invocation)
        let isNode = roles.contains(.node)
        var hash = SHA256()
        let chain = genesis.chain(with: &hash)
        let passphrase = try Self.passphrase(invocation)
        let (drawn, key, place) = try signingKey(invocation, isNode: isNode)
        let (link, agreement) = (SigningKey.generate(), AgreementSecret.generate())
        let registration = try register(
            Registration(
                keys: MemberKeys(
                    sign: key.publicKey, agreement: agreement.publicKey, link: isNode ? link.publicKey : nil),
                roles: roles, name: isNode ? invocation.flag("--name") ?? "" : "",
                salt: SecureRandom.bytes(count: Registration.saltByteCount)), key, chain)
        try home.make()
        try home.write("genesis.cbor", genesis.encoded)
        try home.write("genesis.json", TestnetFiles.readable(genesis, chain))
        var settings = invocation.flag("--node").map { "client.node = \($0)\n" } ?? ""
        if let place { settings += "signer = \(place)\n" }
        if !settings.isEmpty { try home.write(Settings.fileName, Array(settings.utf8)) }
        try home.write("registration.cbor", registration.encoded)
        try KeyFiles.write(sign: drawn, agreement: agreement, to: home, passphrase: passphrase)
        if isNode { try home.writeKey(.link, try KeyFiles.copy(link), passphrase: passphrase) }
        let member = registration.memberID(with: &hash)
        if invocation.wantsJSON {
            return Output.json([
                "member": .string(member.hex), "did": .string(member.text(chain: chain)), "home": .string(home.path),
            ])
        }
        Output.line(member.text(chain: chain))
        Output.note("not a member yet: sotto member admit \(home.path)/registration.cbor --home REGISTRAR")
    }

    private static func genesis(_ invocation: Invocation) throws(CommandError) -> Genesis {
        let source = try invocation.required("--genesis", "FILE")
        guard let data = try? Data(contentsOf: URL(filePath: source)) else {
            throw CommandError(.usage, "cannot read \(source)")
        }
        guard let genesis = try? Genesis(decoding: [UInt8](data)),
            SignatureVerifier().verified(genesis, in: ()) != nil
        else { throw CommandError(.usage, "\(source) is no genesis document") }
        return genesis
    }

    private static func roles(_ invocation: Invocation) throws(CommandError) -> Roles {
        switch invocation.flag("--role") ?? "person" {
        case "person": return .person
        case "node": return .node
        case "validator": return [.validator, .node]
        default: throw CommandError(.usage, "--role takes person, node or validator")
        }
    }

    /// The key to register, drawn here or not, and what the setting `signer` says of it.
    private static func signingKey(
        _ invocation: Invocation, isNode: Bool
    ) throws(CommandError) -> (drawn: SigningKey?, key: any KeyHolding, place: String?) {
        let name = invocation.flag("--key") ?? "file"
        if name == "file" {
            let drawn = SigningKey.generate()
            return (drawn, SoftwareKey(drawn), nil)
        }
        guard name.hasPrefix("pkcs11:") else { throw CommandError(.usage, "--key takes file or a pkcs11: URI") }
        guard isNode else {
            throw CommandError(
                .usage, "a person's key cannot lie in a token",
                hint: "a device signs with it all through a call; --role node or validator")
        }
        return (nil, try TokenFields.key(name), name)
    }

    private static func register(
        _ registration: Registration, _ key: any KeyHolding, _ chain: ChainID
    ) throws(CommandError) -> SignedRegistration {
        let body = registration.encoded
        let signature: Signature
        do throws(SigningRefusal) {
            signature = try key.held(SigningKind.registration.preimage(chain: chain, body: body))
        } catch {
            throw CommandError(.settings, "the token does not sign", hint: "is it there, and its PIN right?")
        }
        guard
            let signed = try? SignedRegistration(SignedObject(key: key.publicKey, signature: signature, body: body))
        else {
            throw CommandError(.usage, "--name is too long", hint: "at most \(Registration.nameByteCountMax) bytes")
        }
        return signed
    }

    static func passphrase(_ invocation: Invocation) throws(CommandError) -> [UInt8]? {
        guard let file = invocation.flag("--passphrase-file") else { return Passphrase.current }
        guard let passphrase = Passphrase.read(file) else {
            throw CommandError(.usage, "\(file) holds no passphrase")
        }
        return passphrase
    }
}
