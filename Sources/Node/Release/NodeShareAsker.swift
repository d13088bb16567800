import Ledger
import Primitives
package import Wire

/// A node asks the validators over its links; a validator answers itself too.
package struct NodeShareAsker: ShareAsking {
    /// How long one validator may take.
    package static let patience = Duration.seconds(3)

    private let node: NodeRuntime

    package init(node: NodeRuntime) { self.node = node }

    package func ask(_ kind: ReleaseKind, _ request: SignedObject) async -> [ValidatorAnswer] {
        let holders = ShareCircle.validators(of: node.rules.genesis).map(\.id)
        let bytes = request.encoded
        let node = node
        return await withTaskGroup(of: ValidatorAnswer?.self) { group in
            for validator in holders {
                group.addTask {
                    let answer = try? await node.ask(
                        kind.serviceKind, bytes, of: validator, within: NodeShareAsker.patience)
                    return answer.map { ValidatorAnswer(validator: validator, bytes: $0) }
                }
            }
            var answers: [ValidatorAnswer] = []
            for await answer in group { if let answer { answers.append(answer) } }
            return answers.sorted { $0.validator < $1.validator }
        }
    }
}

extension ReleaseKind {
    /// The question that it is over links.
    var serviceKind: ServiceRequest.Kind { self == .shares ? .shares : .outer }
}
