/// The text of a query, which is prepared once per connection.
public struct Statement: Sendable {
    /// The query's name, for errors.
    public let name: String
    let parameterTypes: [PostgresType]
    let sql: String
    /// The name of the prepared statement on the server. Equal texts have equal names.
    let id: String

    /// Creates a statement whose parameters `$1…` have these types.
    public init(name: String, parameterTypes: [PostgresType], sql: String) {
        self.name = name
        self.parameterTypes = parameterTypes
        self.sql = sql
        id = "\(name)_\(String(Fingerprint.of(sql), radix: 36))"
    }
}

/// 64-bit FNV-1a: distinguishes texts, but does not resist an adversary.
package enum Fingerprint {
    static func of(_ text: String) -> UInt64 { of(Array(text.utf8)) }

    /// Not generic: other modules call it for each heartbeat, and could not specialize it.
    package static func of(_ bytes: [UInt8]) -> UInt64 {
        bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }
}

/// A statement with its parameters and the conversion of its result. The `.sql` files declare queries.
public struct Query<Result: Sendable>: Sendable {
    let statement: Statement
    let bind: @Sendable (inout Parameters) -> Void
    let read: @Sendable (borrowing Rows) throws(PostgresError) -> Result

    /// The query's name.
    public var name: String { statement.name }

    /// Creates a query that binds its parameters with `bind` and converts its result with `read`.
    public init(
        _ statement: Statement,
        bind: @escaping @Sendable (inout Parameters) -> Void,
        read: @escaping @Sendable (borrowing Rows) throws(PostgresError) -> Result
    ) {
        self.statement = statement
        self.bind = bind
        self.read = read
    }
}

/// A row of a batch. A `:batch` query declares its columns and its outcome.
public protocol BatchRow: Sendable {
    /// The outcome of one row.
    associatedtype Outcome: Sendable
    /// The statement, whose parameters are arrays.
    static var statement: Statement { get }
    /// Binds each column of `rows` as an array.
    static func bind(_ rows: [Self], to parameters: inout Parameters)
    /// Reads the outcome after the ordinal.
    static func readOutcome(_ row: borrowing Row) throws(PostgresError) -> Outcome
    /// Reads the outcomes of `count` rows, in their order.
    static func outcomes(_ answer: borrowing Rows, of count: Int) throws(PostgresError) -> [Outcome]
}

extension BatchRow {
    public static func outcomes(_ answer: borrowing Rows, of count: Int) throws(PostgresError) -> [Outcome] {
        var outcomes: [Outcome?] = Array(repeating: nil, count: count)
        try answer.forEach { (row) throws(PostgresError) in
            let ordinal: Int = try row.read(0)
            guard (1...count).contains(ordinal), outcomes[ordinal - 1] == nil else {
                throw PostgresError(.decoding, "an outcome for row \(ordinal) of \(count)")
            }
            outcomes[ordinal - 1] = try readOutcome(row)
        }
        let known = outcomes.compactMap { $0 }
        guard known.count == count else {
            throw PostgresError(.decoding, statement: statement.name, "\(known.count) outcomes for \(count) rows")
        }
        return known
    }
}

/// A row of a batch whose statement returns no rows: being committed is the only outcome.
public protocol SilentBatchRow: BatchRow where Outcome == Void {}

extension SilentBatchRow {
    public static func readOutcome(_ row: borrowing Row) throws(PostgresError) {}

    public static func outcomes(_ answer: borrowing Rows, of count: Int) throws(PostgresError) -> [Void] {
        Array(repeating: (), count: count)
    }
}

/// The parameters of a statement in binary format.
public struct Parameters {
    private var bytes: [UInt8] = []
    /// The range of each value in `bytes`; nil for NULL.
    private var ranges: [Range<Int>?] = []

    /// Binds a value.
    public mutating func append(_ value: some PostgresCodable) {
        let start = bytes.count
        value.encode(to: &bytes)
        ranges.append(start..<bytes.count)
    }

    /// Binds a value or NULL.
    public mutating func append<Value: PostgresCodable>(_ value: Value?) {
        if let value { append(value) } else { ranges.append(nil) }
    }

    /// Binds an enumeration as its text.
    public mutating func append(_ value: some RawRepresentable<String>) {
        append(value.rawValue)
    }

    /// Binds an enumeration as its text, or NULL.
    public mutating func append<Value: RawRepresentable<String>>(_ value: Value?) {
        append(value?.rawValue)
    }

    /// Binds one column of `rows` as an array of `type`.
    public mutating func append<Element, Value: PostgresCodable>(
        array type: PostgresType,
        of rows: [Element],
        _ value: (Element) -> Value
    ) {
        appendArray(type, count: rows.count) { value(rows[$0]) as Value? }
    }

    /// Binds one column of `rows`, which may contain NULL, as an array of `type`.
    public mutating func append<Element, Value: PostgresCodable>(
        array type: PostgresType,
        of rows: [Element],
        _ value: (Element) -> Value?
    ) {
        appendArray(type, count: rows.count) { value(rows[$0]) }
    }

    /// Binds one column of enumerations as an array of their texts.
    public mutating func append<Element, Value: RawRepresentable<String>>(
        array type: PostgresType,
        of rows: [Element],
        _ value: (Element) -> Value
    ) {
        appendArray(type, count: rows.count) { value(rows[$0]).rawValue as String? }
    }

    /// Binds one column of enumerations, which may contain NULL, as an array of their texts.
    public mutating func append<Element, Value: RawRepresentable<String>>(
        array type: PostgresType,
        of rows: [Element],
        _ value: (Element) -> Value?
    ) {
        appendArray(type, count: rows.count) { value(rows[$0])?.rawValue }
    }

    /// A one-dimensional array (`array_send`): dimensions, whether there are NULLs, the type; length and lower bound; elements.
    private mutating func appendArray(_ type: PostgresType, count: Int, _ value: (Int) -> (some PostgresCodable)?) {
        let start = bytes.count
        bytes.append(bigEndian: (count == 0 ? 0 : 1) as Int32)
        bytes.append(bigEndian: Int32(1))
        bytes.append(bigEndian: type.oid)
        if count > 0 {
            bytes.append(bigEndian: Int32(clamping: count))
            bytes.append(bigEndian: Int32(1))
        }
        for index in 0..<count {
            guard let value = value(index) else {
                bytes.append(bigEndian: -1 as Int32)
                continue
            }
            let length = bytes.count
            bytes.append(bigEndian: Int32(0))
            value.encode(to: &bytes)
            let size = Int32(clamping: bytes.count - length - 4)
            bytes.withUnsafeMutableBytes { $0.storeBytes(of: size.bigEndian, toByteOffset: length, as: Int32.self) }
        }
        ranges.append(start..<bytes.count)
    }

    /// Lends the parameters in libpq's form.
    func withPointers<R>(_ body: ([UnsafePointer<CChar>?], [Int32], [Int32]) -> R) -> R {
        // An empty value still needs an address: a null pointer would mean NULL.
        (bytes + [0]).withUnsafeBufferPointer { buffer in
            buffer.withMemoryRebound(to: CChar.self) { buffer in
                let values = ranges.map { range in range.flatMap { buffer.baseAddress?.advanced(by: $0.lowerBound) } }
                return body(values, ranges.map { Int32(clamping: $0?.count ?? 0) }, ranges.map { _ in 1 })
            }
        }
    }
}
