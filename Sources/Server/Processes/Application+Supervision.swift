import Handlers
import Logging
import Postgres
import Subprocess

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension Application {
    /// Serves each component in a process of its own until `shutdown` ends; then the processes finish what is in flight.
    ///
    /// This process keeps what outlives a crash: the listening sockets, and the cluster where there is one of our own. It parses
    /// nothing that comes from outside.
    ///
    /// - Parameters:
    ///   - sockets: The listening sockets of the components to serve.
    ///   - schema: What to do about a schema that is behind; our own cluster's is always migrated.
    ///   - started: Called with the addresses once connections are taken.
    func supervise(
        _ sockets: [Component: ListeningSocket],
        schema policy: SchemaKeeper.Policy,
        started: ([(name: String, address: String)]) -> Void = { _ in },
        until shutdown: @escaping @Sendable () async -> Void
    ) async throws {
        let lifeline = try Lifeline()
        try await withDatabase { url, cluster in
            started(addresses(of: sockets))
            let keeper = SchemaKeeper(
                migrator: Migrator(url: url, migrations: Migration.all),
                policy: configuration.databaseURL == nil ? .migrate : policy,
                schema: SchemaState(),
                logger: logger
            )
            let environment = environment(for: sockets, databaseURL: url)
            var jobs: [@Sendable () async -> Void] = sockets.map { component, socket in
                let process = SupervisedProcess(
                    component: component,
                    socket: socket,
                    lifeline: lifeline,
                    environment: environment,
                    clusterFolder: cluster?.path,
                    logger: logger
                )
                return { await process.keepRunning() }
            }
            if let cluster { jobs.append { await cluster.keepRunning() } }
            let end = await Self.end(of: keeper, beside: jobs) {
                await shutdown()
                // From now on connections are refused as soon as the processes have closed their ends.
                for socket in sockets.values { socket.close() }
            }
            try end.get()
        }
    }

    /// The children read the configuration as this process does, except for what it decided.
    private func environment(for sockets: [Component: ListeningSocket], databaseURL: String) -> Environment {
        var values: [Environment.Key: String?] = ["DATABASE_URL": databaseURL]
        for (component, socket) in sockets {
            let variable = Environment.Key(stringLiteral: "\(component.name)_ADDRESS")
            values[variable] = ListenAddress(host: socket.host, port: socket.address.port).text
        }
        // A backtrace of the Swift runtime holds a crashed process for seconds, in which its connections hang.
        if getenv("SWIFT_BACKTRACE") == nil { values["SWIFT_BACKTRACE"] = "enable=no" }
        return .inherit.updating(values)
    }
}
