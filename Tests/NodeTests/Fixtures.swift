import Crypto
import EventLoop
import Foundation
import Ledger
import Node
import Primitives
import Rights
import Testing
import Wire

/// A directory that goes when it is let go of.
final class Scratch {
    let path: String
    init() throws {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("sotto-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
    }
    deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// A test network's documents and keys, without anything running.
struct Documents {
    let genesis: Genesis
    let rules: RuleBook
    let nodes: [Testnet.Node]
    let registrar: Testnet.Node
    let operators: [SigningKey]

    init(validators: Int, limits: NetworkLimits = Testnet.limits) throws {
        let testnet = try Testnet(name: "test", validators: validators, time: SystemTime.utc, limits: limits)
        genesis = testnet.genesis
        nodes = testnet.nodes
        registrar = testnet.registrar
        operators = testnet.operators
        var hash = SHA256()
        rules = RuleBook(genesis: testnet.genesis, judge: PolicyJudge(), with: &hash)
    }

    var chain: ChainID { rules.chain }

    /// A signed transaction of a member; good for a minute, unless said otherwise.
    func sign(
        _ operation: Ledger.Operation, by member: MemberID, key: SigningKey, after: TransactionID? = nil,
        until: Timestamp = SystemTime.utc.adding(milliseconds: 60_000)
    ) -> [UInt8] {
        let transaction = Transaction(
            operation, from: AuthorID(member), after: after, chain: chain,
            nonce: SecureRandom.bytes(count: Transaction.nonceByteCount), until: until)
        return key.sign(.transaction, chain: chain, body: transaction.encoded).encoded
    }

    /// The registrar admits a new person.
    func admission(until: Timestamp = SystemTime.utc.adding(milliseconds: 60_000)) throws -> [UInt8] {
        let keys = NodeKeys(sign: .generate(), link: .generate(), agreement: .generate())
        let body = Registration(
            keys: MemberKeys(sign: keys.sign.publicKey, agreement: keys.agreement.publicKey), roles: .person,
            salt: SecureRandom.bytes(count: Registration.saltByteCount)
        ).encoded
        let registration = try SignedRegistration(keys.sign.sign(.registration, chain: chain, body: body))
        return sign(
            .memberAdmit(MemberAdmit(registration: registration)), by: registrar.member, key: registrar.keys.sign,
            until: until)
    }
}

/// Waits for something that other threads bring about; records an issue when it does not come.
func eventually(_ what: String, within time: Duration = .seconds(30), _ isTrue: () async throws -> Bool) async throws {
    let deadline = SystemTime.monotonic + time
    while try await !isTrue() {
        guard SystemTime.monotonic < deadline else {
            Issue.record("\(what) did not happen within \(time)")
            return
        }
        try await Task.sleep(for: .milliseconds(2))
    }
}
