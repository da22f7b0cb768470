public import ContractRuntime
public import Generated
import Postgres

/// The bounds of saved views.
private enum SavedViews {
    /// The maximum number of views of a user and a list.
    static let limit = 50
    /// The maximum number of views of a user.
    // traps: fifty times the number of lists in the contract.
    static let total = limit * SavedViewListName.allCases.count
    /// The first part of the advisory lock of a user's views; the second part is the hash of the name.
    static let lock: Int32 = 7105
}

// The saved views of a user. They have no entries in the audit log: they change nothing for anybody else.
extension API {
    public func listSavedViews(_ input: ListSavedViews.Input) async throws(Problem) -> ListSavedViews.Output {
        let rows = try await readPrimary(
            .listSavedViews(principal: input.principal.name, list: input.list, limit: SavedViews.total)
        )
        return .ok(SavedViewList(items: rows.map(SavedView.init)))
    }

    public func createSavedView(_ input: CreateSavedView.Input) async throws(Problem) -> CreateSavedView.Output {
        let (view, principal) = (input.body, input.principal.name)
        let row = try await transaction { transaction in
            _ = try transaction.run(.lockSavedViews(lock: SavedViews.lock, principal: principal))
            if try transaction.run(.countSavedViews(principal: principal, list: view.list)) >= SavedViews.limit {
                let detail = "the list has \(SavedViews.limit) saved views, the maximum: delete one"
                throw Problem(status: 409, code: .tooManyViews, detail: detail)
            }
            if view.isDefault { _ = try transaction.run(.endDefaultView(principal: principal, list: view.list)) }
            let row = try transaction.run(
                .insertSavedView(
                    principal: principal,
                    list: view.list,
                    name: view.name,
                    query: view.query,
                    isDefault: view.isDefault
                )
            )
            guard let row else { throw Problem.viewExists(view.name) }
            return row
        }
        return .created(SavedView(row))
    }

    public func updateSavedView(_ input: UpdateSavedView.Input) async throws(Problem) -> UpdateSavedView.Output {
        let (id, view, principal) = (input.viewID, input.body, input.principal.name)
        let row = try await transaction { transaction in
            _ = try transaction.run(.lockSavedViews(lock: SavedViews.lock, principal: principal))
            guard let known = try transaction.run(.findSavedView(principal: principal, viewID: id)) else {
                throw Problem.viewNotFound
            }
            if view.isDefault { _ = try transaction.run(.endDefaultView(principal: principal, list: known.list)) }
            let row = try transaction.run(
                .updateSavedView(viewID: id, name: view.name, query: view.query, isDefault: view.isDefault)
            )
            guard let row else { throw Problem.viewExists(view.name) }
            return row
        }
        return .ok(SavedView(row))
    }

    public func deleteSavedView(_ input: DeleteSavedView.Input) async throws(Problem) -> DeleteSavedView.Output {
        let count = try await run(.deleteSavedView(principal: input.principal.name, viewID: input.viewID))
        if count == 0 { throw .viewNotFound }
        return .noContent
    }
}

extension SavedView {
    fileprivate init(_ row: SavedViewRow) {
        self.init(viewID: row.viewID, list: row.list, name: row.name, query: row.query, isDefault: row.isDefault)
    }
}

extension Problem {
    /// The response is the same for another user's view.
    fileprivate static let viewNotFound = Problem(status: 404, code: .viewNotFound, detail: "no such saved view")

    fileprivate static func viewExists(_ name: String) -> Problem {
        Problem(status: 409, code: .viewExists, detail: "another view of the list has the name '\(name)'")
    }
}
