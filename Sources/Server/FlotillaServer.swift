import ArgumentParser
import CoreMetrics
import Dispatch
import Generated
import Handlers
import Logging
import Postgres
import UnixSignals

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

@main
struct FlotillaServer: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "flotilla-server",
        abstract: "The control plane for a fleet of trading bots.",
        discussion: "It is configured by environment variables and .env; .env.example lists them.",
        version: ContractDocument.version,
        subcommands: [
            Serve.self, Migrate.self, UpgradeCluster.self, ExportAudit.self, DropAudit.self, VerifyAudit.self,
            PrintCommandKeys.self,
            Configuration.self,
        ],
        defaultSubcommand: Serve.self
    )
}

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serves the API and the dashboard until SIGTERM or SIGINT.",
        discussion: """
            Each runs in its own process, which is restarted within a second if it ends. If one of the listeners \
            is off, or with --only, the other one runs in this process.
            """
    )

    @Flag(help: "Migrate the database first.")
    var migrate = false

    @Option(help: "Serve only this component, in this process: api or dashboard.")
    var only: Component?

    // Standard input is the listening socket; standard output is the supervisor's lifeline.
    @Flag(help: .hidden)
    var supervised = false

    // The directory of the supervisor's cluster.
    @Option(help: .hidden)
    var cluster: String?

    func run() async throws {
        let lifeline = supervised ? Lifeline.endProcess(with: STDOUT_FILENO) : nil
        defer { lifeline?.cancel() }
        try await Session.run { application in
            // A service manager may signal both this process and its supervisor. The supervisor's signal would then look like the second
            // one.
            let shutdown = await Shutdown.onSignals(endsAtSecond: !supervised)
            if supervised, let only, let address = application.configuration.address(of: only) {
                let socket = try ListeningSocket(inherited: STDIN_FILENO, host: address.host)
                return try await application.serve([only: socket], schema: .wait, clusterFolder: cluster) {
                    await shutdown.wait()
                }
            }
            let sockets = try application.bind(components(application.configuration))
            let policy: SchemaKeeper.Policy = migrate ? .migrate : .refuse
            let end: @Sendable () async -> Void = { await shutdown.wait() }
            if sockets.count == 2 {
                try await application.supervise(sockets, schema: policy, started: Self.printAddresses, until: end)
            } else {
                try await application.serve(sockets, schema: policy, started: Self.printAddresses, until: end)
            }
        }
        endProcess(status: 0)
    }

    private static func printAddresses(_ addresses: [(name: String, address: String)]) {
        for (name, address) in addresses { print("\(name)  \(address)") }
        fflush(nil)
    }

    private func components(_ configuration: ServerConfiguration) throws -> [Component] {
        guard let only else { return Component.allCases }
        if configuration.address(of: only) != nil { return [only] }
        throw ConfigurationError(
            variable: "\(only.name)_ADDRESS",
            found: "'off'",
            expected: "HOST:PORT with --only \(only.rawValue)"
        )
    }
}

struct Migrate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Migrates the database and exits.")

    func run() async throws {
        try await Session.run { application in try await application.migrate() }
    }
}

struct UpgradeCluster: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "upgrade-cluster",
        abstract: "Upgrades the server's own PostgreSQL cluster to the newest installed version and exits.",
        discussion: "The server must be stopped. The data is copied; the old version's data is kept."
    )

    func run() async throws {
        try await Session.run { application in try await application.upgradeCluster() }
    }
}

struct Configuration: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Prints every variable that the server reads, as Markdown."
    )

    func run() { print(ConfigurationReference.markdown, terminator: "") }
}

/// The common frame of the commands: reads the configuration, sets up the log, and reports failures on the terminal.
enum Session {
    static func run(_ body: (Application) async throws -> Void) async throws {
        do {
            let configuration = try await ServerConfiguration.read()
            let format = configuration.logFormat
            LoggingSystem.bootstrap { label -> any LogHandler in
                switch format {
                case .json: JSONLogHandler(label: label)
                case .text: TextLogHandler(label: label)
                }
            }
            var logger = Logger(label: "flotilla")
            logger.logLevel = configuration.logLevel
            let metrics = PrometheusRegistry()
            // The libraries that the server uses find their metrics here; the server's own parts get the registry explicitly.
            MetricsSystem.bootstrap(metrics)
            try await body(Application(configuration, metrics: metrics, logger: logger))
        } catch let error as ConfigurationError {
            fail("\(error)", status: 2)
        } catch let error as PostgresError {
            // The operator who starts the server may see the database's message. A configuration error describes itself.
            fail(error.code == .configuration ? "\(error)" : "\(error): \(error.serverMessage)", status: 1)
        } catch {
            fail("\(error)", status: 1)
        }
    }

    private static func fail(_ message: String, status: Int32) -> Never {
        StandardError.print(line: Array("flotilla-server: \(message)".utf8))
        endProcess(status: status)
    }
}

/// Ends the process. `exit` would also destroy global objects, which the threads of event loops use until the end.
private func endProcess(status: Int32) -> Never {
    fflush(nil)
    _exit(status)
}

/// A shutdown by signal: the first SIGTERM or SIGINT finishes requests in flight, the second can end the process at once.
private struct Shutdown: Sendable {
    private let signals: AsyncStream<Void>

    static func onSignals(endsAtSecond: Bool) async -> Shutdown {
        let trapped = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        let (stream, continuation) = AsyncStream<Void>.makeStream()
        // The task is not cancelled: it ends with the process, or ends the process itself.
        Task {
            var isStopping = false
            for await _ in trapped {
                if isStopping, endsAtSecond { endProcess(status: 1) }
                isStopping = true
                continuation.finish()
            }
        }
        return Shutdown(signals: stream)
    }

    func wait() async {
        for await _ in signals {}
    }
}
