internal import Crypto
internal import Ledger
internal import Node
internal import Primitives
internal import Wire

/// `sotto member rotate`: other keys in the place of a member's, on the ledger and in its data directory.
///
/// A validator votes with the old key until its validator epoch ends. So its new key lies beside the old one, as
/// `keys/sign.next.key`, before the ledger hears of it: a running node takes it from there with the block that names
/// it. Afterwards the new key is `keys/sign.key` and the old one `keys/sign.old.key`, and a node holds both.
struct KeyRotation {
    let home: HomeFiles
    let next: HomeFiles
    let client: HomeClient

    struct Outcome {
        /// Nil when the ledger had the key already.
        let transaction: TransactionOutcome?
        /// The last height at which a validator votes with the old key; nil when it does not any more.
        let lastHeight: Height?
    }

    func run() async throws(CommandError) -> Outcome {
        let keys = try next.deviceKeys()
        let entry = try await explained { () async throws(HomeError) in try await client.memberEntry(client.member) }
        guard let entry else {
            throw CommandError(.refused, "the ledger does not know this member", hint: "sotto member admit")
        }
        if entry.roles.contains(.validator) { return try await rotateValidator(keys, entry) }
        let publicKeys = MemberKeys(
            sign: keys.sign.publicKey, agreement: keys.agreement.publicKey, link: entry.keys.link)
        let outcome = try await submit(publicKeys, keys.sign)
        for name in [HomeFiles.KeyName.sign, .agreement] {
            try home.write("keys/\(name.rawValue).old.key", try home.read(name.file), replacing: true)
            try home.write(name.file, try next.read(name.file), replacing: true)
        }
        return Outcome(transaction: outcome, lastHeight: nil)
    }

    // MARK: Validators

    private func rotateValidator(_ keys: DeviceKeys, _ entry: MemberEntry) async throws(CommandError) -> Outcome {
        let key = keys.sign.publicKey
        let (current, record) = try await validators()
        // Interrupted after the ledger had it: what is left is to put the files in their places.
        if entry.keys.sign == key {
            try settle()
            return Outcome(transaction: nil, lastHeight: try await lastHeight(before: key))
        }
        if let voting = current.entry(of: client.member)?.key, voting != entry.keys.sign {
            throw CommandError(
                .refused, "this validator has changed its key in this validator epoch already",
                hint: "again after height \(record.epochEnd): sotto validator list")
        }
        let held = try home.deviceKeys().sign.publicKey
        guard held == entry.keys.sign else {
            throw CommandError(
                .settings, "\(home.path)/keys/sign.key is not the key that the ledger has for this member",
                hint: "sotto keys show prints it; the ledger's is \(entry.keys.sign.hex)")
        }
        try home.write(HomeFiles.KeyName.signNext.file, try next.read(HomeFiles.KeyName.sign.file), replacing: true)
        // Agreement and link key prove the running node to its peers, and stay.
        let publicKeys = MemberKeys(sign: key, agreement: entry.keys.agreement, link: entry.keys.link)
        let outcome = try await submit(publicKeys, keys.sign)
        try settle()
        return Outcome(transaction: outcome, lastHeight: try await lastHeight(before: key))
    }

    /// The last height that another key than `key` votes on; nil when that is past, or the member has no vote.
    private func lastHeight(before key: PublicKey) async throws(CommandError) -> Height? {
        let (current, record) = try await validators()
        guard let voting = current.entry(of: client.member)?.key, voting != key else { return nil }
        return record.epochEnd
    }

    /// Who decides at the newest record, and that record.
    private func validators() async throws(CommandError) -> (ValidatorList, Record) {
        let fact = try await explained { () async throws(HomeError) in try await client.fact(StateKey(.validators)) }
        guard let bytes = fact.value, let list = try? ValidatorList(decoding: bytes) else {
            throw CommandError(.refused, "the ledger holds no validators", hint: "is the node of this version?")
        }
        return (list, fact.record)
    }

    /// The new key takes the old one's place; a node that starts in between finds both all the same.
    private func settle() throws(CommandError) {
        guard home.exists(HomeFiles.KeyName.signNext.file) else { return }
        try home.write(
            HomeFiles.KeyName.signOld.file, try home.read(HomeFiles.KeyName.sign.file), replacing: true)
        try home.move(HomeFiles.KeyName.signNext.file, to: HomeFiles.KeyName.sign.file)
    }

    // MARK: Ledger

    private func submit(_ keys: MemberKeys, _ key: any Signing) async throws(CommandError) -> TransactionOutcome {
        let nonce = SecureRandom.bytes(count: Transaction.nonceByteCount)
        let body = MemberRotate.proofBody(member: client.member, keys: keys, nonce: nonce)
        let proof = key.signature(.keyRotation, chain: client.chain, body: body)
        return try await explained { () async throws(HomeError) in
            try await client.submit(.memberRotate(MemberRotate(keys: keys, proof: proof)), nonce: nonce)
        }
    }
}
