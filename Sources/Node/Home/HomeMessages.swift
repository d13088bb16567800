package import Primitives
import Signalling
package import Wire

/// A message for a mailbox of another node: `[v, mailbox, content]`. Neither sender nor receiver is named.
package struct MailboxPost: WireObject, Hashable {
    package static let version: UInt64 = 1
    package let mailbox: MailboxID
    package let content: [UInt8]

    package init(mailbox: MailboxID, content: [UInt8]) {
        self.mailbox = mailbox
        self.content = content
    }

    package init(from reader: inout CBORReader) throws(WireError) {
        guard try reader.arrayHeader(max: 3) == 3, try reader.unsigned() == Self.version else {
            throw .badValue(field: "v")
        }
        mailbox = try reader.identifier()
        content = try reader.byteString(max: MailboxRouter.contentByteCountMax)
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.arrayHeader(count: 3)
        writer.unsigned(Self.version)
        writer.byteString(mailbox)
        writer.byteString(content)
    }
}

/// What a home node answers to another: `[v, refusal]`, or `[v, 0]` when it is done.
package struct MailboxReceipt: WireObject, Hashable {
    package static let version: UInt64 = 1
    package let refusal: HomeRefusal?

    package init(refusal: HomeRefusal?) { self.refusal = refusal }

    package init(from reader: inout CBORReader) throws(WireError) {
        guard try reader.arrayHeader(max: 2) == 2, try reader.unsigned() == Self.version else {
            throw .badValue(field: "v")
        }
        refusal = try HomeRefusal(optionalFrom: &reader)
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.arrayHeader(count: 2)
        writer.unsigned(Self.version)
        writer.unsigned(refusal?.rawValue ?? 0)
    }
}

/// Whose prekeys are asked for: `[v, mailbox]`.
package struct PrekeyQuestion: WireObject, Hashable {
    package static let version: UInt64 = 1
    package let mailbox: MailboxID

    package init(mailbox: MailboxID) { self.mailbox = mailbox }

    package init(from reader: inout CBORReader) throws(WireError) {
        guard try reader.arrayHeader(max: 2) == 2, try reader.unsigned() == Self.version else {
            throw .badValue(field: "v")
        }
        mailbox = try reader.identifier()
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.arrayHeader(count: 2)
        writer.unsigned(Self.version)
        writer.byteString(mailbox)
    }
}

/// The prekeys beside a mailbox: the signed bundle, and a one-time key that nobody else gets.
package struct PrekeyPair: Hashable, Sendable {
    package let bundle: SignedObject
    package let oneTime: SignedObject?

    package init(bundle: SignedObject, oneTime: SignedObject?) {
        self.bundle = bundle
        self.oneTime = oneTime
    }
}

/// What a home node answers when prekeys are asked for: `[v, refusal, bundle or null, one-time key or null]`.
package struct PrekeyAnswer: WireObject, Hashable {
    package static let version: UInt64 = 1
    package let outcome: Result<PrekeyPair, HomeRefusal>

    package init(_ outcome: Result<PrekeyPair, HomeRefusal>) { self.outcome = outcome }

    package init(from reader: inout CBORReader) throws(WireError) {
        guard try reader.arrayHeader(max: 4) == 4, try reader.unsigned() == Self.version else {
            throw .badValue(field: "v")
        }
        if let refusal = try HomeRefusal(optionalFrom: &reader) {
            try reader.null()
            try reader.null()
            outcome = .failure(refusal)
        } else {
            let bundle = try SignedObject(from: &reader, bodyMax: PrekeyBundle.byteCountMax)
            let oneTime =
                reader.nullIfPresent()
                ? nil : try SignedObject(from: &reader, bodyMax: OneTimePrekey.byteCountMax)
            outcome = .success(PrekeyPair(bundle: bundle, oneTime: oneTime))
        }
        reader.leave()
    }

    package func encode(into writer: inout CBORWriter) {
        writer.arrayHeader(count: 4)
        writer.unsigned(Self.version)
        switch outcome {
        case .failure(let refusal):
            writer.unsigned(refusal.rawValue)
            writer.null()
            writer.null()
        case .success(let pair):
            writer.unsigned(0)
            pair.bundle.encode(into: &writer)
            if let oneTime = pair.oneTime { oneTime.encode(into: &writer) } else { writer.null() }
        }
    }
}

extension HomeRefusal {
    /// Nil for the number 0.
    fileprivate init?(optionalFrom reader: inout CBORReader) throws(WireError) {
        let number = try reader.unsigned()
        if number == 0 { return nil }
        guard let refusal = HomeRefusal(rawValue: number) else { throw .badValue(field: "refusal") }
        self = refusal
    }
}
