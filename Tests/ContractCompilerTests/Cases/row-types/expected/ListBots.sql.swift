// Generated from ListBots.sql. Edit that file, not this one.

import ContractRuntime
import Postgres

private let listBotsStatement = Statement(
    name: "listBots",
    parameterTypes: [],
    sql: #"""
    SELECT bot_id, mode, seen
    FROM bots
    """#
)

extension Query where Result == [BotRow] {
    /// — listBots, line 1
    static func listBots() -> Self {
        Query(
            listBotsStatement,
            bind: { parameters in
            },
            read: { (rows) throws(PostgresError) in try rows.many { (row) throws(PostgresError) in try BotRow(row) } }
        )
    }
}

private let storeBotStatement = Statement(
    name: "storeBot",
    parameterTypes: [.uuid],
    sql: #"""
    INSERT INTO bots (bot_id)
    VALUES ($1)
    RETURNING true AS is_new, bot_id, mode, seen, version
    """#
)

/// A row of `storeBot`.
struct StoreBotRow: Hashable, Sendable {
    let isNew: Bool
    let bot: BotRow
    let version: Int

    init(_ row: borrowing Row) throws(PostgresError) {
        isNew = try row.read(0)
        bot = try BotRow(row, at: 1)
        version = try row.read(4)
    }
}

extension Query where Result == StoreBotRow {
    /// The new value, and the old one if there was one.
    ///
    /// — storeBot, line 7
    static func storeBot(botID: UUID) -> Self {
        Query(
            storeBotStatement,
            bind: { parameters in
                parameters.append(botID)
            },
            read: { (rows) throws(PostgresError) in try rows.one { (row) throws(PostgresError) in try StoreBotRow(row) } }
        )
    }
}
