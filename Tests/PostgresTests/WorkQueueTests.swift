import Testing

@testable import Postgres

@Suite struct WorkQueueTests {
    private let now = ContinuousClock.now

    private func queue(_ items: [(String, isExclusive: Bool)], idle: Int) -> WorkQueue<String> {
        var queue = WorkQueue<String>()
        queue.idle = idle
        for (offset, item) in items.enumerated() {
            _ = queue.append(.init(item: item.0, isExclusive: item.isExclusive, deadline: now + .seconds(offset)))
        }
        return queue
    }

    @Test func `statements are shared out among the idle connections`() {
        var queue = queue([("a", false), ("b", false), ("c", false)], idle: 2)
        #expect(queue.take().map(\.item) == ["a", "b"])
        queue.idle = 1
        #expect(queue.take().map(\.item) == ["c"])
        #expect(queue.take().isEmpty)
    }

    @Test func `a session is taken alone and ends a share`() {
        var queue = queue([("a", false), ("session", true), ("b", false)], idle: 1)
        #expect(queue.take().map(\.item) == ["a"])
        #expect(queue.take().map(\.item) == ["session"])
        #expect(queue.take().map(\.item) == ["b"])
    }

    @Test func `a pipeline has a limit`() {
        var queue = queue((0..<100).map { ("\($0)", false) }, idle: 1)
        #expect(queue.take().count == 64)
    }

    @Test func `what waited too long is taken out, in order`() {
        var queue = queue([("a", false), ("b", false), ("c", false)], idle: 1)
        #expect(queue.removeExpired(now + .seconds(1)).map(\.item) == ["a", "b"])
        #expect(queue.take().map(\.item) == ["c"])
    }

    @Test func `what was not begun goes back to the front`() {
        var queue = queue([("a", false), ("b", false)], idle: 2)
        let taken = queue.take()
        queue.putBack(taken)
        #expect(queue.take().map(\.item) == ["a"])
    }

    @Test func `a closed queue gives out what it has and takes nothing more`() {
        var queue = queue([("a", false)], idle: 1)
        #expect(queue.close().map(\.item) == ["a"])
        let isTaken = queue.append(.init(item: "b", isExclusive: false, deadline: now))
        #expect(!isTaken)
    }
}
