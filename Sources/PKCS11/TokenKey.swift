internal import CPKCS11
package import Primitives
internal import Synchronization

/// An Ed25519 key in a token. Signing takes turns: a token does one thing at a time.
package final class TokenKey: Sendable {
    package let publicKey: PublicKey
    private let uri: TokenURI
    private let module: TokenModule
    private let pin: @Sendable () -> [UInt8]?
    private let session: Mutex<Session?>

    private struct Session {
        let handle: UInt
        let key: UInt
    }

    /// Loads the module, logs in and finds the key.
    ///
    /// - Parameter pin: reads the PIN, now and when the token must be logged in to again; nil for a token without one.
    /// - Throws: what `TokenError` says.
    package init(_ uri: TokenURI, pin: @escaping @Sendable () -> [UInt8]?) throws(TokenError) {
        self.uri = uri
        self.pin = pin
        module = try TokenModule(path: uri.modulePath)
        let (opened, key) = try Self.open(uri, module, pin)
        session = Mutex(opened)
        publicKey = key
    }

    deinit {
        let open = session.withLock { $0 }
        if let open { module.close(open.handle) }
    }

    /// The signature over exactly these bytes.
    /// - Throws: why the token does not sign; after that it is tried anew the next time.
    package func signature(over message: [UInt8]) throws(TokenError) -> Signature {
        try session.withLock { session throws(TokenError) in
            let current: Session
            if let open = session {
                if case .success(let bytes) = module.sign(message, key: open.key, open.handle) {
                    return try Self.signature(bytes)
                }
                // The session may have ended with its token: one more try with a new one.
                module.close(open.handle)
                session = nil
            }
            let (opened, key) = try Self.open(uri, module, pin)
            guard key == publicKey else {
                module.close(opened.handle)
                throw .noKey
            }
            session = opened
            current = opened
            switch module.sign(message, key: current.key, current.handle) {
            case .success(let bytes): return try Self.signature(bytes)
            case .failure(let error): throw error
            }
        }
    }

    private static func signature(_ bytes: [UInt8]) throws(TokenError) -> Signature {
        guard let signature = Signature(bytes) else { throw .failed(0) }
        return signature
    }

    private static func open(
        _ uri: TokenURI, _ module: TokenModule, _ pin: () -> [UInt8]?
    ) throws(TokenError) -> (Session, PublicKey) {
        let slot = try module.slot(token: uri.token, serial: uri.serial)
        guard module.hasEdDSA(slot) else { throw .mechanismMissing }
        let handle = try module.openSession(slot)
        do throws(TokenError) {
            if let pin = pin() {
                try module.login(handle, pin: pin)
            } else if uri.pinPath != nil {
                throw .pinMissing
            }
            let (key, publicKey) = try find(uri, module, handle)
            return (Session(handle: handle, key: key), publicKey)
        } catch {
            module.close(handle)
            throw error
        }
    }

    /// The private half by label and id, and the public half with the same id, or the same label where there is no id.
    private static func find(
        _ uri: TokenURI, _ module: TokenModule, _ session: UInt
    ) throws(TokenError) -> (UInt, PublicKey) {
        var secrets: [(handle: UInt, id: [UInt8], label: [UInt8])] = []
        var publics: [(key: PublicKey, id: [UInt8], label: [UInt8])] = []
        for object in try module.objects(session) {
            guard number(module.attribute(UInt(CKA_KEY_TYPE), of: object, session)) == UInt(CKK_EC_EDWARDS) else {
                continue
            }
            let id = module.attribute(UInt(CKA_ID), of: object, session) ?? []
            let label = module.attribute(UInt(CKA_LABEL), of: object, session) ?? []
            guard (uri.id ?? id) == id, (uri.object.map { Array($0.utf8) } ?? label) == label else { continue }
            switch number(module.attribute(UInt(CKA_CLASS), of: object, session)) {
            case UInt(CKO_PRIVATE_KEY): secrets.append((object, id, label))
            case UInt(CKO_PUBLIC_KEY):
                let point = module.attribute(UInt(CKA_EC_POINT), of: object, session)
                if let key = point.flatMap(key(ofPoint:)) { publics.append((key, id, label)) }
            default: break
            }
        }
        guard let secret = secrets.first else { throw .noKey }
        guard secrets.count == 1 else { throw .severalKeys }
        let halves = publics.filter { secret.id.isEmpty ? $0.label == secret.label : $0.id == secret.id }
        guard let half = halves.first else { throw .noKey }
        guard halves.count == 1 else { throw .severalKeys }
        return (secret.handle, half.key)
    }

    /// An unsigned long of this machine, as attributes carry it.
    private static func number(_ bytes: [UInt8]?) -> UInt? {
        guard let bytes, bytes.count == UInt.bitWidth / 8 else { return nil }
        return bytes.reversed().reduce(0) { $0 << 8 | UInt($1) }
    }

    /// The point as PKCS#11 3.0 writes it, a DER octet string, or as 3.1 allows it, bare.
    private static func key(ofPoint bytes: [UInt8]) -> PublicKey? {
        if bytes.count == 34, bytes.starts(with: [0x04, 0x20]) { return PublicKey(bytes.dropFirst(2)) }
        return PublicKey(bytes)
    }
}
