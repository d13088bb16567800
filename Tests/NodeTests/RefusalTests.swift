import Crypto
import EventLoop
import Ledger
import Node
import Primitives
import RPC
import Testing
import Wire

@Suite("What a bad transaction hears over the RPC", .timeLimit(.minutes(2)), .serialized)
struct RefusalTests {
    /// Hands a transaction in as the RPC does; the code and the word that its sender gets.
    private func refusal(_ envelope: [UInt8], by chain: ChainActor) async -> (RPCErrorCode?, String?) {
        do throws(SubmitError) {
            _ = try await chain.submit(envelope)
            return (nil, nil)
        } catch {
            let answer = error.rpc
            return (answer.code, answer.data?["fault"]?.string ?? answer.data?["result"]?.string)
        }
    }

    @Test("Too large, expired, replayed, badly signed, suspended, not allowed: each has a code and a name of its own")
    func refusals() async throws {
        let documents = try Documents(validators: 1)
        let scratch = try Scratch()
        let loop = try EpollLoop(name: "chain")
        let (node, registrar) = (documents.nodes[0], documents.registrar)
        let chain = try ChainActor(
            on: loop, rules: documents.rules,
            store: try ChainStore(path: scratch.path + "/ledger", rules: documents.rules),
            member: node.member, signer: LocalSigner(SoftwareKey(node.keys.sign)), network: .none, log: .silent)
        await chain.start()

        func signed(_ operation: Ledger.Operation, in milliseconds: Int64 = 30_000, from: MemberID? = nil) -> [UInt8] {
            let until = Timestamp(UInt64(Int64(SystemTime.utc.rawValue) + milliseconds))
            let transaction = Transaction(
                operation, from: AuthorID(from ?? registrar.member), chain: documents.chain,
                nonce: SecureRandom.bytes(count: Transaction.nonceByteCount), until: until)
            return registrar.keys.sign.sign(.transaction, chain: documents.chain, body: transaction.encoded).encoded
        }
        let suspend = Ledger.Operation.memberSuspend(MemberSuspend(member: .zero))
        let known = try documents.admission()
        #expect(try await chain.execute(known, within: .seconds(60)).result == .succeeded)
        var forged = try documents.admission()
        forged[forged.count - 1] ^= 1
        let vote = Ledger.Operation.validatorVote(ValidatorVote(proposal: .zero))
        let cases: [([UInt8], RPCErrorCode, String)] = [
            ([UInt8](repeating: 0, count: 70_000), .invalidParameters, "tooLong"),
            ([0xa0], .invalidParameters, "malformed"),
            (signed(suspend, in: -60_000), .invalidParameters, "expired"),
            (signed(suspend, in: 1_000_000), .invalidParameters, "tooFarAhead"),
            (known, .invalidParameters, "alreadyIncluded"), (forged, .invalidParameters, "badSignature"),
            (signed(vote), .refused, "roleMissing"), (signed(suspend), .refused, "memberUnknown"),
            (signed(suspend, from: node.member), .refused, "wrongKey"),
            (signed(suspend, from: .zero), .refused, "unknownSender"),
        ]
        for (envelope, code, word) in cases {
            let heard = await refusal(envelope, by: chain)
            #expect(heard == (code, word))
        }
        // A suspended member: nothing of it is taken in any more.
        let keys = NodeKeys(sign: .generate(), link: .generate(), agreement: .generate())
        var hash = SHA256()
        let registration = try keys.registration(
            roles: .node, name: "n", salt: SecureRandom.bytes(count: Registration.saltByteCount), chain: documents.chain
        )
        let member = registration.memberID(with: &hash)
        for operation in [
            Ledger.Operation.memberAdmit(MemberAdmit(registration: registration)),
            .memberSuspend(MemberSuspend(member: member)),
        ] {
            #expect(try await chain.execute(signed(operation), within: .seconds(60)).result == .succeeded)
        }
        let late = documents.sign(.callEnd(CallEnd(call: .zero, minute: 0)), by: member, key: keys.sign)
        #expect(await refusal(late, by: chain) == (.refused, "senderNotActive"))
        #expect(await chain.status.mempoolCount == 0)
        await chain.stop()
        loop.stop()
    }
}
