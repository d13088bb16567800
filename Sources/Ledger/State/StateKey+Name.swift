package import Primitives

/// What people and programs call a kind of fact, and what it takes to name one.
extension StatePrefix {
    /// The name of the case in lower case, with dashes: `grant`, `next-validators`.
    package var word: String {
        var word = ""
        for character in String(describing: self) {
            word += character.isUppercase ? "-" + character.lowercased() : String(character)
        }
        return word
    }

    /// The kind with this name; nil when there is none.
    package init?(word: String) {
        guard let prefix = Self.allCases.first(where: { $0.word == word }) else { return nil }
        self = prefix
    }

    /// How many of the two parts of a key a fact of this kind uses.
    package var partCount: Int {
        switch self {
        case .registrars, .validators, .nextValidators, .proposals, .limits, .recentRecords, .culprits: 0
        case .member, .signingKey, .number, .thresholdKeys, .pastValidators, .recovery, .call, .callKey, .recording,
            .rights, .viewers:
            1
        case .evidence, .callCommit, .consent, .seal, .grant, .rotation, .lease, .erased: 2
        }
    }
}

extension StateKey {
    /// The key of a kind from exactly the parts that it uses; nil for more or fewer.
    package init?(_ prefix: StatePrefix, parts: [Bytes32]) {
        guard parts.count == prefix.partCount else { return nil }
        self.init(prefix, parts.first ?? .zero, parts.count > 1 ? parts[1] : .zero)
    }

    /// The parts that this kind of fact uses.
    package var parts: [Bytes32] { Array([first, second].prefix(prefix.partCount)) }
}
