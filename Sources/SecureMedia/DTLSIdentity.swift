internal import COpenSSL
package import Primitives

/// A key and its self-signed certificate, made for one call and never used again: a certificate that lived longer would
/// let whoever sees two calls know that one machine made both.
///
/// ECDSA on P-256, which every WebRTC peer knows. Immutable after `init`, and OpenSSL counts references atomically,
/// hence `@unchecked Sendable`.
@safe
package final class DTLSIdentity: @unchecked Sendable {
    let key: OpaquePointer
    let certificate: OpaquePointer
    /// SHA-256 of the certificate, the value that signalling signs and announces.
    package let fingerprint: Digest

    private static let validSecondsBefore = 86_400
    private static let validSecondsAfter = 7 * 86_400

    /// - Throws: `.identityFailed`.
    package init() throws(SecureMediaError) {
        guard let key = unsafe shim_EVP_EC_gen_P256() else { throw .identityFailed }
        guard let certificate = unsafe Self.makeCertificate(key: key) else {
            unsafe EVP_PKEY_free(key)
            throw .identityFailed
        }
        guard let fingerprint = unsafe Self.certificateDigest(of: certificate) else {
            unsafe X509_free(certificate)
            unsafe EVP_PKEY_free(key)
            throw .identityFailed
        }
        unsafe self.key = unsafe key
        unsafe self.certificate = unsafe certificate
        self.fingerprint = fingerprint
    }

    deinit {
        unsafe X509_free(certificate)
        unsafe EVP_PKEY_free(key)
    }

    @unsafe
    private static func makeCertificate(key: OpaquePointer) -> OpaquePointer? {
        guard let certificate = unsafe X509_new() else { return nil }
        let name = unsafe X509_get_subject_name(certificate)
        var random = SystemRandomNumberGenerator()
        let serial = Int(truncatingIfNeeded: random.next() >> 2 | 1)
        let commonName = Array("peer".utf8)
        let isMade =
            unsafe X509_set_version(certificate, 2) == 1
            && ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial) == 1
            && X509_gmtime_adj(X509_getm_notBefore(certificate), -validSecondsBefore) != nil
            && X509_gmtime_adj(X509_getm_notAfter(certificate), validSecondsAfter) != nil
            && X509_set_pubkey(certificate, key) == 1
            && X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, commonName, Int32(commonName.count), -1, 0) == 1
            && X509_set_issuer_name(certificate, name) == 1
            && X509_sign(certificate, key, EVP_sha256()) > 0
        guard isMade else {
            unsafe X509_free(certificate)
            return nil
        }
        return unsafe certificate
    }

    /// SHA-256 over the DER form.
    @unsafe
    static func certificateDigest(of certificate: OpaquePointer) -> Digest? {
        var bytes = [UInt8](repeating: 0, count: Bytes32.byteCount)
        var count = UInt32(bytes.count)
        guard unsafe X509_digest(certificate, EVP_sha256(), &bytes, &count) == 1 else { return nil }
        return Digest(bytes)
    }
}
