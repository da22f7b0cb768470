import Logging
import ServiceLifecycle

/// The services of a process: its jobs, the check of the schema, and what it does for others in front of them.
///
/// They start together and end one at a time, the front first: requests in flight may need the jobs.
struct ProcessServices {
    let jobs: Jobs
    let keeper: SchemaKeeper
    let front: any Service
    let logger: Logger

    /// Runs the services until `shutdown` ends. An unusable schema, or a front that cannot start, ends them earlier and is thrown.
    func run(until shutdown: @escaping @Sendable () async -> Void) async throws {
        // Each has a name: without one, the log would contain the service itself, with the configuration and its tokens.
        let services: [ServiceGroupConfiguration.ServiceConfiguration] = [
            .init(service: jobs, serviceName: "jobs"),
            .init(
                service: keeper,
                successTerminationBehavior: .ignore,
                failureTerminationBehavior: .gracefullyShutdownGroup,
                serviceName: "schema"
            ),
            .init(service: front, failureTerminationBehavior: .gracefullyShutdownGroup, serviceName: "front"),
            .init(
                service: ShutdownRequest(wait: shutdown),
                successTerminationBehavior: .gracefullyShutdownGroup,
                serviceName: "shutdown"
            ),
        ]
        try await ServiceGroup(configuration: .init(services: services, logger: logger)).run()
    }
}

/// Work beside the requests, which continues until its task is cancelled. A shutdown ends all jobs together.
struct Jobs: Service {
    private var jobs: [@Sendable () async -> Void] = []

    mutating func add(_ job: @escaping @Sendable () async -> Void) { jobs.append(job) }

    func run() async {
        await cancelWhenGracefulShutdown { [jobs] in
            await withDiscardingTaskGroup { group in
                for job in jobs { group.addTask { await job() } }
            }
        }
    }
}

/// Ends when a signal, or the end of a test, asks the process to shut down.
private struct ShutdownRequest: Service {
    let wait: @Sendable () async -> Void

    func run() async { await cancelWhenGracefulShutdown { await wait() } }
}
