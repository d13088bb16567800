internal import ContentStore
internal import EventLoop
internal import Node

extension NodeParts {
    /// What holds recordings: the content store, the gateway over it, and the rotation of outer layers.
    mutating func addContent(_ runtime: NodeRuntime, _ home: HomeFiles) throws(CommandError) {
        let store: ContentStore
        do {
            store = try ContentStore(path: home.contentPath, on: try BlockingThreadExecutor(name: "content"))
        } catch {
            throw CommandError("the content store \(home.contentPath) cannot be used: \(error)")
        }
        let content = ContentService(node: runtime, store: store, keys: NodeOuterKeys(node: runtime))
        services += [
            content, RecordingService(node: runtime), RotationService(node: runtime, content: content),
        ]
        let front = ContentGateway(content)
        gateway = { await front.answer($0) }
    }
}
