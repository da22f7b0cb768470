import ContractRuntime
import Foundation
import Generated
import Handlers
import Logging
import Postgres
import TestSupport

/// The operations over a separate database, and the requests that most tests make.
struct Fleet {
    let api: API
    let database: Database
    var url = ""
    var configuration = API.Configuration()
    let operatorPrincipal = Principal(name: "admin-token-user", scopes: Role.scopes(Role.allCases))

    static func with<R>(
        _ configuration: API.Configuration = API.Configuration(),
        _ body: (Fleet) async throws -> R
    ) async throws -> R {
        try await TestDatabase.migrated { try await with(url: $0, configuration, body) }
    }

    private static func with<R>(
        url: String,
        _ configuration: API.Configuration,
        _ body: (Fleet) async throws -> R
    ) async throws -> R {
        let database = Database(
            .init(url: url, connections: 4, deadline: .seconds(10), settings: configuration.policy.settings),
            logger: Self.logger
        )
        defer { database.close() }
        var fleet = Fleet(over: database, configuration)
        (fleet.url, fleet.configuration) = (url, configuration)
        return try await body(fleet)
    }

    /// Runs `body` with another server on the same database, with its own connections.
    func another<R>(_ body: (Fleet) async throws -> R) async throws -> R {
        try await Self.with(url: url, configuration, body)
    }

    func beat(
        _ instanceID: String = "i1",
        bot: String = "b1",
        at time: Timestamp = .now,
        mode: RuntimeMode = .paper,
        version: String = "1.0",
        hasToken: Bool = false
    ) async throws(Problem) {
        let heartbeat = Heartbeat(
            instanceID: instanceID,
            botID: bot,
            runtimeMode: mode,
            exchange: "binance",
            symbol: "BTCUSDT",
            version: version,
            timestamp: time
        )
        let identity = UUID(uuidString: "0B9F6C1E-2A54-4D55-9F0E-6B6F3F2F6D11")
        let agent =
            hasToken ? Principal(name: "agent:\(instanceID)", subject: instanceID, identity: identity) : nil
        _ = try await api.postHeartbeat(.init(body: .heartbeat(heartbeat), principal: agent))
    }

    func bots(page: Int = 1, pageSize: Int = 50) async throws(Problem) -> BotPage {
        switch try await api.listBots(.init(page: page, pageSize: pageSize, principal: operatorPrincipal)) {
        case .ok(let page): return page
        }
    }

    /// The single value that a statement returns, as text.
    func text(_ sql: String) async throws -> String { try await database.run(Query(text: sql)) }

    func audit() async throws(Problem) -> [AuditEntry] {
        switch try await api.listAuditLogs(.init(principal: operatorPrincipal)) {
        case .ok(let page): return page.items
        }
    }

    /// Creates a command for `i1` that expires in a minute.
    @discardableResult
    func command(_ id: UUID = UUID(), _ type: CommandType = .safeMode, to instanceID: String = "i1")
        async throws(Problem) -> Command
    {
        let request = CommandRequest(
            commandID: id,
            instanceID: instanceID,
            commandType: type,
            issuedAt: .now,
            expiresAt: .now.adding(seconds: 60)
        )
        switch try await api.createCommand(.init(body: request, principal: operatorPrincipal)) {
        case .accepted(let command): return command
        }
    }

    @discardableResult
    func acknowledge(
        _ id: UUID,
        _ status: AcknowledgementStatus,
        by instanceID: String = "i1",
        path: UUID? = nil
    ) async throws(Problem) -> AcknowledgementReceipt {
        let body = Acknowledgement(commandID: id, instanceID: instanceID, status: status, reason: nil, timestamp: .now)
        switch try await api.acknowledgeCommand(.init(commandID: path ?? id, body: body)) {
        case .accepted(let receipt): return receipt
        }
    }

    func pending(_ instanceID: String = "i1") async throws(Problem) -> [Command] {
        switch try await api.listPendingCommands(.init(instanceID: instanceID)) {
        case .ok(let commands): return commands
        }
    }

    func show(_ id: UUID) async throws(Problem) -> CommandDetail {
        switch try await api.getCommand(.init(commandID: id, principal: operatorPrincipal)) {
        case .ok(let detail): return detail
        }
    }
}

extension Fleet {
    /// Creates operations over a migrated database.
    init(over database: Database, _ configuration: API.Configuration = API.Configuration()) {
        let schema = SchemaState()
        schema.confirm(version: Migration.all.count)
        let api = API(database: database, schema: schema, configuration: configuration, logger: Self.logger)
        self.init(api: api, database: database)
    }

    private static var logger: Logger {
        var logger = Logger(label: "tests")
        logger.logLevel = .critical
        return logger
    }
}

extension API.Configuration {
    /// A configuration that accepts reports with any timestamp, as servers before 1.3.0 did.
    static var acceptingAnyTime: Self {
        var configuration = Self()
        configuration.clientLimits.clockAheadSeconds = 10_000_000_000
        return configuration
    }
}
