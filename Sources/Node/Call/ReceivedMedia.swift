import EventLoop
import MediaEndpoint

/// What a call receives, on its way to a file and to whoever watches. On the media thread.
actor ReceivedMedia {
    nonisolated let loop: GLibLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.asUnownedSerialExecutor() }

    private var media: CallMedia?
    private var writer: ReceivedFileWriter?

    init(loop: GLibLoop) { self.loop = loop }

    func begin(_ media: CallMedia) {
        self.media = media
        writer = media.received == nil ? nil : ReceivedFileWriter(expectsVideo: media.wantsVideo)
    }

    func take(_ frame: ReceivedFrame) {
        media?.frameReceived?(frame)
        // A frame that does not fit the file is left out of it; the call goes on.
        if let bytes = try? writer?.write(frame), !bytes.isEmpty { media?.received?(bytes) }
    }

    /// The file's last bytes.
    func finish() {
        if let bytes = writer?.finish(), !bytes.isEmpty { media?.received?(bytes) }
        writer = nil
        media = nil
    }
}
