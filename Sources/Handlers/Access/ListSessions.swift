public import ContractRuntime
public import Generated
import Postgres

extension API {
    public func listSessions(_ input: ListSessions.Input) async throws(Problem) -> ListSessions.Output {
        let page = try Page<Timestamp, UUID>(number: input.page, size: input.pageSize, cursor: input.cursor)
        let principal = input.principal.ownSessionsOnly
        let (rows, total) = try await readPrimary(
            .listSessions(
                principal: principal,
                idleSeconds: configuration.sessionIdleSeconds,
                afterTime: page.after?.0,
                afterID: page.after?.1,
                limit: page.limit,
                offset: page.offset
            ),
            .countSessions(principal: principal, idleSeconds: configuration.sessionIdleSeconds)
        )
        let current = RequestClient.current?.credential
        return .ok(
            SessionPage(
                page: page.number,
                pageSize: page.size,
                total: total,
                items: page.items(rows).map { row in
                    Session(
                        sessionID: row.sessionID,
                        principal: row.principal,
                        kind: row.isOpenid ? .openid : .token,
                        browser: row.browser,
                        address: row.address,
                        createdAt: row.createdAt,
                        authenticatedAt: row.authenticatedAt,
                        usedAt: row.usedAt,
                        expiresAt: row.expiresAt,
                        isCurrent: current == .session(hash: row.hash)
                    )
                },
                nextCursor: page.next(rows) { ($0.createdAt, $0.sessionID) }
            )
        )
    }
}

extension Principal {
    /// The name of a principal who may see and end only their own sessions; nil for an admin.
    var ownSessionsOnly: String? { scopes.contains(Role.admin.rawValue) ? nil : name }
}
