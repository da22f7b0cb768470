public import ContractRuntime
import FoundationEssentials
public import Generated
import Postgres

extension API {
    public func createCommands(_ input: CreateCommands.Input) async throws(Problem) -> CreateCommands.Output {
        let (request, actor) = (input.body, input.principal.name)
        if let longest = configuration.commandMaxSeconds, request.ttlSeconds > longest { throw .tooLong(longest) }
        if request.dryRun {
            let items = try await run(.findInstances(request.target)).map { instance in
                BulkCommand(
                    instanceID: instance.instanceID,
                    runtimeMode: instance.runtimeMode,
                    commandID: nil,
                    status: nil
                )
            }
            return .ok(BulkCommands(dryRun: true, total: items.count, items: items))
        }
        let key = IdempotencyKey(input.idempotencyKey, of: .createCommands, by: actor, request)
        let needsApproval = configuration.needsApproval
        let commands = try await transaction { transaction in
            try transaction.once(key) {
                try transaction.create(request, by: actor, needsApproval: needsApproval)
            }
        }
        return .accepted(commands)
    }
}

extension Transaction {
    fileprivate borrowing func create(
        _ request: BulkCommandRequest,
        by actor: String,
        needsApproval: Bool
    ) throws -> BulkCommands {
        let instances = try run(.findInstances(request.target)).map(\.instanceID)
        let bulkID = UUID()
        let rows = try run(
            .insertCommands(
                instanceIDs: instances,
                commandType: request.commandType,
                ttlSeconds: request.ttlSeconds,
                payload: request.payload,
                reason: request.reason,
                actor: actor,
                needsApproval: needsApproval,
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
        return BulkCommands(dryRun: false, total: items.count, items: items, bulkID: items.isEmpty ? nil : bulkID)
    }
}

extension Query where Result == [FindInstancesRow] {
    /// Whom a fleet query means.
    static func findInstances(_ query: FleetQuery) -> Self {
        findInstances(
            instanceIDs: query.instanceIDs,
            botID: query.botID,
            runtimeMode: query.runtimeMode,
            exchange: query.exchange,
            symbol: query.symbol
        )
    }
}
