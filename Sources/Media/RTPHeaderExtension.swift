/// An RTP header extension: RFC 3550 section 5.3.1, with the one-byte elements of RFC 8285.
package struct RTPHeaderExtension: Equatable, Sendable {
    /// Profile of one-byte elements, RFC 8285 section 4.2.
    package static let oneByteProfile: UInt16 = 0xbede

    package let profile: UInt16
    /// A multiple of four bytes.
    package let data: [UInt8]

    init(profile: UInt16, data: [UInt8]) {
        self.profile = profile
        self.data = data
    }

    /// Builds one-byte elements: ids 1 through 14, 1 through 16 bytes each; padded with zeros to a word.
    /// - Throws: `MediaError.badValue` for an id or size outside that.
    package init(elements: [(id: UInt8, value: [UInt8])]) throws(MediaError) {
        var data: [UInt8] = []
        for element in elements {
            guard (1...14).contains(element.id), (1...16).contains(element.value.count) else { throw .badValue }
            data.append(element.id << 4 | UInt8(element.value.count - 1))
            data.append(contentsOf: element.value)
        }
        while data.count % 4 != 0 { data.append(0) }
        self.init(profile: Self.oneByteProfile, data: data)
    }

    /// The value of one-byte element `id`; nil when absent, of another profile, or behind a malformed element.
    package func element(_ id: UInt8) -> [UInt8]? {
        guard profile == Self.oneByteProfile else { return nil }
        var index = 0
        while index < data.count {
            let head = data[index]
            index += 1
            if head == 0 { continue }
            if head >> 4 == 15 { return nil }
            let count = Int(head & 0x0f) + 1
            guard index + count <= data.count else { return nil }
            if head >> 4 == id { return Array(data[index..<index + count]) }
            index += count
        }
        return nil
    }
}
