internal import CGLib

/// libnice's five component states, as far as this project tells them apart.
enum ICEComponentState: Sendable {
    case idle, gathering, checking, usable, failed

    init(_ raw: UInt32) {
        switch NiceComponentState(rawValue: raw) {
        case NICE_COMPONENT_STATE_GATHERING: self = .gathering
        case NICE_COMPONENT_STATE_CONNECTING: self = .checking
        case NICE_COMPONENT_STATE_CONNECTED, NICE_COMPONENT_STATE_READY: self = .usable
        case NICE_COMPONENT_STATE_FAILED: self = .failed
        default: self = .idle
        }
    }
}

/// What C holds a pointer to: the way from a callback of libnice into the actor.
///
/// The agent is held weakly, so that a forgotten one can go; libnice calls on the loop's thread only.
final class ICECallbacks: Sendable {
    private weak let owner: ICEAgent?

    init(owner: ICEAgent) { self.owner = owner }

    @unsafe
    static func from(_ data: UnsafeMutableRawPointer?) -> ICEAgent? {
        guard let data = unsafe data else { return nil }
        return unsafe Unmanaged<ICECallbacks>.fromOpaque(data).takeUnretainedValue().owner
    }

    /// `NiceAgentRecvFunc`.
    static let received: NiceAgentRecvFunc = { _, _, _, count, bytes, data in
        guard let bytes = unsafe bytes, count > 0, let owner = unsafe ICECallbacks.from(data) else { return }
        let buffer = unsafe UnsafeMutableRawBufferPointer(start: bytes, count: Int(count))
        var datagram = unsafe MutableSpan<UInt8>(_unsafeBytes: buffer)
        owner.assumeIsolated { $0.received(&datagram) }
    }

    typealias GatheringDone = @convention(c) (UnsafeMutableRawPointer?, guint, UnsafeMutableRawPointer?) -> Void
    static let gatheringDone: GatheringDone = { _, _, data in
        unsafe ICECallbacks.from(data)?.assumeIsolated { $0.gatheringEnded() }
    }

    typealias StateChanged =
        @convention(c) (
            UnsafeMutableRawPointer?, guint, guint, guint, UnsafeMutableRawPointer?
        ) -> Void
    static let stateChanged: StateChanged = { _, _, _, state, data in
        unsafe ICECallbacks.from(data)?.assumeIsolated { $0.componentChanged(ICEComponentState(state)) }
    }

    typealias NewCandidate =
        @convention(c) (
            UnsafeMutableRawPointer?, UnsafeMutablePointer<NiceCandidate>?, UnsafeMutableRawPointer?
        ) -> Void
    static let newCandidate: NewCandidate = { agent, candidate, data in
        guard let agent = unsafe agent, let candidate = unsafe candidate, let owner = unsafe ICECallbacks.from(data),
            let found = unsafe ICEHandle.describe(candidate, agent: OpaquePointer(agent))
        else { return }
        owner.assumeIsolated { $0.found(found) }
    }
}
