/// What a test waited for, and did not come.
struct Late: Error { let what: String }

/// Looks again and again, for twenty seconds at most.
func waitFor(_ what: @autoclosure () -> String, until isDone: () async throws -> Bool) async throws {
    for _ in 0..<1_000 {
        if try await isDone() { return }
        try await Task.sleep(for: .milliseconds(20))
    }
    throw Late(what: what())
}
