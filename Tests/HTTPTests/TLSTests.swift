import EventLoop
import Foundation
import HTTP
import Testing

/// https and wss with a certificate made for this test alone, for 127.0.0.1 and localhost.
@Suite(.timeLimit(.minutes(1)))
struct TLSTests {
    private static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBnDCCAUGgAwIBAgIUQB/biNJZlU3FwWtEGMoqxQI3QO0wCgYIKoZIzj0EAwIw
        FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMDEyNDkwMloYDzIxMjYxMDI3
        MTI0OTAyWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
        PQMBBwNCAARvbU778jlnHNmENpwnTazdGwb6ZaN7Q2Vs6TwEMuszLhazTZLjX70z
        PDqNV//SrI8BkurzpQa7f2qbOAtJLgcEo28wbTAdBgNVHQ4EFgQU9mJFyj4Ior0C
        vjk3d9VG+mxmE4swHwYDVR0jBBgwFoAU9mJFyj4Ior0Cvjk3d9VG+mxmE4swDwYD
        VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARhwR/AAABgglsb2NhbGhvc3QwCgYIKoZI
        zj0EAwIDSQAwRgIhAOU51dtAoVKFFL9eGm2UTsXrByPSTdVPkZnFQlNNoqYlAiEA
        +K0KDoXsdFuhNVBhcqr4uL8sFtD6+nG94tDHKY38IrE=
        -----END CERTIFICATE-----
        """

    private static let key = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgPsbsEvbMtbQE0HVY
        LHNeO+dTujIcP/ScQIP3FNmctNahRANCAARvbU778jlnHNmENpwnTazdGwb6ZaN7
        Q2Vs6TwEMuszLhazTZLjX70zPDqNV//SrI8BkurzpQa7f2qbOAtJLgcE
        -----END PRIVATE KEY-----
        """

    private let directory: URL
    private let server: HTTPServer
    private let port: UInt16

    init() async throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "sotto-\(UUID().uuidString)")
        self.directory = directory
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let files = ["certificate.pem", "key.pem"].map { directory.appending(path: $0) }
        try Self.certificate.write(to: files[0], atomically: true, encoding: .utf8)
        try Self.key.write(to: files[1], atomically: true, encoding: .utf8)
        var settings = HTTPServerSettings()
        settings.tls = .init(certificatePath: files[0].path, keyPath: files[1].path)
        server = HTTPServer(
            loop: GLibLoop(name: "server"), settings: settings,
            webSocket: (
                "/socket",
                { connection in
                    for await message in connection.messages { try? await connection.send(message) }
                }
            )
        ) { Fixture.echo($0) }
        port = try await server.start()
    }

    private func client(trusting: Bool) -> HTTPClient {
        var settings = HTTPClientSettings()
        settings.authorityPath = trusting ? directory.appending(path: "certificate.pem").path : nil
        return HTTPClient(loop: GLibLoop(name: "client"), settings: settings)
    }

    @Test("https and wss work for who trusts the authority, and closed connections are forgotten")
    func trusted() async throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        let client = client(trusting: true)
        for _ in 0..<3 {
            let answer = try await client.send("POST", "https://127.0.0.1:\(port)/echo", body: [1, 2, 3])
            #expect(answer.body == [1, 2, 3])
        }
        while await server.connectionCount > 0 { await Task.yield() }
        let connection = try await client.openWebSocket("wss://127.0.0.1:\(port)/socket")
        try await connection.send(.text("secret"))
        for await message in connection.messages {
            #expect(message == .text("secret"))
            break
        }
        await connection.close()
        await server.stop()
    }

    @Test("a certificate of an unknown authority is refused, and so is plain http")
    func untrusted() async throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        let client = client(trusting: false)
        await #expect(throws: HTTPError.untrusted) { try await client.send("GET", "https://127.0.0.1:\(port)/range") }
        await #expect(throws: HTTPError.self) { try await client.send("GET", "http://127.0.0.1:\(port)/range") }
        await server.stop()
    }

    @Test("a certificate that cannot be read is reported")
    func unreadable() async throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        var settings = HTTPServerSettings()
        settings.tls = .init(certificatePath: directory.path + "/none.pem", keyPath: directory.path + "/key.pem")
        let broken = HTTPServer(loop: GLibLoop(name: "broken"), settings: settings) { Fixture.echo($0) }
        await #expect(throws: HTTPError.badCertificate) { try await broken.start() }
        await server.stop()
    }
}
