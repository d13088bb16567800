package import Primitives

/// Size and root of the one log, in the words that transparency logs share: the text of C2SP's tlog-checkpoint.
///
/// Three lines: the origin, which names the log; the size in decimal; the root in base64.
package struct LogCheckpoint: Hashable, Sendable {
    package let origin: String
    package let size: UInt64
    package let root: Digest

    package init(origin: String, size: UInt64, root: Digest) {
        self.origin = origin
        self.size = size
        self.root = root
    }

    /// What a network's log is called, on every node: the nodes differ in the keys that they sign with.
    package static func origin(of chain: ChainID) -> String { "sotto/log/" + chain.hex }

    /// With its last line break: the bytes that are signed.
    package var text: String { "\(origin)\n\(size)\n\(Base64.standard.encode(root.bytes))\n" }

    /// Nil unless this is exactly such a text; further lines are refused.
    package init?(text: some StringProtocol) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count == 4, let size = UInt64(lines[1]),
            let root = Base64.standard.decode(lines[2]).flatMap({ Digest($0) })
        else { return nil }
        self.init(origin: String(lines[0]), size: size, root: root)
        guard !origin.isEmpty, self.text == text else { return nil }
    }
}

/// A key that signs notes, by name: `<name>+<key id>+<base64 of 0x01 and the key>`, as C2SP's signed-note has it.
package struct NoteKey: Hashable, Sendable {
    /// Ed25519.
    private static let signatureType: UInt8 = 0x01

    package let name: String
    package let key: PublicKey
    /// The first four bytes of H(name ‖ line break ‖ 0x01 ‖ key): which of several keys signed.
    package let id: [UInt8]

    package init(name: String, key: PublicKey, with hash: inout some Hashing) {
        self.name = name
        self.key = key
        id = Array(hash.digest(Array(name.utf8) + [0x0a, Self.signatureType] + key.bytes).bytes.prefix(4))
    }

    package var text: String { "\(name)+\(Hex.encode(id))+\(Base64.standard.encode([Self.signatureType] + key.bytes))" }

    /// Nil unless this is the text of an Ed25519 key, with the id that follows from it.
    package init?(text: some StringProtocol, with hash: inout some Hashing) {
        let parts = text.split(separator: "+", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, !parts[0].isEmpty, let bytes = Base64.standard.decode(parts[2]),
            bytes.first == Self.signatureType, let key = PublicKey(bytes.dropFirst())
        else { return nil }
        self.init(name: String(parts[0]), key: key, with: &hash)
        guard self.text == text else { return nil }
    }
}

/// A text and who signed it: the text, an empty line, then a line for each signature. C2SP's signed-note.
package enum SignedNote {
    /// Longer notes, and more signatures, are refused.
    package static let byteCountMax = 16_384
    package static let signaturesMax = 16

    /// The note of a text that ends with a line break.
    package static func note(_ text: String, _ signatures: [(key: NoteKey, signature: Signature)]) -> String {
        text + "\n"
            + signatures.map { "\u{2014} \($0.key.name) \(Base64.standard.encode($0.key.id + $0.signature.bytes))\n" }
            .joined()
    }

    /// The text of a note and the check of `key`'s signature on it; nil when the key has not signed it, or it is no
    /// note. Nothing in the text may be believed before the check holds.
    package static func open(_ note: String, by key: NoteKey) -> (text: String, check: SignatureCheck)? {
        guard note.utf8.count <= byteCountMax, note.hasSuffix("\n"),
            note.utf8.allSatisfy({ $0 >= 0x20 || $0 == 0x0a })
        else { return nil }
        let lines = note.dropLast().split(separator: "\n", omittingEmptySubsequences: false)
        guard let blank = lines.lastIndex(of: ""), blank > 0 else { return nil }
        let text = lines[..<blank].map { $0 + "\n" }.joined()
        let signatures = lines[(blank + 1)...]
        guard (1...signaturesMax).contains(signatures.count) else { return nil }
        var found: SignatureCheck?
        for line in signatures {
            let words = line.split(separator: " ", omittingEmptySubsequences: false)
            guard words.count == 3, words[0] == "\u{2014}", !words[1].isEmpty,
                let bytes = Base64.standard.decode(words[2]),
                bytes.count > 4
            else { return nil }
            guard words[1] == key.name, Array(bytes.prefix(4)) == key.id else { continue }
            guard let signature = Signature(bytes.dropFirst(4)) else { return nil }
            // The first line of a known key decides.
            found = found ?? SignatureCheck(preimage: Array(text.utf8), key: key.key, signature: signature)
        }
        return found.map { (text, $0) }
    }
}
