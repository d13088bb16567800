import Crypto
import Primitives
import Testing

@Suite struct AESCTRTests {
    static let key = "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"

    @Test("the keystream is that of NIST SP 800-38A F.5.5")
    func vector() throws {
        let cipher = try AESCTR(key: hex(Self.key))
        var bytes = hex(
            "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
                + "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710")
        try cipher.apply(to: &bytes, stream: 0xf0f1_f2f3_f4f5_f6f7, block: 0xf8f9_fafb_fcfd_feff)
        #expect(
            Hex.encode(bytes) == "601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c5"
                + "2b0930daa23de94ce87017ba2d84988ddfc9c58db67aada613c2dd08457941a6")
    }

    @Test("any part can be made by itself")
    func parts() throws {
        let cipher = try AESCTR(key: hex(Self.key))
        var whole = [UInt8](repeating: 0, count: 100)
        try cipher.apply(to: &whole, stream: 3)
        for start in 0..<50 {
            var part = [UInt8](repeating: 0, count: 50)
            try cipher.apply(to: &part, stream: 3, offset: UInt64(start))
            #expect(part == Array(whole[start..<start + 50]))
        }
        var other = [UInt8](repeating: 0, count: 100)
        try cipher.apply(to: &other, stream: 4)
        #expect(other != whole)
    }

    @Test("a stream never runs over into the next")
    func end() throws {
        let cipher = try AESCTR(key: hex(Self.key))
        var bytes = [UInt8](repeating: 0, count: 33)
        #expect(throws: CryptoError.limitExceeded) { try cipher.apply(to: &bytes, stream: 0, block: .max - 1) }
        #expect(throws: CryptoError.limitExceeded) { try cipher.apply(to: &bytes, stream: 0, block: 0, skipping: 16) }
        #expect(throws: CryptoError.badLength) { _ = try AESCTR(key: [UInt8](repeating: 0, count: 16)) }
    }
}
