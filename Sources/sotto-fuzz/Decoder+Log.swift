internal import Crypto
internal import Fuzzing
internal import Ledger
internal import Primitives

/// What an auditor reads of the log.
extension Decoder {
    static let log: [Decoder] = [
        Decoder("log-leaf", byteCountMax: 64) { bytes in
            if let leaf = LogLeaf(bytes) { require(leaf.bytes == bytes, "another leaf was taken") }
        },
        Decoder("log-path", byteCountMax: 80) { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            guard let path = LogTiles.Path(text) else { return }
            require(path.text == text, "two texts, one path")
            _ = path.sizeNeeded
        },
        Decoder("log-checkpoint", byteCountMax: 300) { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            if let read = LogCheckpoint(text: text) { require(read.text == text, "two texts, one checkpoint") }
        },
        Decoder("signed-note", byteCountMax: 1_000) { bytes in
            var hash = SHA256()
            let text = String(decoding: bytes, as: UTF8.self)
            if let key = NoteKey(text: text, with: &hash) { require(key.text == text, "two texts, one key") }
            let key = NoteKey(name: "a", key: .zero, with: &hash)
            guard let opened = SignedNote.open(text, by: key) else { return }
            require(text.hasPrefix(opened.text + "\n"), "another text was opened")
        },
    ]
}
