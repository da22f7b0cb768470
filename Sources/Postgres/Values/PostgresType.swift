/// A PostgreSQL type, by its number in the protocol (`pg_type.dat`).
public struct PostgresType: Hashable, Sendable {
    let oid: UInt32
    let arrayOID: UInt32

    /// `bool`
    public static let bool = PostgresType(oid: 16, arrayOID: 1000)
    /// `int8`
    public static let int8 = PostgresType(oid: 20, arrayOID: 1016)
    /// `int4`
    public static let int4 = PostgresType(oid: 23, arrayOID: 1007)
    /// `text`
    public static let text = PostgresType(oid: 25, arrayOID: 1009)
    /// `float8`
    public static let float8 = PostgresType(oid: 701, arrayOID: 1022)
    /// `timestamptz`
    public static let timestamptz = PostgresType(oid: 1184, arrayOID: 1185)
    /// `numeric`
    public static let numeric = PostgresType(oid: 1700, arrayOID: 1231)
    /// `uuid`
    public static let uuid = PostgresType(oid: 2950, arrayOID: 2951)
    /// `jsonb`
    public static let jsonb = PostgresType(oid: 3802, arrayOID: 3807)

    /// `bool[]`
    public static let boolArray = bool.array
    /// `int8[]`
    public static let int8Array = int8.array
    /// `int4[]`
    public static let int4Array = int4.array
    /// `text[]`
    public static let textArray = text.array
    /// `float8[]`
    public static let float8Array = float8.array
    /// `timestamptz[]`
    public static let timestamptzArray = timestamptz.array
    /// `numeric[]`
    public static let numericArray = numeric.array
    /// `uuid[]`
    public static let uuidArray = uuid.array
    /// `jsonb[]`
    public static let jsonbArray = jsonb.array

    private var array: PostgresType { PostgresType(oid: arrayOID, arrayOID: 0) }
}
