extension MemberID {
    /// The text form: `did:sotto:`, the first 8 bytes of the chain in base32, `:`, the id in base32.
    package func text(chain: ChainID) -> String {
        "did:sotto:" + Base32.encode(chain.bytes.prefix(8)) + ":" + Base32.encode(bytes)
    }

    /// Nil unless this is the text form of a member of `chain`.
    package init?(text: String, chain: ChainID) {
        let prefix = "did:sotto:" + Base32.encode(chain.bytes.prefix(8)) + ":"
        guard text.hasPrefix(prefix), let bytes = Base32.decode(text.dropFirst(prefix.count)) else { return nil }
        self.init(bytes)
    }
}
