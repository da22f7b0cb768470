public import ContractRuntime
import FoundationEssentials
public import Generated
import Postgres

extension API {
    public func createCommands(_ input: CreateCommands.Input) async throws(Problem) -> CreateCommands.Output {
        let (request, actor) = (input.body, input.principal.name)
        try requireObject(request.payload, "payload")
        if let longest = configuration.commandMaxSeconds, request.ttlSeconds > longest { throw .tooLong(longest) }
        if request.dryRun { return .ok(try await preview(of: request.target)) }
        let key = IdempotencyKey(input.idempotencyKey, of: .createCommands, by: actor, request)
        let effect = CommandEffect(type: request.commandType, payload: request.payload)
        let approvalModes = configuration.needsApproval ? effect.graveModes : []
        let staleSeconds = configuration.heartbeatStaleSeconds
        // A command for the whole fleet must not fail because the fleet is large: 10,000 rows take more than a second.
        let commands = try await transaction(within: .seconds(30)) { transaction in
            try transaction.once(key) {
                let target = try transaction.run(.findInstances(request.target, staleSeconds: staleSeconds))
                let bulkID = UUID()
                let rows = try transaction.run(
                    .insertCommands(
                        instanceIDs: transaction.run(.holdInstances(instanceIDs: target.map(\.instanceID))),
                        commandType: request.commandType,
                        ttlSeconds: request.ttlSeconds,
                        payload: request.payload,
                        isCritical: effect.isCritical,
                        reason: request.reason,
                        actor: actor,
                        approvalModes: approvalModes.map(\.rawValue),
                        bulkID: bulkID
                    )
                )
                let items = rows.map { row in
                    BulkCommand(
                        instanceID: row.instanceID,
                        runtimeMode: row.runtimeMode,
                        commandID: row.commandID,
                        status: row.status
                    )
                }
                return BulkCommands(
                    dryRun: false,
                    total: items.count,
                    items: items,
                    bulkID: items.isEmpty ? nil : bulkID
                )
            }
        }
        return .accepted(commands)
    }
}

extension API {
    /// The maximum number of instances whose state a dry run returns, as in `bulk-commands.schema.json`.
    private static let describedInstances = 20

    /// The instances that match a query, their positions, and the state of the first ones.
    private func preview(of target: FleetQuery) async throws(Problem) -> BulkCommands {
        let staleSeconds = configuration.heartbeatStaleSeconds
        let instances = try await run(.findInstances(target, staleSeconds: staleSeconds))
        let instanceIDs = instances.map(\.instanceID)
        let books = configuration.books.currency
        let together = try await run(.instancesTogether(instanceIDs: instanceIDs, books: books))
        let exposures = together.exposures
        let first = Array(instanceIDs.prefix(Self.describedInstances))
        let described = try await run(.targetedInstances(staleSeconds: staleSeconds, instanceIDs: first, books: books))
        let items = instances.map { instance in
            BulkCommand(
                instanceID: instance.instanceID,
                runtimeMode: instance.runtimeMode,
                commandID: nil,
                status: nil
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
