public import ContractRuntime
import Postgres

/// A part of what servers do by themselves, again and again.
///
/// Among all servers on a database one at a time does it. It does a bounded amount in each transaction. A job that fails, or that hangs on
/// some server, keeps no other from being done; the next pass does what it could not.
public struct Job: Sendable {
    /// What metrics and the table `jobs` call it.
    public let name: String
    /// Does it, with the lock that each transaction takes; false when another server does.
    let body: @Sendable (API, Lock) async throws(Problem) -> Bool
    let lock: Lock

    init(
        _ name: String,
        lock: Lock? = nil,
        _ body: @escaping @Sendable (API, Lock) async throws(Problem) -> Bool
    ) {
        self.name = name
        self.lock = lock ?? .own(name)
        self.body = body
    }

    /// What one server at a time holds.
    enum Lock {
        /// That of one job.
        case own(String)
        /// That of all jobs which keep sums and partitions.
        case maintenance
    }
}

extension API {
    /// Does jobs one after the other and notes which were done.
    ///
    /// - Parameter report: Called after each job, with its failure or nil.
    public func run(_ jobs: [Job], report: (Job, Problem?) -> Void) async {
        var done: [String] = []
        for job in jobs where !Task.isCancelled {
            do throws(Problem) {
                if try await job.body(self, job.lock) { done.append(job.name) }
                report(job, nil)
            } catch {
                report(job, error)
            }
        }
        // Without a note the jobs count as late, which they are not: the next pass notes them.
        if !done.isEmpty { _ = try? await run(.noteJobs(names: done)) }
    }

    /// Does jobs once.
    ///
    /// - Throws: The first failure, after the other jobs were done.
    public func run(_ jobs: [Job]) async throws(Problem) {
        var failure: Problem?
        await run(jobs) { _, problem in failure = failure ?? problem }
        if let failure { throw failure }
    }

    /// Notes, every two seconds until it is cancelled, that this server listens to instances: their silence counts only while one does.
    public func noteListening() async {
        repeat { _ = try? await run(.noteListening()) } while (try? await Task.sleep(for: .seconds(2))) != nil
    }

    /// Whether all checks were done within the last minute, by any server.
    public func areChecksDone() async -> Bool {
        (try? await run(.areJobsDone(names: Job.checks.map(\.name), seconds: 60))) == true
    }

    /// Runs a part of a job in a transaction; nil when another server holds the lock.
    func lead<Result: Sendable>(
        _ lock: Job.Lock,
        within limit: Duration = .seconds(10),
        _ body: @escaping @Sendable (borrowing Transaction) throws -> Result
    ) async throws(Problem) -> Result? {
        try await transaction(within: limit) { transaction in
            let isLeader =
                switch lock {
                case .own(let job): try transaction.run(.leadJob(job: job))
                case .maintenance: try transaction.run(.leadMaintenance())
                }
            return isLeader ? try body(transaction) : nil
        }
    }

    /// Runs parts of a job until one has done less than it might have; false when another server holds the lock.
    ///
    /// - Parameters:
    ///   - size: How much a part does at most; passed to `part`.
    ///   - most: How many parts it runs at most, so that other jobs have their turn.
    func lead(
        _ lock: Job.Lock,
        within limit: Duration = .seconds(10),
        inPartsOf size: Int,
        atMost most: Int = 1_000,
        _ part: @escaping @Sendable (borrowing Transaction, Int) throws -> Int
    ) async throws(Problem) -> Bool {
        for _ in 0..<most {
            guard let done = try await lead(lock, within: limit, { try part($0, size) }) else { return false }
            if done < size || Task.isCancelled { break }
        }
        return true
    }
}
