import ContentStore
import Crypto
package import Primitives
import RPC
package import Recording
package import Wire

/// A recording's bytes as a member gets them through its home node, each block held against its CID.
package struct HomeRecordingSource: RecordingSource {
    private let home: HomeClient

    package init(home: HomeClient) { self.home = home }

    package func outerPages(
        of recording: RecordingID, epoch: RightsEpoch
    ) async throws(PlaybackError) -> [OuterManifestPage] {
        var pages: [OuterManifestPage] = []
        for cid in try await list("page", of: recording, epoch: epoch) {
            guard let page = try? OuterManifestPage(decoding: try await block(cid, of: recording)) else {
                throw .home
            }
            pages.append(page)
        }
        return pages
    }

    package func block(_ cid: CID, of recording: RecordingID) async throws(PlaybackError) -> [UInt8] {
        let answer: JSONValue
        do throws(HomeError) {
            answer = try await home.call(
                "content.get", ["cid": .string(cid.description), "recording": .string(recording.hex)])
        } catch {
            throw .home
        }
        guard let bytes = answer["content"]?.string.flatMap({ Hex.decode($0) }), SHA256.hash(bytes) == cid.digest
        else { throw .home }
        return bytes
    }

    package func wraps(of recording: RecordingID, sender: PublicKey) async throws(PlaybackError) -> [[UInt8]] {
        var leaves: [[UInt8]] = []
        for cid in try await list("wraps", of: recording, epoch: .zero) {
            // Whoever has a seat may keep pages; what is no page of this sender, or in no order, is passed over,
            // and the seal's root decides about the rest.
            guard let page = try? WrapPage(decoding: try await block(cid, of: recording)), page.sender == sender,
                page.recording == recording, page.first == UInt64(leaves.count)
            else { continue }
            leaves += page.wraps
        }
        return leaves
    }

    package func opening(of sender: PublicKey, in recording: RecordingID) async -> CertificateOpening? { nil }

    /// The CIDs of a role's blocks, in the order of their indices.
    private func list(
        _ role: String, of recording: RecordingID, epoch: RightsEpoch
    ) async throws(PlaybackError) -> [CID] {
        var cids: [CID] = []
        var from: UInt64 = 0
        while cids.count < Self.blocksMax {
            let answer: JSONValue
            do throws(HomeError) {
                answer = try await home.call(
                    "content.list",
                    [
                        "recording": .string(recording.hex), "role": .string(role), "epoch": .unsigned(epoch.rawValue),
                        "from": .unsigned(from),
                    ])
            } catch {
                throw .home
            }
            let blocks = answer.list ?? []
            for block in blocks {
                guard let cid = block["cid"]?.string.flatMap({ CID(text: $0) }), let index = block["index"]?.unsigned,
                    index >= from, index < .max
                else { throw .home }
                cids.append(cid)
                from = index + 1
            }
            guard blocks.count == ContentIndex.countMax else { return cids }
        }
        throw .home
    }

    /// Blocks of one role that are listed at most: a home node may not fill the player's memory.
    private static let blocksMax = 1 << 20
}
