public import ContractRuntime
public import Generated
import Postgres

extension API {
    public func upsertModule(_ input: UpsertModule.Input) async throws(Problem) -> UpsertModule.Output {
        let registration = input.body
        try requireObject(registration.config, "config")
        let schedule = try CronExpression(of: registration)
        let row = try await transaction { transaction in
            let now = try transaction.run(.databaseTime())
            let row = try transaction.run(.upsertModule(registration, nextRunAt: schedule?.next(after: now)))
            try transaction.record(
                row.isNew ? .moduleCreate : .moduleUpdate,
                on: .module,
                registration.moduleID.text,
                by: input.principal.name,
                details: JSONObject { json in json.member("enabled", registration.enabled) }
            )
            return row
        }
        return .created(Module(row.module, for: input.principal))
    }
}

extension Query where Result == UpsertModuleRow {
    fileprivate static func upsertModule(_ registration: ModuleRegistration, nextRunAt: Timestamp?) -> Self {
        upsertModule(
            moduleID: registration.moduleID,
            name: registration.name,
            description: registration.description,
            enabled: registration.enabled,
            executionMode: registration.executionMode,
            scheduleCron: registration.scheduleCron,
            config: registration.config,
            missedRunPolicy: registration.missedRunPolicy,
            queueTimeoutSeconds: registration.queueTimeoutSeconds,
            runTimeoutSeconds: registration.runTimeoutSeconds,
            nextRunAt: nextRunAt,
            clientCreatedAt: registration.createdAt,
            clientUpdatedAt: registration.updatedAt
        )
    }
}
