internal import Crypto
internal import FoundationEssentials
internal import Glibc
internal import Ledger
internal import Node
internal import Primitives
internal import Rights
internal import Wire

/// The files of a data directory. Directories are 0700, files 0600.
///
/// ```
/// sotto.conf          settings
/// genesis.cbor        the network; genesis.json says the same for people
/// registration.cbor   what the member said of itself when it was made
/// keys/sign.key       signs for the member; for a validator also its votes
/// keys/sign.next.key  what a validator's key is about to become
/// keys/link.key       proves a node in links
/// keys/agreement.key  what is sealed to the member opens with it
/// keys/log.key        a node's key for checkpoints of the log, drawn at its first start
/// keys/share-*.key    a validator's shares of the threshold keys: phone, outer, wraps
/// keys/signer-state-* what the signing key has voted, for each network; never restored from a backup
/// keys/*.old.key      keys that sotto member rotate replaced; a validator votes with its old one to its epoch's end
/// data/ledger         a node's ledger
/// data/content        a node's content blocks
/// data/light          what a light client remembers
/// data/snapshots      snapshots of the ledger, by height
/// ```
struct HomeFiles: Sendable {
    let path: String

    init(_ path: String) { self.path = path }

    init(_ invocation: Invocation) throws(CommandError) { path = try Settings.home(invocation) }

    var settingsPath: String { path + "/" + Settings.fileName }
    var ledgerPath: String { path + "/data/ledger" }
    var snapshotsPath: String { path + "/data/snapshots" }
    /// Where a snapshot of other nodes lies until it is whole and restored.
    var bootstrapPath: String { path + "/data/bootstrap" }
    var contentPath: String { path + "/data/content" }
    var lightPath: String { path + "/data/light" }
    /// Begins the names of the files that remember what the signing key voted; apart from the ledger, so that a
    /// restored ledger does not bring an old memory.
    var signerMemoryPath: String { path + "/keys/signer-state" }

    // MARK: Files

    /// Makes the directory, and its `keys` and `data` unless `isBare`.
    func make(isBare: Bool = false) throws(CommandError) {
        for directory in isBare ? [path] : [path, path + "/keys", path + "/data"] {
            if FileManager.default.fileExists(atPath: directory) { continue }
            do {
                try FileManager.default.createDirectory(
                    atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            } catch {
                throw CommandError("cannot make the directory \(directory)")
            }
        }
    }

    /// Where logs of recordings and openings of certificates lie.
    func makeRecordings() throws(CommandError) { try HomeFiles(path + "/recordings").make(isBare: true) }

    func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path + "/" + name) }

    func read(_ name: String, hint: String? = nil) throws(CommandError) -> [UInt8] {
        guard let data = try? Data(contentsOf: URL(filePath: path + "/" + name)) else {
            throw CommandError(.settings, "cannot read \(path)/\(name)", hint: hint)
        }
        return [UInt8](data)
    }

    /// Writes a file that only its owner may read, all of it or nothing.
    func write(_ name: String, _ bytes: [UInt8], replacing: Bool = false) throws(CommandError) {
        let target = path + "/" + name
        if !replacing, exists(name) {
            throw CommandError("\(target) exists", hint: "nothing was written; remove it first if it is not needed")
        }
        let temporary = target + ".new"
        unsafe _ = unlink(temporary)
        let descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_EXCL, 0o600)
        guard descriptor >= 0 else { throw CommandError("cannot write \(target)") }
        let count = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
        let synced = fsync(descriptor)
        close(descriptor)
        guard count == bytes.count, synced == 0, unsafe rename(temporary, target) == 0 else {
            unsafe _ = unlink(temporary)
            throw CommandError("cannot write \(target)")
        }
    }

    /// Gives a file another name, in place of what has it.
    func move(_ name: String, to target: String) throws(CommandError) {
        guard unsafe rename(path + "/" + name, path + "/" + target) == 0 else {
            throw CommandError("cannot rename \(path)/\(name) to \(target)")
        }
    }

    // MARK: Network

    func genesis() throws(CommandError) -> Genesis {
        let bytes = try read("genesis.cbor", hint: "sotto init --genesis FILE, or sotto testnet for a new network")
        do {
            let genesis = try Genesis(decoding: bytes)
            guard SignatureVerifier().verified(genesis, in: ()) != nil else {
                throw CommandError(.settings, "\(path)/genesis.cbor: a registration in it is not signed by its key")
            }
            return genesis
        } catch let error as CommandError {
            throw error
        } catch {
            throw CommandError(.settings, "\(path)/genesis.cbor is no genesis document: \(error)")
        }
    }

    func rules() throws(CommandError) -> RuleBook {
        var hash = SHA256()
        return RuleBook(genesis: try genesis(), judge: PolicyJudge(), with: &hash)
    }

    /// The member whose home this is.
    func member() throws(CommandError) -> MemberID {
        let bytes = try read("registration.cbor", hint: "sotto init makes one")
        guard let registration = try? SignedRegistration(decoding: bytes) else {
            throw CommandError(.settings, "\(path)/registration.cbor is no registration")
        }
        var hash = SHA256()
        return registration.memberID(with: &hash)
    }

    /// The signing key that the member was registered with.
    func registeredKey() throws(CommandError) -> PublicKey {
        let bytes = try read("registration.cbor", hint: "sotto init makes one")
        guard let registration = try? SignedRegistration(decoding: bytes) else {
            throw CommandError(.settings, "\(path)/registration.cbor is no registration")
        }
        return registration.registration.keys.sign
    }

    // MARK: Keys

    enum KeyName: String, CaseIterable {
        case sign
        /// Another signing key of a validator, while it changes from one to the other.
        case signNext = "sign.next"
        case signOld = "sign.old"
        case link
        case agreement
        case log
        /// Of an operator: better kept elsewhere than on the node.
        case operatorKey = "operator"
        case sharePhone = "share-phone"
        case shareOuter = "share-outer"
        case shareWraps = "share-wraps"

        var purpose: KeyFile.Purpose {
            switch self {
            case .sign, .signNext, .signOld, .operatorKey: .member
            case .link: .node
            case .agreement: .agreement
            case .log: .log
            case .sharePhone, .shareOuter, .shareWraps: .share
            }
        }

        var file: String { "keys/\(rawValue).key" }

        /// Where such a key comes from.
        var origin: String {
            switch self {
            case .operatorKey: "each operator keeps one elsewhere; name it with --key"
            case .sign, .signNext, .signOld, .link, .agreement, .log, .sharePhone, .shareOuter, .shareWraps:
                "sotto keys new makes the keys of a member"
            }
        }
    }

    func writeKey(_ name: KeyName, _ secret: borrowing SecretKey, passphrase: [UInt8]? = nil) throws(CommandError) {
        let bytes: [UInt8]
        if let passphrase {
            do throws(CryptoError) {
                bytes = try KeyFile.encode(secret, purpose: name.purpose, passphrase: passphrase)
            } catch {
                throw CommandError("cannot seal \(name.file): \(error)")
            }
        } else {
            bytes = KeyFile.encode(secret, purpose: name.purpose)
        }
        try write(name.file, bytes)
    }

    /// A key from its place here, or from a file elsewhere.
    func key(
        _ name: KeyName, at other: String? = nil, passphrase: [UInt8]? = Passphrase.current
    ) throws(CommandError) -> SecretKey {
        let path = other ?? path + "/" + name.file
        guard let data = try? Data(contentsOf: URL(filePath: path)) else {
            throw CommandError(.settings, "cannot read \(path)", hint: name.origin)
        }
        let file = [UInt8](data)
        do throws(CryptoError) {
            return try KeyFile.decode(file, purpose: name.purpose, passphrase: passphrase)
        } catch {
            switch error {
            case .passphraseNeeded, .authenticationFailed:
                throw CommandError(
                    .settings, "\(path) does not open with this passphrase",
                    hint: "put the passphrase into a file and name it in SOTTO_PASSPHRASE_FILE")
            default: throw CommandError(.settings, "\(path) is damaged or of another purpose: \(error)")
            }
        }
    }

    func deviceKeys() throws(CommandError) -> DeviceKeys {
        DeviceKeys(sign: SigningKey(seed: try key(.sign)), agreement: AgreementSecret(try key(.agreement)))
    }

    /// The shares of a validator, held against the public keys in genesis; empty where there are no files.
    func shares(_ genesis: Genesis) throws(CommandError) -> NodeShares {
        NodeShares(
            phone: try share(.sharePhone, .phone, genesis), outer: try share(.shareOuter, .outer, genesis),
            wraps: try share(.shareWraps, .wraps, genesis))
    }

    private func share(
        _ name: KeyName, _ purpose: ThresholdPurpose, _ genesis: Genesis
    ) throws(CommandError) -> ThresholdShare? {
        guard exists(name.file), let keys = genesis.threshold.first(where: { $0.purpose == purpose }) else {
            return nil
        }
        let secret = try key(name)
        for index in 1...keys.memberCount {
            let share: ThresholdShare? = secret.withBytes { bytes in
                try? ThresholdShare(copying: bytes, index: index, of: keys)
            }
            if let share { return share }
        }
        throw CommandError(.settings, "\(path)/\(name.file) is no share of this network's \(purpose) key")
    }
}

/// The passphrase of key files: the content of the file that SOTTO_PASSPHRASE_FILE names, less a final line break.
enum Passphrase {
    static var current: [UInt8]? {
        guard let path = ProcessInfo.processInfo.environment["SOTTO_PASSPHRASE_FILE"], !path.isEmpty else { return nil }
        return read(path)
    }

    static func read(_ path: String) -> [UInt8]? {
        guard let data = try? Data(contentsOf: URL(filePath: path)) else { return nil }
        var bytes = [UInt8](data)
        while let last = bytes.last, last == 0x0a || last == 0x0d { bytes.removeLast() }
        return bytes.isEmpty ? nil : bytes
    }
}
