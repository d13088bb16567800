/// The OpenRPC 1.3 document of a registry: generated, so that it cannot differ from what is dispatched.
package struct OpenRPCDocument: Sendable {
    private let registry: RPCRegistry

    package init(of registry: RPCRegistry) { self.registry = registry }

    package var json: JSONValue {
        [
            "openrpc": "1.3.2",
            "info": ["title": "Sotto node", "version": .string(registry.version)],
            "methods": .list(registry.methods.map { describe($0) }),
            "x-topics": .list(registry.topics.map { describe($0) }),
            "components": ["errors": .object(RPCErrorCode.allCases.map { .init($0.name, describe($0)) })],
        ]
    }

    private func describe(_ method: RPCMethod) -> JSONValue {
        [
            "name": .string(method.name),
            "summary": .string(method.summary),
            "paramStructure": "either",
            "params": .list(method.parameters.map { describe($0) }),
            "result": [
                "name": .string(method.result.name), "description": .string(method.result.description),
                "schema": method.result.type.schema,
            ],
            "errors": .list(method.errors.map { ["$ref": .string("#/components/errors/\($0.name)")] }),
            "x-authority": .string(method.authority.rawValue),
            "x-rate-class": .string(method.rateClass.rawValue),
        ]
    }

    private func describe(_ parameter: RPCParameter) -> JSONValue {
        [
            "name": .string(parameter.name), "description": .string(parameter.description),
            "required": .boolean(parameter.isRequired), "schema": parameter.type.schema,
        ]
    }

    private func describe(_ topic: RPCTopic) -> JSONValue {
        [
            "name": .string(topic.name), "summary": .string(topic.summary),
            "value": .string(topic.value), "x-authority": .string(topic.authority.rawValue),
        ]
    }

    private func describe(_ code: RPCErrorCode) -> JSONValue {
        [
            "code": .negative(Int64(code.rawValue)), "message": .string(code.sentence),
            "data": .object(code.dataMembers.map { .init($0.name, .string($0.meaning)) }),
        ]
    }
}
