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

    @Test func `statements are distributed over the idle connections`() {
        var queue = queue([("a", false), ("b", false), ("c", false)], idle: 2)
        #expect(queue.take(by: 0).map(\.item) == ["a", "b"])
        queue.idle = 1
        #expect(queue.take(by: 0).map(\.item) == ["c"])
        #expect(queue.take(by: 0).isEmpty)
    }

    @Test func `a session is taken alone and ends a share`() {
        var queue = queue([("a", false), ("session", true), ("b", false)], idle: 1)
        #expect(queue.take(by: 0).map(\.item) == ["a"])
        #expect(queue.take(by: 0).map(\.item) == ["session"])
        #expect(queue.take(by: 0).map(\.item) == ["b"])
    }

    @Test func `a pipeline has a limit`() {
        var queue = queue((0..<100).map { ("\($0)", false) }, idle: 1)
        #expect(queue.take(by: 0).count == 64)
    }

    @Test func `expired work is removed, in order`() {
        var queue = queue([("a", false), ("b", false), ("c", false)], idle: 1)
        #expect(queue.removeExpired(now + .seconds(1)).map(\.item) == ["a", "b"])
        #expect(queue.take(by: 0).map(\.item) == ["c"])
    }

    @Test func `unstarted work goes back to the front`() {
        var queue = queue([("a", false), ("b", false)], idle: 2)
        let taken = queue.take(by: 0)
        queue.putBack(taken, by: 0)
        #expect(queue.take(by: 0).map(\.item) == ["a"])
    }

    @Test func `a closed queue returns its entries and rejects new ones`() {
        var queue = queue([("a", false)], idle: 1)
        #expect(queue.close().map(\.item) == ["a"])
        let refusal = queue.append(.init(item: "b", isExclusive: false, deadline: now))
        #expect(refusal == .closed)
    }

    @Test func `privileged work is taken while others wait, who never get the reserve`() {
        var queue = WorkQueue<String>(reserve: 1)
        queue.idle = 3
        for item in ["a", "b", "c"] { _ = queue.append(.init(item: item, isExclusive: true, deadline: now)) }
        #expect(queue.take(by: 0).map(\.item) == ["a"])
        queue.idle = 2
        #expect(queue.take(by: 1).map(\.item) == ["b"])
        queue.idle = 1
        #expect(queue.take(by: 2).isEmpty)
        _ = queue.append(.init(item: "stop", isExclusive: true, isPrivileged: true, deadline: now))
        #expect(queue.take(by: 2).map(\.item) == ["stop"])
        queue.idle = 1
        #expect(queue.take(by: 0).map(\.item) == ["c"])
    }

    @Test func `work of both kinds is taken in the order of its arrival`() {
        var queue = WorkQueue<String>(reserve: 1)
        queue.idle = 1
        for (item, isPrivileged) in [("a", false), ("stop", true), ("b", false)] {
            _ = queue.append(.init(item: item, isExclusive: true, isPrivileged: isPrivileged, deadline: now))
        }
        #expect((0..<3).flatMap { _ in queue.take(by: 0).map(\.item) } == ["a", "stop", "b"])
    }

    @Test func `entries beyond the limit are rejected, except privileged ones`() {
        var queue = WorkQueue<Int>()
        for number in 0..<16_384 { _ = queue.append(.init(item: number, isExclusive: false, deadline: now)) }
        let refusal = queue.append(.init(item: 0, isExclusive: false, deadline: now))
        #expect(refusal == .full)
        let privileged = queue.append(.init(item: 0, isExclusive: false, isPrivileged: true, deadline: now))
        #expect(privileged == nil)
    }

    @Test func `overdue work of a connection is reported once`() {
        var queue = queue([("a", false), ("b", false)], idle: 1)
        _ = queue.take(by: 0)
        #expect(queue.findOverdue(now).map(\.item) == ["a"])
        #expect(queue.findOverdue(now + .seconds(1)).map(\.item) == ["b"])
        queue.finish(0)
        #expect(queue.findOverdue(now + .seconds(1)).isEmpty)
    }
}
