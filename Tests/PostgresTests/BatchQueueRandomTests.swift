import TestSupport
import Testing

@testable import Postgres

@Suite struct BatchQueueRandomTests {
    /// A random load, with the rules that hold after every event.
    private struct Load {
        var queue = BatchQueue<Int, Int, Int>()
        var random: SplitMix
        let now = ContinuousClock.now
        /// The rows of each caller, and how often it was answered.
        var rows: [[Int]] = []
        var answers: [Int] = []
        /// Batches to send, and the rows of those that a connection has taken.
        var waiting: [Int] = []
        var taken: [Int: [Int]] = [:]
        var lastRow = 0

        mutating func add() {
            let rows = (0..<Int.random(in: 1...40, using: &random)).map { lastRow + 1 + $0 }
            lastRow += rows.count
            let deadline = now + .seconds(Int.random(in: 1...1_000, using: &random))
            let (isAccepted, send) = queue.append(.init(rows: rows, deadline: deadline, caller: self.rows.count))
            #expect(isAccepted)
            self.rows.append(rows)
            answers.append(0)
            if let send { waiting.append(send) }
        }

        mutating func take() {
            guard let batch = waiting.popLast() else { return }
            let rows = queue.take(batch).rows
            #expect(rows.count <= 1_024)
            #expect(rows == rows.sorted())
            #expect(queue.rowCount(batch) == rows.count)
            taken[batch] = rows
        }

        /// Completes a statement. Every 97th row is rejected by the database.
        mutating func complete() {
            guard let batch = taken.keys.sorted().randomElement(using: &random), let rows = taken[batch] else { return }
            taken[batch] = nil
            let step: BatchQueue<Int, Int, Int>.Step
            if Int.random(in: 0..<20, using: &random) == 0 {
                step = queue.fail(batch, PostgresError(.connectionLost, "lost"))
            } else if rows.contains(where: { $0 % 97 == 0 }) {
                step = queue.fail(batch, PostgresError(.statement, state: SQLState("23514"), "rejected"))
            } else {
                step = queue.succeed(batch, rows.map { .success($0) })
            }
            if let send = step.send { waiting.append(send) }
            var given: [(Int, [Result<Int, PostgresError>])] = []
            step.answers?.forEach { given.append(($0, $1)) }
            for (caller, outcomes) in given { check(caller, outcomes) }
        }

        mutating func check(_ caller: Int, _ outcomes: [Result<Int, PostgresError>]) {
            answers[caller] += 1
            #expect(outcomes.count == rows[caller].count)
            for (row, outcome) in zip(rows[caller], outcomes) {
                switch outcome {
                case .success(let value): #expect(value == row && row % 97 != 0)
                case .failure(let error): #expect(error.message == "lost" || row % 97 == 0)
                }
            }
        }

        mutating func expire() {
            let overdue = queue.takeOverdue(now + .seconds(Int.random(in: 0...300, using: &random)))
            for call in overdue.map(\.call) { answers[call.caller] += 1 }
        }
    }

    @Test func `every caller is answered exactly once, with its own rows in order`() {
        var load = Load(random: SplitMix())
        for _ in 0..<20_000 {
            switch Int.random(in: 0..<40, using: &load.random) {
            case 0..<8: load.add()
            case 8..<23: load.take()
            case 39: load.expire()
            default: load.complete()
            }
            #expect(load.waiting.count + load.taken.count <= 3)
        }
        while !load.waiting.isEmpty || !load.taken.isEmpty {
            load.take()
            load.complete()
        }
        #expect(load.queue.count == 0)
        #expect(load.answers.allSatisfy { $0 == 1 })
        #expect(load.answers.count > 2_000)
    }
}
