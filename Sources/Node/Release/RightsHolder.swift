import EventLoop
import Ledger
package import Primitives
import Wire

/// The rights holder's hand: grants, revokes, and sees that a revocation is carried out.
package struct RightsHolder: Sendable {
    /// From when on a revocation holds, and what became of the outer layer.
    package struct Revocation: Equatable, Sendable {
        /// From this record on no share is released to whom it concerns.
        package let height: Height
        package let epoch: RightsEpoch
        /// The record by which more than half of the holders had agreed on the new layer; nil when they have not yet.
        package let rotated: Height?
        /// From the revocation's record to that one, by the records' times.
        package let milliseconds: UInt64?
    }

    private let client: HomeClient

    package init(client: HomeClient) { self.client = client }

    /// - Throws: `HomeError`, `.refused` when the ledger says no.
    package func grant(
        _ recording: RecordingID, to viewer: MemberID
    ) async throws(HomeError) -> TransactionOutcome {
        try await client.submit(.rightsGrant(RightsGrant(recording: recording, viewer: viewer)))
    }

    /// Ends the rights of one viewer, or of all, and watches until the new layer is agreed.
    /// - Parameter patience: how long to watch; the revocation holds from its record on all the same.
    package func revoke(
        _ recording: RecordingID, viewer: MemberID?, within patience: Duration = .seconds(15)
    ) async throws(HomeError) -> Revocation {
        let outcome = try await client.submit(.rightsRevoke(RightsRevoke(recording: recording, viewer: viewer)))
        let key = StateKey(.rights, recording)
        let deadline = SystemTime.monotonic + patience
        var revokedAt: Timestamp?
        var epoch: RightsEpoch?
        while true {
            let (value, record) = try await client.fact(key)
            guard let value, let rights = try? RightsEntry(decoding: value) else {
                throw .malformedAnswer(method: "ledger.state")
            }
            let start = revokedAt ?? record.time
            revokedAt = start
            let due = epoch ?? rights.epoch
            epoch = due
            if rights.rooted >= due {
                return Revocation(
                    height: outcome.height, epoch: due, rotated: record.height,
                    milliseconds: record.time.milliseconds(since: start))
            }
            guard SystemTime.monotonic < deadline, (try? await Task.sleep(for: .milliseconds(100))) != nil else {
                return Revocation(height: outcome.height, epoch: due, rotated: nil, milliseconds: nil)
            }
        }
    }
}
