/// Upper bounds of signalling. Times are milliseconds.
package struct Limits: Equatable, Sendable {
    /// How long a call rings before it ends as not answered.
    package var ring: Duration = .seconds(60)
    /// How long the callee waits for the caller's confirmation after it accepted.
    package var confirm: Duration = .seconds(15)
    /// How long ICE and DTLS may take.
    package var connect: Duration = .seconds(30)
    /// How long an invite stays valid after its time, and how far clocks may differ: two minutes.
    package var inviteAge: UInt64 = 120_000
    /// Candidates of one side.
    package var candidatesMax = 32
    /// Messages waiting in one mailbox; the sender of one more is told that it is full.
    package var mailboxMessagesMax = 128
    /// Bytes waiting in one mailbox.
    package var mailboxBytesMax = 512 << 10
    /// Mailboxes of one member: one for invites and one for each call.
    package var mailboxesPerMemberMax = 16
    /// Mailboxes of one home node.
    package var mailboxesMax = 20_000
    /// How long a message waits for its reader: two minutes.
    package var messageAge: UInt64 = 120_000
    /// One-time prekeys kept for one member.
    package var oneTimeKeysMax = 100
    /// Invites remembered against replay.
    package var replaysMax = 4_096
    /// Participants of a call.
    package var participantsMax = 16

    package init() {}
}
