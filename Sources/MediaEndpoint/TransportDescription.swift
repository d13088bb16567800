package import ICE
package import Primitives
internal import SecureMedia

/// Who begins the DTLS handshake, as RFC 8842 negotiates it.
package enum TransportSetup: String, Sendable, Equatable {
    /// An offer that leaves the choice to the answer.
    case either = "actpass"
    /// This side begins: it is the DTLS client.
    case active
    /// This side waits: it is the DTLS server, and chooses the SRTP profile. The better answer, therefore.
    case passive

    /// The role of who says `self` to somebody who says `remote`; nil if both said the same, or neither decided.
    func role(against remote: TransportSetup) -> DTLSSession.Role? {
        switch (self, remote) {
        case (.either, .active), (.passive, .active), (.passive, .either): .server
        case (.either, .passive), (.active, .passive), (.active, .either): .client
        case (.either, .either), (.active, .active), (.passive, .passive): nil
        }
    }
}

/// What one side tells the other about its transport. Signalling signs it together with call and identities.
package struct TransportDescription: Sendable, Equatable {
    package var credentials: ICECredentials
    /// SHA-256 of the certificate that the handshake will show.
    package var fingerprint: Digest
    package var setup: TransportSetup
    /// Candidates known when it was made; later ones come by themselves.
    package var candidates: [ICECandidate]

    package init(
        credentials: ICECredentials, fingerprint: Digest, setup: TransportSetup, candidates: [ICECandidate] = []
    ) {
        self.credentials = credentials
        self.fingerprint = fingerprint
        self.setup = setup
        self.candidates = candidates
    }
}
