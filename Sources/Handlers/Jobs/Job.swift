public import ContractRuntime
import Postgres

/// A periodic task of servers.
///
/// Among all servers of a database, one at a time runs a job. Each transaction does a limited amount of work. A job that fails, or hangs on
/// some server, does not stop other jobs; the next pass catches up.
public struct Job: Sendable {
    /// The job's name in metrics and in the table `jobs`.
    public let name: String
    /// Runs the job with the lock that each transaction takes. Returns false if another server runs it.
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

    /// A lock that one server at a time holds.
    enum Lock {
        /// The lock of one job.
        case own(String)
        /// The lock of all jobs that maintain sums and partitions.
        case maintenance
    }
}

/// The numbers of the advisory locks that jobs take in the database. Servers of all releases must use the same ones.
private enum AdvisoryLock {
    /// The first part of the lock of one job; the second part is the hash of its name.
    static let job: Int32 = 7104
    /// The lock of all jobs that maintain sums and partitions. Releases before 1.3.0 take it for all of theirs.
    static let maintenance = 7102
}

extension API {
    /// Runs jobs one at a time and records which succeeded.
    ///
    /// - Parameter report: Called after each job, with its failure or nil.
    public func run(_ jobs: [Job], report: (Job, Problem?) -> Void) async {
        var done: [String] = []
        for job in jobs where !Task.isCancelled {
            do throws(Problem) {
                let isDone = try await jobSpan(job.name) { () async throws(Problem) in
                    try await job.body(self, job.lock)
                }
                if isDone { done.append(job.name) }
                report(job, nil)
            } catch {
                report(job, error)
            }
        }
        // If this fails, the jobs count as late although they are not; the next pass records them.
        if !done.isEmpty { _ = try? await run(.noteJobs(names: done)) }
    }

    /// Runs jobs once.
    ///
    /// - Throws: The first failure, after all jobs have run.
    public func run(_ jobs: [Job]) async throws(Problem) {
        var failure: Problem?
        await run(jobs) { _, problem in failure = failure ?? problem }
        if let failure { throw failure }
    }

    /// Records every two seconds, until it is cancelled, that this server is listening: silence of instances counts only while a server
    /// listens.
    public func noteListening() async {
        repeat { _ = try? await run(.noteListening()) } while (try? await Task.sleep(for: .seconds(2))) != nil
    }

    /// Whether any server has run all checks within the last minute.
    public func areChecksDone() async -> Bool {
        (try? await run(.areJobsDone(names: Job.checks.map(\.name), seconds: 60))) == true
    }

    /// Runs a part of a job in a transaction. Returns nil if another server holds the lock.
    func lead<Result: Sendable>(
        _ lock: Job.Lock,
        within limit: Duration = .seconds(10),
        _ body: @escaping @Sendable (borrowing Transaction) throws -> Result
    ) async throws(Problem) -> Result? {
        try await transaction(within: limit) { transaction in
            let isLeader =
                switch lock {
                case .own(let job): try transaction.run(.leadJob(lock: AdvisoryLock.job, job: job))
                case .maintenance: try transaction.run(.leadMaintenance(lock: AdvisoryLock.maintenance))
                }
            return isLeader ? try body(transaction) : nil
        }
    }

    /// Runs parts of a job until one has done less than its maximum. Returns false if another server holds the lock.
    ///
    /// - Parameters:
    ///   - size: The maximum amount of work of a part; passed to `part`.
    ///   - most: The maximum number of parts, so that other jobs can run.
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
