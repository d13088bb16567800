package import MediaEndpoint
package import Recording
package import Signalling

/// How a phone calls and answers.
package struct CallSettings: Sendable {
    package var limits = Signalling.Limits()
    package var transport = TransportSettings()
    /// How long an answer waits for the last candidate; later ones follow by themselves. 200 ms: hosts are known at
    /// once, and a STUN server on a good link answers within.
    package var gathering: Duration = .milliseconds(200)
    /// How long a closed transport waits for the message that says why. 2 s: it took the way through two home nodes.
    package var farewell: Duration = .seconds(2)
    /// How long who hung up waits for the other side's goodbye, and with it for the proofs of its last frames. 500 ms:
    /// the way of the news through two home nodes, and back.
    package var parting: Duration = .milliseconds(500)
    /// Life of mailbox and prekeys of a phone that listens, in milliseconds: a day. A phone that listens longer
    /// publishes anew.
    package var listenMilliseconds: UInt64 = 24 * 3_600_000
    /// Life of the mailbox of one call, in milliseconds: the longest call that can be hung up properly, a day.
    package var callMilliseconds: UInt64 = 24 * 3_600_000
    /// One-time prekeys published at once.
    package var oneTimeKeyCount = 50

    package init() {}
}

/// Where a call's sound and picture come from and go to.
package struct CallMedia: Sendable {
    /// Gives a WebM stream chunk by chunk, nil at its end.
    package typealias Camera = @Sendable () async throws(PipelineError) -> [UInt8]?

    package var wantsVideo: Bool
    package var camera: Camera?
    /// Takes the other side's sound and picture as WebM, in pieces; called on the media thread.
    package var received: (@Sendable ([UInt8]) -> Void)?
    /// Takes each opened frame; called on the media thread.
    package var frameReceived: (@Sendable (ReceivedFrame) -> Void)?

    package init(
        wantsVideo: Bool = true, camera: Camera? = nil, received: (@Sendable ([UInt8]) -> Void)? = nil,
        frameReceived: (@Sendable (ReceivedFrame) -> Void)? = nil
    ) {
        self.wantsVideo = wantsVideo
        self.camera = camera
        self.received = received
        self.frameReceived = frameReceived
    }
}

/// Where a recording hangs on to a call. All are called in order; the first two on the media thread.
package struct CallHooks: Sendable {
    /// A frame was sent, as it travels.
    package var frameSent: (@Sendable (SentFrame) -> Void)?
    /// Our signed list of frames was sent.
    package var listSigned: (@Sendable (SignedLeafList) -> Void)?
    /// A message of the recording's protocol came from the other side.
    package var recordingMessage: (@Sendable ([UInt8]) -> Void)?

    package init(
        frameSent: (@Sendable (SentFrame) -> Void)? = nil, listSigned: (@Sendable (SignedLeafList) -> Void)? = nil,
        recordingMessage: (@Sendable ([UInt8]) -> Void)? = nil
    ) {
        self.frameSent = frameSent
        self.listSigned = listSigned
        self.recordingMessage = recordingMessage
    }
}
