import Handlers
import Logging
import Postgres
import ServiceLifecycle
import Subprocess

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

extension Application {
    /// Serves each component in its own process until `shutdown` ends, then lets the processes finish requests in flight.
    ///
    /// This process owns everything that must survive a crash: the listening sockets, and the server's own cluster if there is one. It
    /// parses no input from outside.
    ///
    /// - Parameters:
    ///   - sockets: The listening sockets of the components to serve.
    ///   - schema: How to handle an outdated schema. The server's own cluster is always migrated.
    ///   - started: Called with the addresses once connections are accepted.
    func supervise(
        _ sockets: [Component: ListeningSocket],
        schema policy: SchemaKeeper.Policy,
        started: ([(name: String, address: String)]) -> Void = { _ in },
        until shutdown: @escaping @Sendable () async -> Void
    ) async throws {
        let lifeline = try Lifeline()
        try await withDatabase { url, cluster in
            started(addresses(of: sockets))
            let secrets = try cluster.flatMap { cluster in
                try ClusterSecrets(beside: cluster.path).variables(missingIn: configuration.audit, logger: logger)
            }
            let environment = environment(for: sockets, databaseURL: url, secrets: secrets ?? [:])
            var jobs = Jobs()
            for (component, socket) in sockets {
                let process = SupervisedProcess(
                    component: component,
                    socket: socket,
                    lifeline: lifeline,
                    environment: environment,
                    clusterFolder: cluster?.path,
                    logger: logger
                )
                jobs.add { await process.keepRunning() }
            }
            if let cluster { jobs.add { await cluster.keepRunning() } }
            let services = ProcessServices(
                jobs: jobs,
                keeper: keeper(of: SchemaState(), at: url, owner: try self.owner(of: cluster), policy),
                front: SharedSockets(sockets: sockets.values.map(\.self)),
                logger: logger
            )
            try await services.run(until: shutdown)
        }
    }

    /// The children's environment: they read the same configuration, except for what this process has decided.
    private func environment(
        for sockets: [Component: ListeningSocket],
        databaseURL: String,
        secrets: [String: String]
    ) -> Environment {
        // Only this process migrates.
        var values: [Environment.Key: String?] = ["DATABASE_URL": databaseURL, "MIGRATION_DATABASE_URL": nil]
        for (name, value) in secrets { values[Environment.Key(stringLiteral: name)] = value }
        for (component, socket) in sockets {
            let variable = Environment.Key(stringLiteral: "\(component.name)_ADDRESS")
            values[variable] = ListenAddress(host: socket.host, port: socket.address.port).text
        }
        // The Swift runtime's backtrace would keep a crashed process alive for seconds, during which its connections hang.
        if getenv("SWIFT_BACKTRACE") == nil { values["SWIFT_BACKTRACE"] = "enable=no" }
        return .inherit.updating(values)
    }
}

/// The listening sockets, which the processes share.
private struct SharedSockets: Service {
    let sockets: [ListeningSocket]

    /// From a shutdown on, connections are refused as soon as the processes have closed their copies.
    func run() async {
        try? await gracefulShutdown()
        for socket in sockets { socket.close() }
    }
}
