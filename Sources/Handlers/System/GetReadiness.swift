public import ContractRuntime
public import Generated
import Logging
import Postgres
import Synchronization

extension API {
    public func getReadiness(_ input: GetReadiness.Input) async throws(Problem) -> GetReadiness.Output {
        if let problem = readiness.problem() { throw problem }
        return .ok(Readiness(status: .ready, timestamp: .now))
    }

    /// Checks until it is cancelled whether the server is ready.
    public func checkReadiness() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [self] in await checkPool() }
            group.addTask { [self] in await checkNewConnections() }
        }
    }

    /// Checks every second, and more often while the server is not ready.
    private func checkPool() async {
        var pause = Duration.zero
        while (try? await Task.sleep(for: pause)) != nil {
            let problem = await findProblem()
            if readiness.record(problem) {
                logger.info("readiness changed", metadata: ["state": "\(problem?.code ?? "READY")"])
            }
            pause = problem == nil ? .seconds(1) : .milliseconds(50)
        }
    }

    /// Makes readiness fail from now on, because the server is shutting down.
    public func announceShutdown() {
        readiness.shutDown()
    }

    /// Writes every ten seconds over a new connection, as a new client would. Existing connections may still work when new ones fail.
    private func checkNewConnections() async {
        var pause = Duration.zero
        while (try? await Task.sleep(for: pause)) != nil {
            let failure = await database.probeNewConnection()
            // The other check detects an unavailable database.
            let isWriteFailure = failure.map { $0.isDiskFull || $0.isLibraryFailure } ?? false
            note(writeFailure: isWriteFailure ? failure.map { unavailability($0) } : nil)
            pause = isWriteFailure ? .seconds(1) : .seconds(10)
        }
    }

    /// Records why writes fail, for readiness and the dashboard, and logs what to do.
    func note(writeFailure: Problem?) {
        guard readiness.record(writeFailure: writeFailure) else { return }
        guard let writeFailure else { return logger.info("writes succeed again") }
        let isFull = writeFailure.code == Problem.databaseFull.code
        let line =
            isFull
            ? "the disk of the database is full, so writes fail: delete other files on it or enlarge it"
            : "PostgreSQL cannot load its libraries, as after an upgrade of its packages, so writes fail: restart it"
        if repeatedLines.withLock({ $0.admits(line) }) { logger.error("\(line)") }
    }

    /// The reason why writes fail although the database is available, for people; nil if they succeed.
    public var writeFailure: String? { readiness.writeFailure?.detail }

    private func findProblem() async -> Problem? {
        guard schema.version != nil else { return .databaseUnavailable }
        do throws(PostgresError) {
            let probe = try await RequestScope.within(.milliseconds(1_800), usesReserve: true) {
                () async throws(PostgresError) in try await database.run(.probeWrites())
            }
            guard probe.isWritten else { return .databaseNotWritable }
            DatabaseClock.observe(probe.time)
            return nil
        } catch {
            if error.isTransient { return unavailability(error) }
            logger.debug("the database refuses writes", metadata: ["error": "\(error)"])
            return .databaseNotWritable
        }
    }
}
