package import Primitives
import Recording
package import Wire

/// What two participants say to each other about a recording, inside the session's keys: an array that begins with
/// version and kind.
package enum RecordingMessage: Sendable, Equatable {
    /// The call stands on the ledger; take your seat: `[1, 0]`.
    case opened
    /// The seat is taken: `[1, 1]`.
    case seated
    /// Does everybody agree that this roster is recorded? `[1, 2, roster]`
    case ask(roster: Digest)
    /// A signed statement, and the transaction that consented; zero when it declines: `[1, 3, statement, transaction]`.
    case answer(SignedObject, TransactionID)
    /// Frames are recorded from this moment on: `[1, 4, moment]`.
    case begin(Timestamp)
    /// The key of a lease group: `[1, 5, sender, track, group, key]`.
    case groupKey(sender: UInt16, track: UInt8, group: GroupIndex, key: Redacted<[UInt8]>)
    /// The recording is over: `[1, 6]`.
    case end

    package static let version: UInt64 = 1
    package static let statementByteCountMax = 512
}

extension RecordingMessage: WireObject {
    package init(from reader: inout CBORReader) throws(WireError) {
        let count = try reader.arrayHeader(max: 6)
        guard count >= 2, try reader.unsigned() == Self.version else { throw .badValue(field: "v") }
        let arguments: Int
        switch try reader.unsigned() {
        case 0: (self, arguments) = (.opened, 0)
        case 1: (self, arguments) = (.seated, 0)
        case 2: (self, arguments) = (.ask(roster: try reader.identifier()), 1)
        case 3:
            let statement = try SignedObject(from: &reader, bodyMax: Self.statementByteCountMax)
            (self, arguments) = (.answer(statement, try reader.identifier()), 2)
        case 4: (self, arguments) = (.begin(try reader.counter()), 1)
        case 5:
            let sender = UInt16(try reader.unsigned(max: UInt64(MediaKeyID.senderMax)))
            let track = UInt8(try reader.unsigned(max: 255))
            let group = GroupIndex(try reader.unsigned(max: UInt64(RecordingLimits.groupsPerTrack)))
            let key = Redacted(try reader.byteString(count: 32))
            (self, arguments) = (.groupKey(sender: sender, track: track, group: group, key: key), 4)
        case 6: (self, arguments) = (.end, 0)
        default: throw .badValue(field: "kind")
        }
        guard count == 2 + arguments else { throw .badValue(field: "arguments") }
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        func head(_ kind: UInt64, _ arguments: Int) {
            writer.arrayHeader(count: 2 + arguments)
            writer.unsigned(Self.version)
            writer.unsigned(kind)
        }
        switch self {
        case .opened: head(0, 0)
        case .seated: head(1, 0)
        case .ask(let roster):
            head(2, 1)
            writer.byteString(roster)
        case .answer(let statement, let transaction):
            head(3, 2)
            statement.encode(into: &writer)
            writer.byteString(transaction)
        case .begin(let moment):
            head(4, 1)
            writer.unsigned(moment)
        case .groupKey(let sender, let track, let group, let key):
            head(5, 4)
            writer.unsigned(UInt64(sender))
            writer.unsigned(UInt64(track))
            writer.unsigned(group)
            writer.byteString(key.exposed)
        case .end: head(6, 0)
        }
    }
}
