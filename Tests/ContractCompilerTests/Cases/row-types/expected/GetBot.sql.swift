// Generated from GetBot.sql. Edit that file, not this one.

import ContractRuntime
import Generated
import Postgres

/// A bot.
///
/// — BotRow, line 2
struct BotRow: Hashable, Sendable {
    let botID: UUID
    let mode: RuntimeMode
    let seen: Timestamp?

    /// Reads the columns from the given one on.
    init(_ row: borrowing Row, at column: Int = 0) throws(PostgresError) {
        botID = try row.read(column + 0)
        mode = try row.read(column + 1)
        seen = try row.read(column + 2)
    }
}

private let getBotStatement = Statement(
    name: "getBot",
    parameterTypes: [.uuid],
    sql: #"""
    SELECT bot_id, mode, seen
    FROM bots
    WHERE bot_id = $1
    """#
)

extension Query where Result == BotRow? {
    /// — getBot, line 7
    static func getBot(botID: UUID) -> Self {
        Query(
            getBotStatement,
            bind: { parameters in
                parameters.append(botID)
            },
            read: { (rows) throws(PostgresError) in try rows.optional { (row) throws(PostgresError) in try BotRow(row) } }
        )
    }
}

private let countBotsStatement = Statement(
    name: "countBots",
    parameterTypes: [],
    sql: #"""
    SELECT count(*)
    FROM bots
    """#
)

extension Query where Result == Int {
    /// Counts bots.
    ///
    /// — countBots, line 15
    static func countBots() -> Self {
        Query(
            countBotsStatement,
            bind: { parameters in
            },
            read: { (rows) throws(PostgresError) in try rows.one { (row) throws(PostgresError) in try row.read(0) } }
        )
    }
}
