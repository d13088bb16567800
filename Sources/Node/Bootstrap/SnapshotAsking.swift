import Crypto
import Ledger
import Primitives
import RPC
import Wire

/// A snapshot that some nodes hand out.
struct SnapshotOffer: Comparable {
    /// What makes two offers the same: the height, and the hash of the manifest.
    struct Name: Hashable {
        let height: Height
        let hash: Digest
    }

    let name: Name
    /// The numbers of the sources that list it.
    let holders: [Int]

    /// The newest first, then what more nodes have.
    static func < (left: SnapshotOffer, right: SnapshotOffer) -> Bool {
        (right.name.height, right.holders.count, left.name.hash)
            < (left.name.height, left.holders.count, right.name.hash)
    }
}

/// Questions to nodes about their snapshots. What they answer is read and held against hashes.
struct SnapshotAsking: Sendable {
    /// Why a node is asked nothing more.
    struct Refusal: Error {
        let why: String
    }

    /// How often a node that is busy, or counts how much it is asked, is asked again.
    private static let patience = 200
    /// How often one that cannot be reached is.
    private static let unreachableMax = 3

    let sources: [Bootstrap.Source]
    private var left: Set<Int> = []

    init(_ sources: [Bootstrap.Source]) { self.sources = sources }

    /// The sources that are still asked.
    var open: [Int] { sources.indices.filter(isOpen) }
    func isOpen(_ index: Int) -> Bool { !left.contains(index) }
    /// False if it was left before.
    mutating func leave(_ index: Int) -> Bool { left.insert(index).inserted }

    func list(_ index: Int) async throws(Refusal) -> [SnapshotOffer.Name] {
        let answer = try await ask(index, "snapshot.list", .object([]))
        guard let list = answer.list, list.count <= SnapshotShelf.listMax else {
            throw Refusal(why: "its list of snapshots is none")
        }
        var names: [SnapshotOffer.Name] = []
        for item in list {
            guard let height = item["height"]?.unsigned, height > 0, height <= UInt64(Int64.max),
                let hash = item["hash"]?.string.flatMap({ Hex.decode($0) }).flatMap({ Digest($0) })
            else { throw Refusal(why: "its list of snapshots cannot be read") }
            names.append(SnapshotOffer.Name(height: Height(height), hash: hash))
        }
        return names
    }

    func manifest(_ name: SnapshotOffer.Name, _ index: Int) async throws(Refusal) -> SnapshotManifest {
        let bytes = try await pieces(of: name, nil, byteCountMax: SnapshotManifest.byteCountMax, index)
        guard SHA256.hash(bytes) == name.hash, let manifest = try? SnapshotManifest(decoding: bytes)
        else {
            throw Refusal(why: "the manifest of height \(name.height) is not the one that it lists")
        }
        return manifest
    }

    func chunk(
        _ chunk: Int, _ part: SnapshotManifest.Part, of name: SnapshotOffer.Name, _ index: Int
    ) async throws(Refusal) -> [UInt8] {
        let bytes = try await pieces(of: name, chunk, byteCountMax: part.byteCount, index)
        guard bytes.count == part.byteCount, SHA256.hash(bytes) == part.hash else {
            throw Refusal(
                why: "chunk \(chunk) of height \(name.height) is not the one that its manifest names")
        }
        return bytes
    }

    /// All of the manifest or of a chunk. At most one piece more than it should be long is read.
    private func pieces(
        of name: SnapshotOffer.Name, _ chunk: Int?, byteCountMax: Int, _ index: Int
    ) async throws(Refusal) -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            var members: [JSONValue.Member] = [
                .init("snapshot", .string(name.hash.hex)), .init("offset", .unsigned(UInt64(bytes.count))),
            ]
            if let chunk { members.append(.init("chunk", .unsigned(UInt64(chunk)))) }
            let answer = try await ask(index, "snapshot.read", .object(members))
            guard let piece = answer.string.flatMap({ Hex.decode($0) }),
                piece.count <= SnapshotShelf.pieceByteCount
            else { throw Refusal(why: "a piece of height \(name.height) cannot be read") }
            bytes += piece
            guard bytes.count <= byteCountMax else {
                throw Refusal(why: "a part of height \(name.height) is longer than it may be")
            }
            if piece.count < SnapshotShelf.pieceByteCount { return bytes }
        }
    }

    private func ask(_ index: Int, _ method: String, _ params: JSONValue) async throws(Refusal) -> JSONValue {
        let rpc = sources[index].ledger.rpc
        do throws(LightError) {
            return try await Self.patiently { () async throws(LightError) in
                do throws(RPCClientError) {
                    return try await rpc.call(method, params)
                } catch {
                    throw .rpc(error)
                }
            }
        } catch {
            throw Refusal(why: Self.explain(error))
        }
    }

    /// Asks again while the node is busy or counts how much it is asked, and a few times when it cannot be reached.
    static func patiently<Answer: Sendable>(
        _ question: () async throws(LightError) -> Answer
    ) async throws(LightError) -> Answer {
        var unreachable = 0
        var refused = 0
        while true {
            do throws(LightError) {
                return try await question()
            } catch {
                var pause: UInt64 = 500
                switch error {
                case .rpc(.refused(let refusal)) where refusal.code == .rateLimited || refusal.code == .busy:
                    refused += 1
                    pause = refusal.data?["retryAfterMilliseconds"]?.unsigned ?? pause
                case .rpc(.unreachable): unreachable += 1
                case .rpc, .malformedAnswer, .unproven: throw error
                }
                guard refused < Self.patience, unreachable < Self.unreachableMax, !Task.isCancelled else { throw error }
                try? await Task.sleep(for: .milliseconds(min(max(50, pause), 10_000)))
            }
        }
    }

    // MARK: In words

    static func explain(_ error: RPCClientError) -> String {
        switch error {
        case .unreachable(let why): "it cannot be reached: \(why)"
        case .notRPC(let status): "it answered HTTP \(status), not JSON-RPC"
        case .refused(let refusal): "it refused: \(refusal.message)"
        }
    }

    static func explain(_ error: LightError) -> String {
        switch error {
        case .rpc(let error): explain(error)
        case .malformedAnswer(let method): "its answer to \(method) cannot be read"
        case .unproven(let method, let fault): "its answer to \(method) is not proven: \(fault)"
        }
    }
}
