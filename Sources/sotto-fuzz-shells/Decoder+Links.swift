internal import Crypto
internal import Fuzzing
internal import Links
internal import Primitives
internal import TLS
internal import Wire

/// What comes over sockets before and after it is known who sends it.
extension Decoder {
    private static let own = AgreementSecret.generate()
    private static let seeds: [[UInt8]] = [[UInt8](repeating: 1, count: 32), [UInt8](repeating: 2, count: 32)]
    private static let identities = seeds.compactMap {
        try? TLSIdentity(seed: $0.span, protocolName: LinkMesh.protocolName)
    }

    static let links: [Decoder] = [
        // Frames cut by the first byte, then what they carry on the lane of the links themselves.
        Decoder("link-frames", byteCountMax: 16_384) { bytes in
            var assembler = FrameAssembler(settings: LinkSettings())
            let size = max(1, Int(bytes.first ?? 1))
            for start in stride(from: 1, to: bytes.count, by: size) {
                assembler.input += bytes[start..<min(bytes.count, start + size)]
                while true {
                    guard let message = try? assembler.next() else { break }
                    guard message.lane == 0 else { continue }
                    guard let control = LinkControl(kind: message.kind, payload: message.bytes) else { continue }
                    require(control.frame.payload == message.bytes, "another control was taken")
                    if case .hello(let hello) = control { _ = try? LinkHello(decoding: hello) }
                }
            }
        },
        Decoder("dht-datagram", byteCountMax: 1_300) { bytes in
            guard let datagram = DHTDatagram(bytes) else { return }
            require(DHTDatagram(datagram.bytes) == datagram, "a datagram changes when read again")
        },
        Decoder("noise", byteCountMax: 600) { bytes in
            _ = try? NoiseResponder(prologue: [1], own: own, reading: bytes)
        },
        // A server's end that hears a stranger: his hello, certificate and all else, whatever the bytes are.
        Decoder("tls-server", byteCountMax: 4_096) { bytes in
            guard let session = try? TLSSession(.server, identity: identities[0]) else { return }
            feed(bytes, to: session)
            require(!session.isEstablished, "a handshake without keys")
        },
        Decoder("tls-client", byteCountMax: 4_096) { bytes in
            guard let session = try? TLSSession(.client, identity: identities[0]) else { return }
            _ = try? session.handshake()
            feed(bytes, to: session)
            require(!session.isEstablished, "a handshake without keys")
        },
        Decoder("link-handshake", byteCountMax: 512) { Handshake(script: $0, identities).run() },
    ]

    private static func feed(_ bytes: [UInt8], to session: TLSSession) {
        for start in stride(from: 0, to: bytes.count, by: 512) {
            guard (try? session.receive(Array(bytes[start..<min(bytes.count, start + 512)]))) != nil,
                (try? session.handshake()) != nil
            else { break }
        }
        _ = session.drain()
    }
}

/// Two ends that shake hands, while somebody between them changes, cuts, repeats and swaps what they send, as a script
/// of three bytes for each piece says. What must hold: who believes to be connected is connected with the other key,
/// and reads what was written or an error.
private struct Handshake {
    private var alteration: Alteration
    private let identities: [TLSIdentity]

    init(script: [UInt8], _ identities: [TLSIdentity]) {
        alteration = Alteration(script: script)
        self.identities = identities
    }

    consuming func run() {
        guard identities.count == 2, let client = try? TLSSession(.client, identity: identities[0]),
            let server = try? TLSSession(.server, identity: identities[1])
        else { return }
        guard (try? client.handshake()) != nil else { return }
        for _ in 0..<8 {
            let first = alteration.change(client.drain())
            if !first.isEmpty, !give(first, to: server) { break }
            let second = alteration.change(server.drain())
            if !second.isEmpty, !give(second, to: client) { break }
            if first.isEmpty, second.isEmpty { break }
        }
        if let key = client.peerKey { Decoder.require(key == identities[1].publicKey, "the client met a stranger") }
        if let key = server.peerKey { Decoder.require(key == identities[0].publicKey, "the server met a stranger") }
        guard client.isEstablished, server.isEstablished else { return }
        let hello = LinkHello(
            role: .node, chain: .zero, member: .zero, instance: Array(repeating: 1, count: 8), versions: [1])
        guard (try? client.write(hello.encoded)) != nil else { return }
        var read: [UInt8] = []
        guard (try? server.receive(alteration.change(client.drain()))) != nil, (try? server.read(into: &read)) != nil
        else {
            return
        }
        Decoder.require(read.isEmpty || read == hello.encoded, "changed bytes were read")
        _ = try? LinkHello(decoding: read)
    }

    private func give(_ bytes: [UInt8], to session: TLSSession) -> Bool {
        guard (try? session.receive(bytes)) != nil else { return false }
        return (try? session.handshake()) != nil
    }
}
