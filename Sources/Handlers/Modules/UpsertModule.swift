public import ContractRuntime
public import Generated
import Postgres

extension API {
    public func upsertModule(_ input: UpsertModule.Input) async throws(Problem) -> UpsertModule.Output {
        let registration = input.body
        let times = try await transaction { transaction in
            let times = try transaction.run(.upsertModule(registration))
            let details = JSONObject { json in json.member("enabled", registration.enabled) }
            try transaction.record(
                times.isNew ? .moduleCreate : .moduleUpdate,
                on: .module,
                registration.moduleID.text,
                by: input.principal.name,
                details: details
            )
            return times
        }
        return .created(Module(registration, createdAt: times.createdAt, updatedAt: times.updatedAt))
    }
}

extension Query where Result == UpsertModuleRow {
    fileprivate static func upsertModule(_ registration: ModuleRegistration) -> Self {
        upsertModule(
            moduleID: registration.moduleID,
            name: registration.name,
            description: registration.description,
            enabled: registration.enabled,
            executionMode: registration.executionMode,
            scheduleCron: registration.scheduleCron,
            config: registration.config,
            clientCreatedAt: registration.createdAt,
            clientUpdatedAt: registration.updatedAt
        )
    }
}

extension Module {
    fileprivate init(_ registration: ModuleRegistration, createdAt: Timestamp, updatedAt: Timestamp) {
        self.init(
            moduleID: registration.moduleID,
            name: registration.name,
            description: registration.description,
            enabled: registration.enabled,
            executionMode: registration.executionMode,
            scheduleCron: registration.scheduleCron,
            config: registration.config,
            createdAt: createdAt,
            updatedAt: updatedAt,
            clientCreatedAt: registration.createdAt,
            clientUpdatedAt: registration.updatedAt
        )
    }
}
