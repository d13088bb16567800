internal import CPKCS11
internal import Glibc

/// One loaded module. It stays loaded: programs that use tokens do so to their end. Its functions may be called from
/// any thread, since it was started with the system's locks.
@safe
struct TokenModule: @unchecked Sendable {
    private nonisolated(unsafe) let functions: UnsafeMutablePointer<CK_FUNCTION_LIST>

    private static let tokensMax = 64
    private static let objectsMax = 1_024
    private static let attributeByteCountMax = 1_024

    init(path: String) throws(TokenError) {
        guard let handle = unsafe dlopen(path, RTLD_NOW | RTLD_LOCAL) else { throw .moduleMissing(path) }
        guard let symbol = unsafe dlsym(handle, "C_GetFunctionList") else { throw .moduleFailed(0) }
        var list: UnsafeMutablePointer<CK_FUNCTION_LIST>?
        let result = unsafe shim_C_GetFunctionList(symbol, &list)
        guard result == CKR_OK, let list = unsafe list else { throw .moduleFailed(UInt(result)) }
        let started = unsafe shim_C_Initialize(list)
        // Another key of the same process may have started it.
        guard started == CKR_OK || started == CKR_CRYPTOKI_ALREADY_INITIALIZED else {
            throw .moduleFailed(UInt(started))
        }
        unsafe functions = list
    }

    /// The slot of the one token that fits.
    func slot(token: String?, serial: String?) throws(TokenError) -> UInt {
        var slots = [CK_SLOT_ID](repeating: 0, count: Self.tokensMax)
        var count = UInt(slots.count)
        try check(unsafe shim_C_GetSlotList(functions, &slots, &count))
        var found: [UInt] = []
        for slot in slots.prefix(Int(count)) {
            var info = CK_TOKEN_INFO()
            guard unsafe shim_C_GetTokenInfo(functions, slot, &info) == CKR_OK else { continue }
            guard info.flags & UInt(CKF_TOKEN_INITIALIZED) != 0 else { continue }
            let label = unsafe withUnsafeBytes(of: info.label) { unsafe Self.padded($0) }
            let number = unsafe withUnsafeBytes(of: info.serialNumber) { unsafe Self.padded($0) }
            if (token ?? label) == label, (serial ?? number) == number { found.append(UInt(slot)) }
        }
        guard let first = found.first else { throw .noToken }
        guard found.count == 1 else { throw .severalTokens }
        return first
    }

    func hasEdDSA(_ slot: UInt) -> Bool {
        var info = CK_MECHANISM_INFO()
        return unsafe shim_C_GetMechanismInfo(functions, slot, UInt(CKM_EDDSA), &info) == CKR_OK
            && info.flags & UInt(CKF_SIGN) != 0
    }

    func openSession(_ slot: UInt) throws(TokenError) -> UInt {
        var session: CK_SESSION_HANDLE = 0
        try check(unsafe shim_C_OpenSession(functions, slot, &session))
        return UInt(session)
    }

    func close(_ session: UInt) { _ = unsafe shim_C_CloseSession(functions, session) }

    func login(_ session: UInt, pin: [UInt8]) throws(TokenError) {
        let result = unsafe shim_C_Login(functions, session, pin, UInt(pin.count))
        switch result {
        case CKR_OK, CKR_USER_ALREADY_LOGGED_IN: return
        case CKR_PIN_INCORRECT, CKR_PIN_LEN_RANGE, CKR_PIN_INVALID: throw .wrongPIN
        case CKR_PIN_LOCKED: throw .pinLocked
        default: throw .failed(UInt(result))
        }
    }

    /// Handles of every object that the session sees.
    func objects(_ session: UInt) throws(TokenError) -> [UInt] {
        try check(unsafe shim_C_FindObjectsInit(functions, session))
        defer { _ = unsafe shim_C_FindObjectsFinal(functions, session) }
        var objects = [CK_OBJECT_HANDLE](repeating: 0, count: Self.objectsMax)
        var count: UInt = 0
        try check(unsafe shim_C_FindObjects(functions, session, &objects, UInt(objects.count), &count))
        return objects.prefix(Int(count)).map { UInt($0) }
    }

    /// An attribute's bytes; nil when the object has none of it, or does not show it.
    func attribute(_ type: UInt, of object: UInt, _ session: UInt) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: Self.attributeByteCountMax)
        var count = UInt(bytes.count)
        let result = unsafe shim_C_GetAttributeValue(functions, session, object, type, &bytes, &count)
        guard result == CKR_OK, count <= UInt(bytes.count) else { return nil }
        return Array(bytes.prefix(Int(count)))
    }

    /// The 64 bytes of an Ed25519 signature, or the module's number for why there is none.
    func sign(_ message: [UInt8], key: UInt, _ session: UInt) -> Result<[UInt8], TokenError> {
        let started = unsafe shim_C_SignInit_EDDSA(functions, session, key)
        guard started == CKR_OK else { return .failure(.failed(UInt(started))) }
        var signature = [UInt8](repeating: 0, count: 64)
        var count = UInt(signature.count)
        let result = unsafe shim_C_Sign(functions, session, message, UInt(message.count), &signature, &count)
        guard result == CKR_OK, count == 64 else { return .failure(.failed(UInt(result))) }
        return .success(signature)
    }

    private func check(_ result: UInt) throws(TokenError) {
        guard result == CKR_OK else { throw .failed(UInt(result)) }
    }

    /// Fields of fixed length are filled up with blanks.
    private static func padded(_ bytes: UnsafeRawBufferPointer) -> String {
        var text = unsafe Array(bytes)
        while let last = text.last, last == 0x20 || last == 0 { text.removeLast() }
        return String(decoding: text, as: UTF8.self)
    }
}
