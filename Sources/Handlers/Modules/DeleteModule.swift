public import ContractRuntime
public import Generated
import Postgres

extension API {
    public func deleteModule(_ input: DeleteModule.Input) async throws(Problem) -> DeleteModule.Output {
        try await transaction { transaction in
            let isDeleted = try transaction.run(.deleteModule(moduleID: input.moduleID)) == 1
            // Deleting a missing module changes nothing, but the attempt is audited.
            let details = isDeleted ? .empty : JSONObject { json in json.member("noop", true) }
            try transaction.record(
                .moduleDelete,
                on: .module,
                input.moduleID.text,
                by: input.principal.name,
                result: isDeleted ? .success : .failure,
                details: details
            )
        }
        return .noContent
    }
}
