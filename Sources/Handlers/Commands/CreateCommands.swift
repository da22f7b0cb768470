import CommandSigning
public import ContractRuntime
import FoundationEssentials
public import Generated
import Postgres

extension API {
    public func createCommands(_ input: CreateCommands.Input) async throws(Problem) -> CreateCommands.Output {
        let request = input.body
        let effect = CommandEffect(type: request.commandType, payload: request.payload)
        if request.dryRun {
            try check(request)
            return .ok(try await preview(of: request.target, effect))
        }
        let key = IdempotencyKey(input.idempotencyKey, of: .createCommands, by: input.principal.name, request)
        let target = key?.key ?? Rejection.manyTargets
        return try await auditingRejection(.commandCreate, on: .command, target, by: input.principal.name) {
            () async throws(Problem) in
            try check(request)
            return .accepted(try await create(request, effect, key, by: input.principal.name))
        }
    }

    private func check(_ request: BulkCommandRequest) throws(Problem) {
        try requireObject(request.payload, "payload")
        if let longest = configuration.commandMaxSeconds, request.ttlSeconds > longest { throw .tooLong(longest) }
    }

    private func create(
        _ request: BulkCommandRequest,
        _ effect: CommandEffect,
        _ key: IdempotencyKey?,
        by actor: String
    ) async throws(Problem) -> BulkCommands {
        let (approval, staleSeconds) = (configuration.approval, configuration.heartbeatStaleSeconds)
        let keys = configuration.signing
        // A command for the whole fleet must not fail because the fleet is large: 10,000 rows take more than a second.
        return try await transaction(within: .seconds(30)) { transaction in
            try transaction.once(key) {
                let target = try transaction.run(.findInstances(request.target, staleSeconds: staleSeconds))
                return try transaction.create(request, for: target.map(\.instanceID), by: actor, effect, approval, keys)
            }
        }
    }
}

extension Transaction {
    /// Stores the commands of a bulk.
    fileprivate borrowing func create(
        _ request: BulkCommandRequest,
        for target: [String],
        by actor: String,
        _ effect: CommandEffect,
        _ approval: ApprovalPolicy,
        _ keys: ServerKeys?
    ) throws -> BulkCommands {
        let held = try run(.holdInstances(instanceIDs: target))
        // An instance that was retired in the meantime has no evidence, and gets no command.
        let judged = try modeEvidence(of: held).map { ($0.instanceID, isHighRisk: effect.isHighRisk(on: $0.mode)) }
        let bulkID = UUID()
        let rows = try run(
            .insertCommands(
                instanceIDs: judged.map(\.0),
                commandType: request.commandType,
                ttlSeconds: request.ttlSeconds,
                payload: request.payload,
                isCritical: effect.isCritical,
                reason: request.reason,
                actor: actor,
                statuses: judged.map { approval.firstStatus(isHighRisk: $0.isHighRisk).rawValue },
                bulkID: bulkID,
                address: RequestClient.current?.address
            )
        )
        try sign(rows.map { SignableCommand($0, request.commandType, by: actor) }, with: keys)
        let isHighRisk = Dictionary(judged.map { (ExactText($0.0), $0.isHighRisk) }) { first, _ in first }
        let items = rows.map { row in
            BulkCommand(
                instanceID: row.instanceID,
                runtimeMode: row.runtimeMode,
                commandID: row.commandID,
                status: row.status,
                isHighRisk: isHighRisk[ExactText(row.instanceID)]
            )
        }
        return BulkCommands(dryRun: false, total: items.count, items: items, bulkID: items.isEmpty ? nil : bulkID)
    }
}

extension SignableCommand {
    fileprivate init(_ row: InsertCommandsRow, _ type: CommandType, by actor: String) {
        let statement = CommandStatement(
            commandID: row.commandID,
            instanceID: row.instanceID,
            commandType: type.rawValue,
            payload: row.payload.description,
            expiresAt: row.expiresAt,
            author: actor,
            sequence: 0
        )
        self.init(statement, row.status)
    }
}

extension API {
    /// The maximum number of instances whose state a dry run returns, as in `bulk-commands.schema.json`.
    private static let describedInstances = 20

    /// The instances that match a query, their positions, and the state of the first ones.
    private func preview(of target: FleetQuery, _ effect: CommandEffect) async throws(Problem) -> BulkCommands {
        let staleSeconds = configuration.heartbeatStaleSeconds
        let instances = try await run(.findInstances(target, staleSeconds: staleSeconds))
        let instanceIDs = instances.map(\.instanceID)
        let books = configuration.books.currency
        let together = try await run(.instancesTogether(instanceIDs: instanceIDs, books: books))
        let exposures = together.exposures
        let first = Array(instanceIDs.prefix(Self.describedInstances))
        let described = try await run(.targetedInstances(staleSeconds: staleSeconds, instanceIDs: first, books: books))
        let modes = try await transaction { try $0.modeEvidence(of: instanceIDs) }
        let evidence = Dictionary(modes.map { (ExactText($0.instanceID), $0.mode) }) { first, _ in first }
        let items = instances.map { instance in
            BulkCommand(
                instanceID: instance.instanceID,
                runtimeMode: instance.runtimeMode,
                commandID: nil,
                status: nil,
                isHighRisk: effect.isHighRisk(on: evidence[ExactText(instance.instanceID)])
            )
        }
        return BulkCommands(
            dryRun: true,
            total: items.count,
            items: items,
            instances: described.map { CommandTarget($0) },
            symbols: together.symbols,
            netExposure: exposures.only?.netExposure,
            grossExposure: exposures.only?.grossExposure,
            exposures: exposures
        )
    }
}

extension CommandTarget {
    fileprivate init(_ row: TargetedInstancesRow) {
        let exposures = row.exposures
        self.init(
            instanceID: row.instanceID,
            botID: row.botID,
            runtimeMode: row.runtimeMode,
            symbol: row.symbol,
            status: row.status,
            isLate: row.isLate,
            netExposure: exposures.only?.netExposure,
            exposures: exposures
        )
    }
}

extension Query where Result == [FindInstancesRow] {
    /// The instances that match a fleet query.
    static func findInstances(_ query: FleetQuery, staleSeconds: Int) -> Self {
        findInstances(
            staleSeconds: staleSeconds,
            instanceIDs: query.instanceIDs,
            botID: query.botID,
            runtimeMode: query.runtimeMode,
            exchange: query.exchange,
            symbol: query.symbol,
            status: query.status,
            q: query.q
        )
    }
}
