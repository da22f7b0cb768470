public import ContractRuntime
public import Generated
import Postgres

// The layouts of a user's tables. They have no entries in the audit log: they change nothing for anybody else.
extension API {
    public func getTableLayout(_ input: GetTableLayout.Input) async throws(Problem) -> GetTableLayout.Output {
        let stored = try await readPrimary(
            .findTableLayout(principal: input.principal.name, tableName: input.tableName)
        )
        // A layout that another release stored may have members that this one rejects.
        let layout = stored.flatMap { try? TableLayout(json: $0.bytes) }
        return .ok(layout ?? TableLayout(columns: []))
    }

    public func saveTableLayout(_ input: SaveTableLayout.Input) async throws(Problem) -> SaveTableLayout.Output {
        let layout = input.body
        let query = Query<Int>.storeTableLayout(
            principal: input.principal.name,
            tableName: input.tableName,
            layout: JSONObject { $0.member("columns", layout.columns) }
        )
        _ = try await run(query)
        return .ok(layout)
    }

    public func resetTableLayout(_ input: ResetTableLayout.Input) async throws(Problem) -> ResetTableLayout.Output {
        _ = try await run(.removeTableLayout(principal: input.principal.name, tableName: input.tableName))
        return .noContent
    }
}
