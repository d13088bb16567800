package import Primitives
package import Wire

/// One parameter that a method declares.
package struct RPCParameter: Equatable, Sendable {
    package let name: String
    package let type: RPCValueType
    package let isRequired: Bool
    package let description: String

    package init(_ name: String, _ type: RPCValueType, required: Bool = true, _ description: String) {
        self.name = name
        self.type = type
        self.isRequired = required
        self.description = description
    }
}

/// The parameters of one call, bound to their names and checked against their types.
package struct RPCArguments: Equatable, Sendable {
    private let values: [String: JSONValue]

    /// Binds a list by position or an object by name. Null stands for absent.
    /// - Throws: `invalidParameters` for one that is unknown, missing or of another type.
    package init(_ params: JSONValue?, declared: [RPCParameter]) throws(RPCError) {
        var values: [String: JSONValue] = [:]
        switch params {
        case .list(let elements):
            guard elements.count <= declared.count else {
                throw RPCError(.invalidParameters, "The method takes at most \(declared.count) parameters.")
            }
            for (parameter, element) in zip(declared, elements) { values[parameter.name] = element }
        case .object(let members):
            for member in members {
                guard declared.contains(where: { $0.name == member.name }) else {
                    let name = String(member.name.prefix(64))
                    throw RPCError(
                        .invalidParameters, "The method has no parameter \(name).", data: ["parameter": .string(name)])
                }
                values[member.name] = member.value
            }
        case nil, .null: break
        case .boolean, .unsigned, .negative, .float, .string:
            throw RPCError(.invalidParameters, "Parameters are an array or an object.")
        }
        for parameter in declared {
            if values[parameter.name] == .null { values[parameter.name] = nil }
            guard let value = values[parameter.name] else {
                if parameter.isRequired { throw .parameter(parameter.name, expected: parameter.type.description) }
                continue
            }
            guard parameter.type.admits(value) else {
                throw .parameter(parameter.name, expected: parameter.type.description)
            }
        }
        self.values = values
    }

    /// The value under `name`, when it was given.
    package subscript(name: String) -> JSONValue? { values[name] }

    package func unsigned(_ name: String) throws(RPCError) -> UInt64 {
        try read(name, "a whole number") { $0.unsigned }
    }

    package func boolean(_ name: String) throws(RPCError) -> Bool { try read(name, "true or false") { $0.boolean } }

    package func text(_ name: String) throws(RPCError) -> String { try read(name, "text") { $0.string } }

    package func bytes(_ name: String) throws(RPCError) -> [UInt8] {
        try read(name, "hexadecimal") { value in value.string.flatMap { Hex.decode($0) } }
    }

    package func identifier<Value: Identifier>(
        _ name: String, _ type: Value.Type = Value.self
    ) throws(RPCError) -> Value {
        try read(name, "64 hexadecimal digits") { value in value.string.flatMap { Value(hex: $0) } }
    }

    package func member(_ name: String) throws(RPCError) -> MemberID {
        try read(name, "a member id") { value in value.string.flatMap { RPCValueType.memberID($0) } }
    }

    package func contentID(_ name: String) throws(RPCError) -> CID {
        try read(name, "a content identifier") { value in value.string.flatMap { CID(text: $0) } }
    }

    package func list(_ name: String) throws(RPCError) -> [JSONValue] { try read(name, "a list") { $0.list } }

    private func read<Value>(
        _ name: String, _ expected: String, _ convert: (JSONValue) -> Value?
    ) throws(RPCError) -> Value {
        guard let value = values[name].flatMap(convert) else { throw .parameter(name, expected: expected) }
        return value
    }
}
