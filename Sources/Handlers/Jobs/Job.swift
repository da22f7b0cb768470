public import ContractRuntime
import Postgres

/// A part of what servers do by themselves, again and again.
///
/// Among all servers on a database one at a time does it. It does a bounded amount in each transaction. A job that fails keeps no other from
/// being done, and the next pass does what it could not.
public struct Job: Sendable {
    /// What metrics and the table `jobs` call it.
    public let name: String
    /// Does it; false when another server does.
    let body: @Sendable (API) async throws(Problem) -> Bool

    init(_ name: String, _ body: @escaping @Sendable (API) async throws(Problem) -> Bool) {
        self.name = name
        self.body = body
    }

    /// Which jobs one server does at a time. The number is the key of an advisory lock.
    enum Kind: Int {
        /// Releases before 1.3.0 take the same lock for all of their jobs.
        case maintenance = 7102
        case checks = 7104
    }
}

extension API {
    /// Does jobs one after the other and notes which were done.
    ///
    /// - Parameter report: Is told of each job, with its failure or nil.
    public func run(_ jobs: [Job], report: (Job, Problem?) -> Void) async {
        var done: [String] = []
        for job in jobs where !Task.isCancelled {
            do throws(Problem) {
                if try await job.body(self) { done.append(job.name) }
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

    /// Runs a part of a job in a transaction; nil when another server does jobs of this kind.
    func lead<Result: Sendable>(
        _ kind: Job.Kind,
        within limit: Duration = .seconds(10),
        _ body: @escaping @Sendable (borrowing Transaction) throws -> Result
    ) async throws(Problem) -> Result? {
        try await transaction(within: limit) { transaction in
            try transaction.run(.lead(lock: kind.rawValue)) ? body(transaction) : nil
        }
    }

    /// Runs parts of a job until one has done less than it might have; false when another server does jobs of this kind.
    ///
    /// - Parameter size: How much a part does at most.
    func lead(
        _ kind: Job.Kind,
        within limit: Duration = .seconds(10),
        inPartsOf size: Int,
        _ part: @escaping @Sendable (borrowing Transaction) throws -> Int
    ) async throws(Problem) -> Bool {
        var done: Int
        repeat {
            guard let count = try await lead(kind, within: limit, part) else { return false }
            done = count
        } while done >= size && !Task.isCancelled
        return true
    }
}
