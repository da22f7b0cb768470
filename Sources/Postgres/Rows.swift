internal import CPostgres
import ContractRuntime

/// The result of a statement. It stays on the connection's thread, where queries convert it to values.
public struct Rows: ~Copyable {
    private let result: OpaquePointer
    private let statement: String

    /// Takes ownership of a libpq result.
    init(owning result: OpaquePointer, statement: String) {
        self.result = result
        self.statement = statement
    }

    deinit { PQclear(result) }

    /// The number of rows.
    public var count: Int { Int(PQntuples(result)) }

    /// The number of rows that an INSERT, UPDATE or DELETE affected.
    public var affected: Int { Int(String(cString: PQcmdTuples(result))) ?? 0 }

    /// Whether the statement was a COMMIT that committed.
    var isCommit: Bool { String(cString: PQcmdStatus(result)).hasSameScalars(as: "COMMIT") }

    /// Reads the only row; throws if there is not exactly one.
    public func one<Value>(_ read: (borrowing Row) throws(PostgresError) -> Value) throws(PostgresError) -> Value {
        guard count == 1 else { throw PostgresError(.decoding, statement: statement, "\(count) rows, expected one") }
        return try value(0, read)
    }

    /// Reads the only row, or returns nil if there is none.
    public func optional<Value>(_ read: (borrowing Row) throws(PostgresError) -> Value) throws(PostgresError) -> Value?
    {
        guard count <= 1 else {
            throw PostgresError(.decoding, statement: statement, "\(count) rows, expected at most one")
        }
        return count == 0 ? nil : try value(0, read)
    }

    /// Reads all rows.
    public func many<Value>(_ read: (borrowing Row) throws(PostgresError) -> Value) throws(PostgresError) -> [Value] {
        var values: [Value] = []
        values.reserveCapacity(count)
        try forEach { (row) throws(PostgresError) in values.append(try read(row)) }
        return values
    }

    /// Passes each row to `body`, in order.
    func forEach(_ body: (borrowing Row) throws(PostgresError) -> Void) throws(PostgresError) {
        for index in 0..<count { try value(index, body) }
    }

    private func value<Value>(
        _ index: Int,
        _ read: (borrowing Row) throws(PostgresError) -> Value
    ) throws(PostgresError) -> Value {
        do throws(PostgresError) {
            return try read(Row(result: result, index: Int32(clamping: index)))
        } catch {
            throw error.named(statement)
        }
    }
}

/// One row of a result.
public struct Row: ~Copyable {
    let result: OpaquePointer
    let index: Int32

    /// Reads the column's value; NULL is an error.
    public func read<Value: PostgresCodable>(_ column: Int) throws(PostgresError) -> Value {
        guard let bytes = bytes(column) else { throw PostgresError(.decoding, "NULL in column \(column)") }
        return try Value(postgres: bytes)
    }

    /// Reads the column's value, or nil for NULL.
    public func read<Value: PostgresCodable>(_ column: Int) throws(PostgresError) -> Value? {
        guard let bytes = bytes(column) else { return nil }
        return try Value(postgres: bytes)
    }

    /// Reads the column's text as an enumeration.
    public func read<Value: RawRepresentable<String>>(_ column: Int) throws(PostgresError) -> Value {
        let text: String = try read(column)
        guard let value = Value(rawValue: text) else {
            throw PostgresError(.decoding, "'\(text)' in column \(column) is not a \(Value.self)")
        }
        return value
    }

    /// Reads the column's text as an enumeration, or nil for NULL.
    public func read<Value: RawRepresentable<String>>(_ column: Int) throws(PostgresError) -> Value? {
        guard bytes(column) != nil else { return nil }
        let value: Value = try read(column)
        return value
    }

    private func bytes(_ column: Int) -> UnsafeRawBufferPointer? {
        guard column < PQnfields(result), PQgetisnull(result, index, Int32(clamping: column)) == 0 else { return nil }
        let length = Int(PQgetlength(result, index, Int32(clamping: column)))
        return UnsafeRawBufferPointer(start: PQgetvalue(result, index, Int32(clamping: column)), count: length)
    }
}
