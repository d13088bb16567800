import EventLoop
import Links
import Testing

@Suite(.timeLimit(.minutes(1))) struct LinkRequestTests {
    private let loop: EpollLoop
    init() throws { loop = try EpollLoop(name: "test") }

    @Test("each request gets its own answer")
    func answers() async throws {
        defer { loop.stop() }
        let (first, second) = (try TestNode(1, on: loop), try TestNode(2, on: loop))
        try await connect([first, second])
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<100 {
                group.addTask {
                    let question = [UInt8(number), 1, 2]
                    let answer = try await first.mesh.request(question, to: second.member, within: .seconds(20))
                    return answer == question.reversed()
                }
            }
            for try await isRight in group { #expect(isRight) }
        }
        let answer = try await second.mesh.request([3, 4], on: .sync, to: first.member, within: .seconds(20))
        #expect(answer == [4, 3])
        #expect(await first.mesh.statistics[0].openRequestCount == 0)
    }

    @Test("a request without an answer times out, and its late answer is ignored")
    func timeout() async throws {
        defer { loop.stop() }
        let (first, second) = (try TestNode(1, on: loop), try TestNode(2, on: loop, answers: false))
        try await connect([first, second])
        await #expect(throws: LinkError.timedOut) {
            _ = try await first.mesh.request([1], to: second.member, within: .milliseconds(30))
        }
        let late = await second.next { event in if case .request(let request) = event { request } else { nil } }
        #expect(await second.mesh.respond(to: try #require(late), [9]) == .queued)
        #expect(await second.mesh.respond(to: try #require(late), [9]) == .notConnected)
        async let answer = first.mesh.request([2], to: second.member, within: .seconds(20))
        let next = await second.next { event in if case .request(let request) = event { request } else { nil } }
        _ = await second.mesh.respond(to: try #require(next), [7])
        #expect(try await answer == [7])
    }

    @Test("requests are bounded, refused ones say so, and the end of the link ends them")
    func bounds() async throws {
        defer { loop.stop() }
        var settings = TestNode.settings()
        settings.requestCountMax = 2
        let first = try TestNode(1, on: loop, settings: settings)
        let second = try TestNode(2, on: loop, settings: settings, answers: false)
        try await connect([first, second])
        let (mesh, target) = (first.mesh, second.member)
        async let one = failure { () async throws in try await mesh.request([1], to: target, within: .seconds(30)) }
        let request = await second.next { event in if case .request(let request) = event { request } else { nil } }
        async let two = failure { () async throws in try await mesh.request([2], to: target, within: .seconds(30)) }
        _ = await second.next { event in if case .request = event { true } else { nil } }
        await #expect(throws: LinkError.busy) { _ = try await mesh.request([3], to: target, within: .seconds(30)) }
        await second.mesh.refuse(try #require(request))
        #expect(await one == .refusedByPeer)
        await second.mesh.stop()
        #expect(await two == .disconnected)
        await #expect(throws: LinkError.notConnected) {
            _ = try await mesh.request([4], to: target, within: .seconds(30))
        }
    }

    /// The error of an attempt, or nil.
    private func failure(_ body: () async throws -> [UInt8]) async -> LinkError? {
        do {
            _ = try await body()
            return nil
        } catch {
            return error as? LinkError
        }
    }
}
