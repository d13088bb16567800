import Testing

@Suite(.timeLimit(.minutes(1)))
struct SettingsTests {
    @Test("every fault of file and environment is reported at once")
    func faults() async throws {
        try await Script(
            """
            -- bad.conf --
            # a comment
            rpc.prot = 1
            rpc.port = 70000
            rpc.bodyMax = 1GB
            rpc.port = 80
            nonsense
            $ SOTTO_RPC_BATCH_MAX=0 SOTTO_RPC_PROT=1 sotto settings check bad.conf
            2> sotto: error: bad.conf:2: there is no setting rpc.prot; did you mean rpc.port?
            2> sotto: error: bad.conf:5: rpc.port stands in line 3 already
            2> sotto: error: bad.conf:6: a line is key = value
            2> sotto: error: bad.conf:3: rpc.port must be a whole number from 0 to 65535
            2> sotto: error: bad.conf:4: rpc.bodyMax must be bytes from 1024 to 16777216, as 4096, 64KiB or 1MiB
            2> sotto: error: environment SOTTO_RPC_BATCH_MAX: rpc.batchMax must be a whole number from 1 to 1000
            2> sotto: error: environment: SOTTO_RPC_PROT is no setting; did you mean SOTTO_RPC_PORT?
            2> sotto: hint: sotto settings template prints every setting
            ? 5
            $ sotto settings check missing.conf
            2> sotto: error: there is no file missing.conf
            ? 5
            """
        ).run()
    }

    @Test("the environment wins over the file, the file over the default")
    func order() async throws {
        try await Script(
            """
            -- sotto.conf --
            rpc.port=7000
              rpc.bodyMax = 64KiB
            client.node = http://127.0.0.1:1
            $ sotto settings check
            ok
            $ sotto rpc call a.b
            2> sotto: error: cannot reach http://127.0.0.1:1
            2> sotto: hint: is the node running? sotto start, or --node URL
            ? 3
            $ SOTTO_CLIENT_NODE=http://127.0.0.1:2 sotto rpc call a.b
            2> sotto: error: cannot reach http://127.0.0.1:2
            2> sotto: hint: is the node running? sotto start, or --node URL
            ? 3
            -- sotto.conf --
            rpc.certificate = cert.pem
            $ sotto settings check
            2> sotto: error: rpc.certificate and rpc.key are given together or not at all
            ? 5
            """
        ).run()
    }
}
