public import ContractRuntime
public import Generated
import Logging
import Postgres

extension API {
    public func getReadiness(_ input: GetReadiness.Input) async throws(Problem) -> GetReadiness.Output {
        if let problem = readiness.problem() { throw problem }
        return .ok(Readiness(status: .ready, timestamp: .now))
    }

    /// Checks every second whether requests can be served, and more often while they cannot, until it is cancelled.
    public func checkReadiness() async {
        var pause = Duration.zero
        while (try? await Task.sleep(for: pause)) != nil {
            let problem = await findProblem()
            if readiness.record(problem) {
                logger.info("readiness changed", metadata: ["state": "\(problem?.code ?? "READY")"])
            }
            pause = problem == nil ? .seconds(1) : .milliseconds(50)
        }
    }

    /// Makes readiness fail from now on: the server ends.
    public func announceShutdown() {
        readiness.shutDown()
    }

    private func findProblem() async -> Problem? {
        guard schema.version != nil else { return .databaseUnavailable }
        do throws(PostgresError) {
            let isWritten = try await RequestScope.within(.milliseconds(1_800), usesReserve: true) {
                () async throws(PostgresError) in try await database.run(.probeWrites())
            }
            return isWritten ? nil : .databaseNotWritable
        } catch {
            if error.isTransient { return .databaseUnavailable }
            logger.debug("the database refuses writes", metadata: ["error": "\(error)"])
            return .databaseNotWritable
        }
    }
}
