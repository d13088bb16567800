import Crypto
import EventLoop
import Ledger
package import Primitives
import RPC
import Wire

/// The rights holder's steps from a sealed recording to a published one.
package struct LayerRequest: Sendable {
    /// How far one holder is.
    package struct Holder: Hashable, Sendable {
        package let member: MemberID
        /// A word of ``LayerState/Step``, or `unreachable`.
        package let state: String
        package let root: Digest?
    }

    package enum Failure: Error, Sendable {
        case home(HomeError)
        case unknownRecording
        /// Nobody sealed anything.
        case notSealed
        /// Fewer than more than half of the holders came to the same root in time.
        case noAgreement([Holder])
    }

    private let home: HomeClient
    private let recording: RecordingID

    package init(home: HomeClient, recording: RecordingID) {
        self.home = home
        self.recording = recording
    }

    /// Orders the first layer over what has been sealed so far and asks again until more than half of the holders have
    /// come to one root.
    package func agreedRoot(within patience: Duration = .seconds(120)) async throws(Failure) -> Digest {
        let entry = try await read { () async throws(HomeError) in
            try await home.entry(RecordingEntry.self, StateKey(.recording, recording))
        }
        guard let entry else { throw .unknownRecording }
        guard !entry.senders.isEmpty else { throw .notSealed }
        let order = LayerOrder(recording: recording, senders: entry.senders)
        let signed = home.keys.sign.sign(.layerOrder, chain: home.chain, body: order.encoded)
        let deadline = SystemTime.monotonic + patience
        var pause = Duration.milliseconds(50)
        while true {
            let holders = try await ask(signed)
            let roots = Dictionary(grouping: holders.compactMap(\.root)) { $0 }
            if let agreed = roots.first(where: { $0.value.count > entry.holders.count / 2 }) { return agreed.key }
            guard SystemTime.monotonic < deadline, (try? await Task.sleep(for: pause)) != nil else {
                throw .noAgreement(holders)
            }
            pause = min(pause * 2, .seconds(2))
        }
    }

    /// Has the first layer made and publishes the recording under `policy`.
    @discardableResult
    package func publish(
        policy: [UInt8], within patience: Duration = .seconds(120)
    ) async throws(Failure) -> TransactionOutcome {
        let root = try await agreedRoot(within: patience)
        return try await read { () async throws(HomeError) in
            try await home.submit(
                .rightsPublish(
                    RightsPublish(recording: recording, policy: policy, root: root, epoch: RuleBook.firstRightsEpoch)))
        }
    }

    private func ask(_ order: SignedObject) async throws(Failure) -> [Holder] {
        let answer = try await read { () async throws(HomeError) in
            try await home.call("recording.layer", ["order": .string(Hex.encode(order.encoded))])
        }
        return (answer.list ?? []).compactMap { state in
            guard let member = state["holder"]?.string.flatMap({ MemberID(hex: $0) }) else { return nil }
            return Holder(
                member: member, state: state["state"]?.string ?? "",
                root: state["root"]?.string.flatMap { Digest(hex: $0) })
        }
    }

    private func read<Value>(_ body: () async throws(HomeError) -> Value) async throws(Failure) -> Value {
        do throws(HomeError) { return try await body() } catch { throw .home(error) }
    }
}
