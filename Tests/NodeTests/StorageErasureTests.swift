import Consensus
import Crypto
import EventLoop
import Foundation
import KeyValue
import Ledger
import Node
import Primitives
import Synchronization
import Testing
import Wire

/// A call with one seat, whose commitment to a certificate is easy to find again, and what erases it.
struct ErasableSeat {
    let key = SigningKey.generate()
    let certificate = SHA256.hash(SecureRandom.bytes(count: 32))
    let call = CallID(raw: SHA256.hash(SecureRandom.bytes(count: 32)).raw)

    func opening(_ documents: Documents) -> [UInt8] {
        var hash = SHA256()
        let node = documents.nodes[0]
        let seat = CallSeat(
            key: key.publicKey, certificate: certificate,
            roster: CallSeat.rosterHash(call: call, keys: [key.publicKey], with: &hash),
            minute: SystemTime.utc.rawValue / 60_000)
        return documents.sign(
            .callOpen(CallOpen(call: call, seat: seat, owner: node.member)), by: node.member, key: node.keys.sign)
    }

    func erasure(_ documents: Documents) -> [UInt8] {
        let transaction = Transaction(
            .erase(.callKey(key.publicKey)), from: AuthorID(key.publicKey), chain: documents.chain,
            nonce: SecureRandom.bytes(count: Transaction.nonceByteCount),
            until: SystemTime.utc.adding(milliseconds: 60_000))
        return key.sign(.transaction, chain: documents.chain, body: transaction.encoded).encoded
    }

    /// The files below a path in which the commitment can be read.
    func files(in path: String) throws -> [String] {
        let needle = Data(certificate.bytes)
        let paths = FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []
        return paths.filter { name in
            (try? Data(contentsOf: URL(filePath: path + "/" + name)))?.range(of: needle) != nil
        }
    }

    func isIn(_ bytes: [UInt8]) -> Bool { Data(bytes).range(of: Data(certificate.bytes)) != nil }
}

extension FilledStore {
    /// Two calls in one block among others, the fourth, of which the first is erased two blocks later, at height 6.
    static func erasing(
        _ settings: StorageSettings
    ) throws -> (store: FilledStore, gone: ErasableSeat, kept: ErasableSeat) {
        let filled = try FilledStore(settings)
        let (gone, kept) = (ErasableSeat(), ErasableSeat())
        try filled.fill(blocks: 3)
        try filled.add([gone.opening(filled.documents), kept.opening(filled.documents)])
        try filled.fill(blocks: 1)
        #expect(try gone.files(in: filled.path) != [])
        try filled.add([gone.erasure(filled.documents)])
        #expect(try filled.store.position(of: try #require(filled.ids.last))?.code == TransactionResult.succeeded.code)
        try filled.fill(blocks: 1)
        return (filled, gone, kept)
    }

    /// Settings under which an erasure is carried out with its block.
    static var prompt: StorageSettings {
        var settings = FilledStore.small
        settings.erasureSeconds = 0
        return settings
    }

    /// What `sotto ledger export` writes.
    func exported() throws -> [UInt8] {
        var (export, bytes) = (ChainExport(store), ChainExport.head(documents.rules.genesis))
        var height = Height(1)
        while let item = try export.item(height) {
            bytes += item
            height = height.next
        }
        return try export.end().reduce(bytes) { $0 + $1 }
    }
}

@Suite("What was erased", .timeLimit(.minutes(2)))
struct StorageErasureTests {
    @Test(
        "LG-122: it is in no file, wherever its block lay; the log still proves that it was there",
        arguments: [1, 1 << 20])
    func erasing(moveByteCount: Int) throws {
        var settings = FilledStore.prompt
        settings.moveByteCount = moveByteCount
        let (filled, gone, kept) = try FilledStore.erasing(settings)
        let opening = filled.ids[3]
        for _ in 0..<2 {
            #expect(try gone.files(in: filled.path) == [])
            #expect(throws: ChainStoreError.erased(Height(4))) { try filled.store.block(at: Height(4)) }
            #expect(try filled.store.block(at: Height(5)) != nil)
            #expect(try filled.store.position(of: opening)?.code == TransactionResult.succeeded.code)
            let bundle = try #require(filled.store.inclusionBundle(of: opening))
            var hash = SHA256()
            #expect(bundle.holds(in: try ValidatorTrail(filled.documents.rules).context, with: &hash))
            let site = LogSite(store: filled.store, chain: filled.documents.chain, key: nil)
            for path in LogTiles.paths(size: try filled.tip.record.logSize) { _ = try site.file(path) }
            let report = try filled.verify()
            #expect(report.erasedBlocks == 1)
            #expect(report.erasedTransactions == 1)
            #expect(report.executedBlocks == 3)
            #expect(report.blocks == 7)
            try filled.reopen()
        }
        filled.close()
        #expect(try gone.files(in: filled.path) == [])
        #expect(try kept.files(in: filled.path) != [])
    }

    @Test("LG-122: it comes back by no snapshot, restore or export")
    func copies() throws {
        let (filled, gone, kept) = try FilledStore.erasing(FilledStore.prompt)
        let rules = filled.documents.rules
        let snapshot = SnapshotDirectory(filled.scratch.path + "/snapshot")
        _ = try SnapshotWriter.write(filled.store, rules: rules, into: snapshot)
        #expect(try gone.files(in: snapshot.path) == [])
        let restored = filled.scratch.path + "/restored"
        try SnapshotRestore.run(snapshot, to: restored, rules: rules)
        #expect(try gone.files(in: restored) == [])
        let export = try filled.exported()
        #expect(!gone.isIn(export))
        #expect(kept.isIn(export))
    }

    @Test("LG-122: until it is due, only a node that catches up is given it, and then erases it too")
    func sync() async throws {
        var settings = FilledStore.small
        settings.erasureSeconds = 600
        let (filled, gone, _) = try FilledStore.erasing(settings)
        #expect(try gone.files(in: filled.path + "/blocks") != [])
        #expect(throws: ChainStoreError.erased(Height(4))) { try filled.store.block(at: Height(4)) }
        #expect(!gone.isIn(try filled.exported()))
        #expect(try filled.verify().erasedTransactions == 1)
        let path = filled.scratch.path + "/second"
        let second = try ChainStore(path: path, rules: filled.documents.rules, settings: settings)
        #expect(try await follow(filled, into: second, to: Height(7)) == Height(7))
        #expect(try gone.files(in: path + "/blocks") != [])

        try filled.add([], after: 601_000)
        #expect(try gone.files(in: filled.path) == [])
        let late = try ChainStore(path: path, rules: filled.documents.rules, settings: settings)
        #expect(try await follow(filled, into: late, to: Height(8)) == Height(8))
        #expect(try gone.files(in: path) == [])
        // Whoever comes only now is given nothing from there on.
        let stranger = filled.scratch.path + "/third"
        let third = try ChainStore(path: stranger, rules: filled.documents.rules, settings: settings)
        #expect(try await follow(filled, into: third, to: Height(8)) < Height(4))
        #expect(try gone.files(in: stranger) == [])
    }

    /// Lets a node catch up from what the filled store's node answers, until it is at `height` or was given nothing
    /// three times; the height that it reached. Closes the target and opens the source anew.
    private func follow(_ filled: FilledStore, into target: ChainStore, to height: Height) async throws -> Height {
        let (questions, answers) = (Messages(), Messages())
        let node = filled.documents.nodes[0]
        let loops = [try EpollLoop(name: "chain"), try EpollLoop(name: "chain")]
        let source = try ChainActor(
            on: loops[0], rules: filled.documents.rules, store: filled.store, member: node.member, signer: nil,
            network: answers.network, log: .silent)
        let follower = try ChainActor(
            on: loops[1], rules: filled.documents.rules, store: target, member: filled.documents.registrar.member,
            signer: nil, network: questions.network, log: .silent)
        await follower.start()
        questions.put(Message.request(.finalised(after: await follower.currentTip.record.height)).encoded)
        var refusals = 0
        try await waitFor("the last block, or that nothing more comes") {
            for question in questions.take() {
                guard case .request(let request) = try Message(decoding: question) else { continue }
                await source.receive(question, from: .zero)
                for answer in answers.take() {
                    if case .response(let response) = try Message(decoding: answer), response.proposals.isEmpty {
                        if case .block = request { refusals += 1 }
                    }
                    await follower.receive(answer, from: node.member)
                }
            }
            let reached = await follower.currentTip.record.height
            return reached == height || refusals > 2
        }
        let reached = await follower.currentTip.record.height
        for chain in [source, follower] { await chain.stop() }
        for loop in loops { loop.stop() }
        try filled.reopen()
        return reached
    }

    /// What a node sent.
    private final class Messages: Sendable {
        private let list = Mutex<[[UInt8]]>([])
        var network: ChainNetwork {
            ChainNetwork(broadcast: { _, _ in }, send: { [self] _, _, bytes in put(bytes) })
        }
        func put(_ bytes: [UInt8]) { list.withLock { $0.append(bytes) } }
        func take() -> [[UInt8]] {
            list.withLock { list in
                defer { list = [] }
                return list
            }
        }
    }

    @Test("An erasure that a crash cut short is finished when the store opens, and an old file brings nothing back")
    func interruption() throws {
        let filled = try FilledStore(FilledStore.prompt)
        let seat = ErasableSeat()
        try filled.add([seat.opening(filled.documents)])
        try filled.fill(blocks: 2)
        let files = filled.segments.map { URL(filePath: filled.path + "/blocks/" + $0) }
        let before = try files.map { try Data(contentsOf: $0) }
        var (place, index): ([UInt8], [[UInt8]]) = ([], [])
        try filled.tamper { keys in
            place = try #require(try keys.value(for: [0x11, 0, 0, 0, 0, 0, 0, 0, 1]))
            index = try keys.entries(in: .prefix([0x1c]), limit: 10).map(\.key)
        }
        #expect(index.count == 1)
        try filled.reopen()
        try filled.add([seat.erasure(filled.documents)])
        #expect(try seat.files(in: filled.path) == [])

        /// Puts the old file back and changes the store, as a crash or a person may have.
        func again(_ change: (inout WriteBatch) -> Void) throws {
            try filled.tamper { keys in
                var batch = WriteBatch()
                change(&batch)
                try keys.write(batch, synced: true)
                try before[0].write(to: files[0])
            }
            #expect(try seat.files(in: filled.path + "/blocks") != [])
            try filled.reopen()
            #expect(try seat.files(in: filled.path) == [])
            #expect(throws: ChainStoreError.erased(Height(1))) { try filled.store.block(at: Height(1)) }
            #expect(try filled.verify().erasedTransactions == 1)
        }
        // As if the power had failed before the bytes were cleared.
        try again { $0.put([0x1b] + place.dropFirst(), []) }
        // As if it had failed with the mark written, before anything else.
        try again { batch in
            batch.put([0x11, 0, 0, 0, 0, 0, 0, 0, 1], place)
            batch.delete([0x1b] + place.dropFirst())
            for key in index { batch.put(key, []) }
            let mark = ErasedSubject.callKey(seat.key.publicKey).stateKey.bytes
            batch.put([0x1f] + [UInt8](repeating: 0, count: 8) + mark, [0, 0, 0, 0, 0, 0, 0, 4])
        }
        // As if somebody had copied the file from a backup.
        try again { _ in }
        // As if an older program had kept the store: no index, and a mark in the state alone.
        try again { batch in
            batch.put([0x00], [0, 0, 0, 0, 0, 0, 0, 2])
            batch.delete([0x04])
            batch.put([0x11, 0, 0, 0, 0, 0, 0, 0, 1], place)
            batch.delete([0x1b] + place.dropFirst())
        }
        // Nothing that was written since lies where the erased block lay.
        try filled.fill(blocks: 3)
        try filled.reopen()
        #expect(try filled.verify().blocks == 7)
    }

    @Test("LG-122: a transaction that is missing without an erasure is a fault")
    func unaccounted() throws {
        let (filled, gone, kept) = try FilledStore.erasing(FilledStore.prompt)
        let place: [UInt8] = [0x11, 0, 0, 0, 0, 0, 0, 0, 4]
        let name = ErasedSubject.callKey(gone.key.publicKey).stateKey.bytes
        let other = ErasedSubject.callKey(kept.key.publicKey).stateKey.bytes
        try filled.tamper { keys in
            var bytes = try #require(try keys.value(for: place))
            let found = try #require(Data(bytes).range(of: Data(name)))
            bytes.replaceSubrange(found, with: other)
            var batch = WriteBatch()
            batch.put(place, bytes)
            try keys.write(batch, synced: true)
        }
        try filled.reopen()
        let fault = #expect(throws: ChainVerifier.Fault.self) { try filled.verify() }
        #expect(fault?.height == Height(4))
        #expect(fault?.what.contains("no erasure covers it") == true)
    }
}
