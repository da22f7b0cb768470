public import ContractRuntime
public import Generated
import Postgres

extension API {
    public func createEnrolmentCode(_ input: CreateEnrolmentCode.Input) async throws(Problem)
        -> CreateEnrolmentCode.Output
    {
        let (actor, request) = (input.principal.name, input.body)
        // Nothing would end the code, and the credentials that it gives, with the person's groups.
        if ReservedNames.isPerson(actor) { throw .codeNeedsToken }
        let code = TokenSecret.random(prefix: "enr_")
        let row = try await transaction { transaction in
            let row = try transaction.run(
                .insertEnrolmentCode(
                    hash: TokenSecret.hash(code),
                    botIDs: request.botIDs ?? [],
                    count: request.count,
                    lifetimeSeconds: request.lifetimeSeconds,
                    createdBy: actor
                )
            )
            _ = try transaction.run(.forgetEnrolmentCodes())
            let details = JSONObject { json in
                json.member("count", row.count)
                json.member("bot_ids", row.botIDs)
                json.member("expires_at", row.expiresAt)
            }
            try transaction.record(
                .enrolmentCodeCreate,
                on: .enrolmentCode,
                row.codeID.text,
                by: actor,
                details: details
            )
            try transaction.notifyAccessChange(.enrolmentCodeCreate, of: row.codeID.text, by: actor)
            return row
        }
        return .created(IssuedEnrolmentCode(row, code: code))
    }

    public func listEnrolmentCodes(_ input: ListEnrolmentCodes.Input) async throws(Problem) -> ListEnrolmentCodes.Output
    {
        let page = try Page<Timestamp, UUID>(number: input.page, size: input.pageSize, cursor: input.cursor)
        let (rows, total) = try await readPrimary(
            .listEnrolmentCodes(
                afterTime: page.after?.0,
                afterID: page.after?.1,
                limit: page.limit,
                offset: page.offset
            ),
            .countEnrolmentCodes()
        )
        return .ok(
            EnrolmentCodePage(
                page: page.number,
                pageSize: page.size,
                total: total,
                items: page.items(rows).map { EnrolmentCode($0) },
                nextCursor: page.next(rows) { ($0.createdAt, $0.codeID) }
            )
        )
    }

    public func revokeEnrolmentCode(_ input: RevokeEnrolmentCode.Input) async throws(Problem)
        -> RevokeEnrolmentCode.Output
    {
        let (actor, id) = (input.principal.name, input.codeID)
        try await audited(.enrolmentCodeRevoke, on: .enrolmentCode, id.text, by: actor) { transaction in
            guard try transaction.run(.revokeEnrolmentCode(codeID: id)) == 1 else {
                throw Problem(status: 404, code: .enrolmentCodeNotFound, detail: "no enrolment code has this id")
            }
            try transaction.record(.enrolmentCodeRevoke, on: .enrolmentCode, id.text, by: actor, details: .empty)
        }
        return .noContent
    }
}

extension EnrolmentCode {
    /// Converts a database row.
    fileprivate init(_ row: EnrolmentCodeRow) {
        self.init(
            codeID: row.codeID,
            botIDs: row.botIDs,
            count: row.count,
            used: row.used,
            createdBy: row.createdBy,
            createdAt: row.createdAt,
            expiresAt: row.expiresAt,
            revokedAt: row.revokedAt
        )
    }
}

extension IssuedEnrolmentCode {
    /// Converts a database row and adds the secret, which is not stored.
    fileprivate init(_ row: EnrolmentCodeRow, code: String) {
        self.init(
            codeID: row.codeID,
            botIDs: row.botIDs,
            count: row.count,
            used: row.used,
            createdBy: row.createdBy,
            createdAt: row.createdAt,
            expiresAt: row.expiresAt,
            revokedAt: row.revokedAt,
            code: code
        )
    }
}

extension Problem {
    fileprivate static let codeNeedsToken = Problem(
        status: 403,
        code: .forbidden,
        detail:
            "people of an OpenID provider cannot create enrolment codes, which would outlast their access: sign in with a token"
    )
}
