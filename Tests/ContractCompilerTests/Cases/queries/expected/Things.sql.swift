// Generated from Things.sql. Edit that file, not this one.

import ContractRuntime
import Generated
import Postgres

private let getThingStatement = Statement(
    name: "getThing",
    parameterTypes: [.uuid, .text],
    sql: #"""
    SELECT name, made_at -- :colour
    FROM things
    WHERE thing_id = $1 AND note <> ':name' AND ($2::text IS NULL OR colour = $2)
    """#
)

/// A row of `getThing`.
struct GetThingRow: Hashable, Sendable {
    let name: String
    let madeAt: Timestamp?

    init(_ row: borrowing Row) throws(PostgresError) {
        name = try row.read(0)
        madeAt = try row.read(1)
    }
}

extension Query where Result == GetThingRow? {
    /// Shows a thing; ':name' in a string or a comment is not a parameter.
    ///
    /// — getThing, line 2
    static func getThing(thingID: UUID, colour: Colour?) -> Self {
        Query(
            getThingStatement,
            bind: { parameters in
                parameters.append(thingID)
                parameters.append(colour)
            },
            read: { (rows) throws(PostgresError) in try rows.optional { (row) throws(PostgresError) in try GetThingRow(row) } }
        )
    }
}

private let countThingsStatement = Statement(
    name: "countThings",
    parameterTypes: [],
    sql: #"""
    SELECT count(*) FROM things
    """#
)

extension Query where Result == Int {
    /// — countThings, line 10
    static func countThings() -> Self {
        Query(
            countThingsStatement,
            bind: { parameters in
            },
            read: { (rows) throws(PostgresError) in try rows.one { (row) throws(PostgresError) in try row.read(0) } }
        )
    }
}

private let touchThingStatement = Statement(
    name: "touchThing",
    parameterTypes: [.uuid],
    sql: #"""
    UPDATE things SET made_at = now() WHERE thing_id = $1
    """#
)

extension Query where Result == Int {
    /// — touchThing, line 14
    static func touchThing(thingID: UUID) -> Self {
        Query(
            touchThingStatement,
            bind: { parameters in
                parameters.append(thingID)
            },
            read: { (rows) throws(PostgresError) in rows.affected }
        )
    }
}

/// — storeThings, line 18
struct StoreThings: BatchRow {
    var name: String
    var price: Decimal?

    static let statement = Statement(
        name: "storeThings",
        parameterTypes: [.textArray, .numericArray],
        sql: #"""
        SELECT ordinal, true FROM unnest($1, $2) WITH ORDINALITY AS row (name, price, ordinal)
        """#
    )

    static func bind(_ rows: [Self], to parameters: inout Parameters) {
        parameters.append(array: .text, of: rows, \.name)
        parameters.append(array: .numeric, of: rows, \.price)
    }

    static func readOutcome(_ row: borrowing Row) throws(PostgresError) -> Bool {
        try row.read(1)
    }
}
