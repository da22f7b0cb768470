import TestSupport
import Testing

@testable import Postgres

/// Rows are numbers, outcomes their tenfold, and callers names.
@Suite struct BatchQueueTests {
    private typealias Queue = BatchQueue<Int, Int, String>

    private let now = ContinuousClock.now
    private let violation = PostgresError(.statement, state: SQLState("23514"), "rejected")
    private let conflict = PostgresError(.statement, state: SQLState("40P01"), "deadlock")
    private let lost = PostgresError(.connectionLost, "the connection broke")

    private func call(_ caller: String, _ rows: [Int], seconds: Int = 10) -> Queue.Call {
        Queue.Call(rows: rows, deadline: now + .seconds(seconds), caller: caller)
    }

    private func success(_ rows: [Int]) -> Queue.Outcomes { rows.map { .success($0 * 10) } }

    /// The answers as text, for example `a: 10 rejected`.
    private func text(_ answers: Queue.Answers?) -> [String] {
        var lines: [String] = []
        answers?.forEach { caller, outcomes in
            let words = outcomes.map { outcome in
                switch outcome {
                case .success(let value): "\(value)"
                case .failure(let error): error.message
                }
            }
            lines.append("\(caller): " + words.joined(separator: " "))
        }
        return lines
    }

    @Test func `a row is sent immediately if nothing is in flight, and others join until a connection takes it`() {
        var queue = Queue()
        #expect(queue.append(call("a", [1])).send == 1)
        #expect(queue.append(call("b", [2, 3])).send == nil)
        #expect(queue.take(1).rows == [1, 2, 3])
        #expect(queue.count == 0)
        #expect(queue.append(call("c", [4])).send == nil)
        let step = queue.succeed(1, success([1, 2, 3]))
        #expect(text(step.answers) == ["a: 10", "b: 20 30"])
        #expect(step.send == 2)
        #expect(queue.take(2).rows == [4])
    }

    @Test func `a second connection gets the same rows if the first one broke`() {
        var queue = Queue()
        _ = queue.append(call("a", [1]))
        let first = queue.take(1)
        _ = queue.append(call("b", [2]))
        let second = queue.take(1)
        #expect(first.rows == [1] && first.isNew)
        #expect(second.rows == [1] && !second.isNew)
    }

    @Test func `64 pending rows start a statement beside others, up to three`() {
        var queue = Queue()
        _ = queue.append(call("a", [0]))
        // Batch 1 is not taken yet, so these rows join it.
        #expect(queue.append(call("b", Array(1...64))).send == nil)
        _ = queue.take(1)
        #expect(queue.append(call("c", Array(1...63))).send == nil)
        #expect(queue.append(call("d", [64])).send == 2)
        _ = queue.take(2)
        #expect(queue.append(call("e", Array(1...64))).send == 3)
        _ = queue.take(3)
        #expect(queue.append(call("f", Array(1...64))).send == nil)
        #expect(queue.succeed(2, success(Array(1...64))).send == 4)
    }

    @Test func `a statement has at most 1024 rows, unless one call has more`() {
        var queue = Queue()
        _ = queue.append(call("a", [0]))
        _ = queue.append(call("b", Array(0..<1_023)))
        _ = queue.append(call("c", Array(0..<2_000)))
        #expect(queue.take(1).rows.count == 1_024)
        let send = queue.succeed(1, success(Array(0..<1_024))).send
        #expect(send == 2)
        #expect(queue.take(2).rows.count == 2_000)
    }

    @Test func `rows beyond the limit are rejected`() {
        var queue = Queue()
        _ = queue.append(call("a", Array(repeating: 0, count: 65_535)))
        #expect(queue.append(call("b", [1])).isAccepted)
        let rejected = queue.append(call("c", [2]))
        #expect(!rejected.isAccepted)
        #expect(queue.count == 65_536)
    }

    @Test func `a failed batch is sent again in halves, and only the rejected row fails`() {
        var queue = Queue()
        _ = queue.append(call("a", [1, 2]))
        _ = queue.append(call("b", [3, 4, 5]))
        #expect(queue.take(1).rows == [1, 2, 3, 4, 5])
        #expect(queue.fail(1, violation).send == 1)
        #expect(queue.take(1).rows == [1, 2])
        #expect(queue.rowCount(1) == 2)
        #expect(queue.succeed(1, success([1, 2])).send == 1)
        #expect(queue.take(1).rows == [3, 4, 5])
        #expect(queue.fail(1, violation).send == 1)
        #expect(queue.take(1).rows == [3])
        #expect(queue.fail(1, violation).send == 1)
        #expect(queue.take(1).rows == [4, 5])
        let step = queue.succeed(1, success([4, 5]))
        #expect(text(step.answers) == ["a: 10 20", "b: rejected 40 50"])
        #expect(step.send == nil)
    }

    @Test func `a conflict is tried three times, unchanged, and not in halves`() {
        var queue = Queue()
        _ = queue.append(call("a", [1, 2]))
        for _ in 1...2 {
            #expect(queue.take(1).rows == [1, 2])
            #expect(queue.fail(1, conflict).send == 1)
        }
        #expect(text(queue.fail(1, conflict).answers) == ["a: deadlock deadlock"])
    }

    @Test func `each half has three separate attempts`() {
        var queue = Queue()
        _ = queue.append(call("a", [1, 2]))
        _ = queue.take(1)
        for error in [conflict, conflict, violation, conflict, conflict] { #expect(queue.fail(1, error).send == 1) }
        #expect(queue.take(1).rows == [1])
        #expect(queue.fail(1, conflict).send == 1)
        #expect(queue.take(1).rows == [2])
        #expect(text(queue.succeed(1, success([2])).answers) == ["a: deadlock 20"])
    }

    @Test func `a lost connection fails all rows of the statement, whose outcome is unknown`() {
        var queue = Queue()
        _ = queue.append(call("a", [1, 2]))
        _ = queue.take(1)
        let step = queue.fail(1, lost)
        #expect(text(step.answers) == ["a: the connection broke the connection broke"])
        #expect(step.send == nil)
    }

    @Test func `if no connection takes a batch in time, every pending row fails`() {
        var queue = Queue()
        _ = queue.append(call("a", [1]))
        _ = queue.append(call("b", [2, 3]))
        let step = queue.fail(1, PostgresError(.unavailable, "none"))
        #expect(text(step.answers) == ["a: none", "b: none none"])
        #expect(queue.count == 0)
        #expect(queue.append(call("c", [4])).send == 2)
    }

    @Test func `a caller is answered once, at its deadline, while the statement continues for others`() {
        var queue = Queue()
        _ = queue.append(call("a", [1], seconds: 1))
        _ = queue.append(call("b", [2], seconds: 9))
        _ = queue.take(1)
        _ = queue.append(call("c", [3], seconds: 1))
        _ = queue.append(call("d", [4], seconds: 9))
        let overdue = queue.takeOverdue(now + .seconds(1))
        #expect(overdue.map(\.call.caller) == ["c", "a"])
        #expect(overdue.map(\.isInFlight) == [false, true])
        #expect(queue.takeOverdue(now + .seconds(1)).isEmpty)
        #expect(queue.count == 1)
        #expect(text(queue.succeed(1, success([1, 2])).answers) == ["b: 20"])
        #expect(queue.take(2).rows == [4])
    }
}
