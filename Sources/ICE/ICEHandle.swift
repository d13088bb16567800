internal import CGLib
internal import EventLoop
internal import Primitives

/// The `NiceAgent` of one session and its one stream. Lives on the loop's thread.
///
/// Order of the end: unhook the callbacks, remove the stream, close asynchronously, and drop the last reference in the
/// callback of the close; else allocations stay on TURN servers, and memory here.
@safe
final class ICEHandle {
    private static let component: guint = 1

    private let agent: OpaquePointer
    private let stream: guint
    private let loop: GLibLoop
    private var callbacks: UnsafeMutableRawPointer?
    private var isClosed = false

    init(loop: GLibLoop, isControlling: Bool, settings: ICESettings) throws(ICEError) {
        g_networking_init()
        let flags = NiceAgentOption(
            rawValue: NICE_AGENT_OPTION_REGULAR_NOMINATION.rawValue | NICE_AGENT_OPTION_ICE_TRICKLE.rawValue
                | NICE_AGENT_OPTION_CONSENT_FRESHNESS.rawValue)
        guard let agent = unsafe nice_agent_new_full(loop.context, NICE_COMPATIBILITY_RFC5245, flags) else {
            throw .refused
        }
        unsafe Self.configure(agent, isControlling: isControlling, settings: settings)
        let stream = unsafe nice_agent_add_stream(agent, 1)
        guard stream != 0 else {
            unsafe g_object_unref(UnsafeMutableRawPointer(agent))
            throw .refused
        }
        unsafe nice_agent_set_stream_name(agent, stream, "application")
        for server in settings.turnServers.prefix(ICESettings.turnServerCountMax) {
            let type = server.transport == .udp ? NICE_RELAY_TYPE_TURN_UDP : NICE_RELAY_TYPE_TURN_TCP
            unsafe nice_agent_set_relay_info(
                agent, stream, Self.component, server.host, guint(server.port), server.username,
                server.password.exposed, type)
        }
        unsafe self.agent = unsafe agent
        self.stream = stream
        self.loop = loop
    }

    deinit { precondition(isClosed, "an ICE handle was dropped before its close") }

    @unsafe
    private static func configure(_ agent: OpaquePointer, isControlling: Bool, settings: ICESettings) {
        let object = unsafe UnsafeMutableRawPointer(agent)
        unsafe shim_g_object_set_boolean(object, "controlling-mode", isControlling ? 1 : 0)
        unsafe shim_g_object_set_boolean(object, "upnp", 0)
        unsafe shim_g_object_set_boolean(object, "ice-tcp", 0)
        unsafe shim_g_object_set_boolean(object, "force-relay", settings.isRelayOnly ? 1 : 0)
        unsafe shim_g_object_set_uint(object, "stun-pacing-timer", max(5, settings.checkIntervalMilliseconds))
        unsafe shim_g_object_set_uint(
            object, "stun-max-retransmissions", min(max(1, settings.checkRetransmissionCount), 99))
        if let server = settings.effectiveSTUNServer {
            unsafe shim_g_object_set_string(object, "stun-server", server.host)
            unsafe shim_g_object_set_uint(object, "stun-server-port", guint(server.port))
        }
        switch settings.localAddresses {
        case .interfaces: break
        case .interfacesAndLoopback:
            let list = unsafe nice_interfaces_get_local_ips(1)
            var item = unsafe list
            while let current = unsafe item {
                if let text = unsafe current.pointee.data?.assumingMemoryBound(to: gchar.self) {
                    unsafe addLocalAddress(String(cString: text), to: agent)
                }
                unsafe item = current.pointee.next
            }
            unsafe g_list_free_full(list) { unsafe g_free($0) }
        case .only(let addresses):
            for address in addresses { unsafe addLocalAddress(address.exposed, to: agent) }
        }
    }

    @unsafe
    private static func addLocalAddress(_ text: String, to agent: OpaquePointer) {
        guard let address = unsafe nice_address_new() else { return }
        defer { unsafe nice_address_free(address) }
        guard unsafe nice_address_set_from_string(address, text) != 0 else { return }
        unsafe nice_agent_add_local_address(agent, address)
    }

    /// Sets who is called. The callbacks object is held until `close`.
    func hook(_ target: ICECallbacks) {
        let data = unsafe Unmanaged.passRetained(target).toOpaque()
        unsafe callbacks = unsafe data
        unsafe connect("candidate-gathering-done", unsafeBitCast(ICECallbacks.gatheringDone, to: GCallback.self))
        unsafe connect("component-state-changed", unsafeBitCast(ICECallbacks.stateChanged, to: GCallback.self))
        unsafe connect("new-candidate-full", unsafeBitCast(ICECallbacks.newCandidate, to: GCallback.self))
        unsafe nice_agent_attach_recv(agent, stream, Self.component, loop.context, ICECallbacks.received, data)
    }

    @unsafe
    private func connect(_ signal: String, _ callback: @escaping GCallback) {
        unsafe g_signal_connect_data(
            UnsafeMutableRawPointer(agent), signal, callback, callbacks, nil, GConnectFlags(rawValue: 0))
    }

    func gather() throws(ICEError) {
        guard unsafe nice_agent_gather_candidates(agent, stream) != 0 else { throw .refused }
    }

    func localCredentials() throws(ICEError) -> ICECredentials {
        var fragment: UnsafeMutablePointer<gchar>?
        var password: UnsafeMutablePointer<gchar>?
        let isKnown = unsafe nice_agent_get_local_credentials(agent, stream, &fragment, &password) != 0
        defer {
            unsafe g_free(fragment)
            unsafe g_free(password)
        }
        guard isKnown, let fragment = unsafe fragment, let password = unsafe password,
            let credentials = unsafe ICECredentials(
                userFragment: String(cString: fragment), password: Redacted(String(cString: password)))
        else { throw .refused }
        return credentials
    }

    func setRemote(_ credentials: ICECredentials) throws(ICEError) {
        let isTaken = unsafe nice_agent_set_remote_credentials(
            agent, stream, credentials.userFragment, credentials.password.exposed)
        guard isTaken != 0 else { throw .refused }
    }

    func addRemote(_ candidate: ICECandidate) -> Bool {
        let text = "a=" + candidate.line.exposed
        guard let parsed = unsafe nice_agent_parse_remote_candidate_sdp(agent, stream, text) else { return false }
        let list = unsafe g_slist_append(nil, parsed)
        let count = unsafe nice_agent_set_remote_candidates(agent, stream, Self.component, list)
        unsafe g_slist_free(list)
        unsafe nice_candidate_free(parsed)
        return count > 0
    }

    func endOfRemoteCandidates() {
        unsafe nice_agent_peer_candidate_gathering_done(agent, stream)
    }

    func restart() throws(ICEError) {
        guard unsafe nice_agent_restart_stream(agent, stream) != 0 else { throw .refused }
    }

    func localCandidates() -> [ICECandidate] {
        var result: [ICECandidate] = []
        let list = unsafe nice_agent_get_local_candidates(agent, stream, Self.component)
        var item = unsafe list
        while let current = unsafe item {
            if let candidate = unsafe current.pointee.data?.assumingMemoryBound(to: NiceCandidate.self) {
                if let found = unsafe Self.describe(candidate, agent: agent) { result.append(found) }
                unsafe nice_candidate_free(candidate)
            }
            unsafe item = current.pointee.next
        }
        unsafe g_slist_free(list)
        return result
    }

    /// The candidate's line; nil for one that we do not offer, such as TCP.
    @unsafe
    static func describe(_ candidate: UnsafeMutablePointer<NiceCandidate>, agent: OpaquePointer) -> ICECandidate? {
        guard let text = unsafe nice_agent_generate_local_candidate_sdp(agent, candidate) else { return nil }
        defer { unsafe g_free(text) }
        return try? unsafe ICECandidate(Redacted(String(cString: text)))
    }

    func selectedPair() -> ICEPair? {
        var local: UnsafeMutablePointer<NiceCandidate>?
        var remote: UnsafeMutablePointer<NiceCandidate>?
        guard unsafe nice_agent_get_selected_pair(agent, stream, Self.component, &local, &remote) != 0,
            let local = unsafe local, let remote = unsafe remote
        else { return nil }
        return unsafe ICEPair(local: Self.kind(local.pointee.type), remote: Self.kind(remote.pointee.type))
    }

    private static func kind(_ type: NiceCandidateType) -> ICECandidate.Kind {
        switch type {
        case NICE_CANDIDATE_TYPE_SERVER_REFLEXIVE: .serverReflexive
        case NICE_CANDIDATE_TYPE_PEER_REFLEXIVE: .peerReflexive
        case NICE_CANDIDATE_TYPE_RELAYED: .relayed
        default: .host
        }
    }

    func send(_ datagram: Span<UInt8>) -> Bool {
        unsafe datagram.withUnsafeBytes { bytes in
            guard let base = unsafe bytes.baseAddress?.assumingMemoryBound(to: gchar.self) else { return false }
            let count = unsafe nice_agent_send(agent, stream, Self.component, guint(bytes.count), base)
            return Int(count) == bytes.count
        }
    }

    /// Begins the end; `done` runs on the loop's thread when the TURN servers know. Callbacks stop at once.
    func close(_ done: @escaping @Sendable () -> Void) {
        guard !isClosed else { return done() }
        isClosed = true
        unsafe nice_agent_attach_recv(agent, stream, Self.component, loop.context, nil, nil)
        if let data = unsafe callbacks {
            unsafe g_signal_handlers_disconnect_matched(
                UnsafeMutableRawPointer(agent), G_SIGNAL_MATCH_DATA, 0, 0, nil, nil, data)
            unsafe Unmanaged<ICECallbacks>.fromOpaque(data).release()
            unsafe callbacks = nil
        }
        unsafe nice_agent_remove_stream(agent, stream)
        let ending = unsafe Unmanaged.passRetained(Ending(loop: loop, done: done)).toOpaque()
        unsafe nice_agent_close_async(
            agent,
            { source, _, data in
                if let source = unsafe source { unsafe g_object_unref(UnsafeMutableRawPointer(source)) }
                if let data = unsafe data { unsafe Unmanaged<Ending>.fromOpaque(data).takeRetainedValue().done() }
            }, ending)
    }

    /// Holds the loop until libnice is done, for the end needs its thread.
    private final class Ending: Sendable {
        let loop: GLibLoop
        let done: @Sendable () -> Void
        init(loop: GLibLoop, done: @escaping @Sendable () -> Void) {
            self.loop = loop
            self.done = done
        }
    }
}
