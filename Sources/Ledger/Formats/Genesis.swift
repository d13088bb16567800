package import Primitives
package import Wire

/// The document a network begins with. Its hash is the chain, which stands in every signing preimage.
package struct Genesis: WireObject, Equatable {
    /// A protocol version and the first height at which it holds: `[version, height]`.
    package struct ProtocolVersion: WireObject, Hashable {
        package let version: UInt64
        package let from: Height

        package init(version: UInt64, from: Height) {
            self.version = version
            self.from = from
        }

        package init(from reader: inout CBORReader) throws(WireError) {
            let start = reader.offset
            guard try reader.arrayHeader(max: 2) == 2 else { throw .unexpectedType(at: start) }
            version = try reader.unsigned()
            from = try reader.counter()
            reader.leave()
        }

        package func encode(into writer: inout CBORWriter) {
            writer.arrayHeader(count: 2)
            writer.unsigned(version)
            writer.unsigned(from)
        }
    }

    /// The longest name of a network, in UTF-8 bytes.
    package static let nameByteCountMax = 64
    /// The longest document, in bytes.
    package static let byteCountMax = 1 << 22

    package let name: String
    package let time: Timestamp
    package let limits: NetworkLimits
    /// The first members, each with its signed registration. Those with the role vote; those with that role register.
    /// Signed for chain zero.
    package let members: [SignedRegistration]
    /// How many validators must attest a number.
    package let attestersNeeded: UInt64
    /// Keys that operators keep off their nodes, ascending, for the day when the quorum is lost for good: a recovery
    /// document needs more than two thirds of them. Without any, there is no recovery.
    package let operators: [PublicKey]
    /// How many registrars must agree.
    package let registrarsNeeded: UInt64
    /// The public sides of the threshold keys as dealt before the network began; empty when the network deals them.
    package let threshold: [ThresholdPublicKeys]
    package let versions: [ProtocolVersion]

    package init(
        name: String, time: Timestamp, limits: NetworkLimits = NetworkLimits(), members: [SignedRegistration],
        attestersNeeded: UInt64, operators: [PublicKey] = [], registrarsNeeded: UInt64,
        threshold: [ThresholdPublicKeys] = [],
        versions: [ProtocolVersion] = [ProtocolVersion(version: 1, from: .zero)]
    ) {
        self.name = name
        self.time = time
        self.limits = limits
        self.members = members
        self.attestersNeeded = attestersNeeded
        self.operators = operators.sorted()
        self.registrarsNeeded = registrarsNeeded
        self.threshold = threshold
        self.versions = versions
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        try reader.begin(10)
        try reader.key("name")
        name = try reader.text(max: Self.nameByteCountMax)
        time = try reader.count("time")
        limits = try reader.object("limits")
        members = try reader.list("members", max: CeilingOf.members)
        versions = try reader.list("versions", max: 64)
        attestersNeeded = try reader.number("attesters", max: UInt64(CeilingOf.validators))
        operators = try reader.idSet("operators", max: CeilingOf.validators)
        threshold = try reader.list("threshold", max: 3)
        registrarsNeeded = try reader.number("registrars", max: UInt64(CeilingOf.registrars))
        reader.leave()
        try validate()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.begin(10)
        writer.field("name", text: name)
        writer.field("time", time)
        writer.field("limits", limits)
        writer.field("members", list: members)
        writer.field("versions", list: versions)
        writer.field("attesters", attestersNeeded)
        writer.field("operators", ids: operators)
        writer.field("threshold", list: threshold)
        writer.field("registrars", registrarsNeeded)
    }

    /// The chain this document names.
    package func chain(with hash: inout some Hashing) -> ChainID { ChainID(raw: hash.digest(encoded).raw) }

    private func count(_ role: Roles) -> UInt64 {
        UInt64(members.count { $0.registration.roles.contains(role) })
    }

    private func validate() throws(WireError) {
        guard versions.first == ProtocolVersion(version: 1, from: .zero), isStrictlyAscending(versions.map(\.from))
        else { throw .badValue(field: "versions") }
        guard
            Set(members.flatMap(\.registration.keys.signingKeys)).count
                == members.reduce(0, { $0 + $1.registration.keys.signingKeys.count })
        else { throw .badValue(field: "members") }
        guard count(.validator) >= limits.validatorsMin, count(.validator) <= limits.validators else {
            throw .badValue(field: "validators")
        }
        guard attestersNeeded > 0, attestersNeeded <= count(.validator) else { throw .badValue(field: "attesters") }
        guard registrarsNeeded > 0, registrarsNeeded <= count(.registrar), count(.registrar) <= limits.registrars
        else { throw .badValue(field: "registrars") }
    }
}

extension Genesis: Verifiable {
    /// Every first member's proof of possession, made for chain zero.
    package func signatureChecks(in context: Void) -> [SignatureCheck]? {
        members.map { $0.object.signatureCheck(kind: .registration, chain: .zero) }
    }

    package var keysToRegister: [PublicKey] { members.flatMap(\.registration.keys.signingKeys) + operators }
}
