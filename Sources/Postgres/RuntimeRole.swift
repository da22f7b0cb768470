internal import CPostgres
import ContractRuntime

/// The role of servers that do not own the tables.
public struct RuntimeRole: Sendable {
    let name: String
    private let password: String?

    /// A role that needs no password.
    public init(name: String) {
        (self.name, password) = (name, nil)
    }

    /// The role with which a libpq URL connects; nil if the URL names none.
    public init?(url: String) {
        guard let options = PQconninfoParse(url, nil) else { return nil }
        defer { PQconninfoFree(options) }
        // traps: the keywords are libpq's own, in ASCII.
        var values: [String: String] = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val { values[String(cString: keyword)] = String(cString: value) }
            option += 1
        }
        guard let name = values["user"], !name.isEmpty else { return nil }
        (self.name, password) = (name, values["password"])
    }

    /// Creates the role unless it exists, and gives it what servers need in the migrated database at `url`.
    ///
    /// - Parameter url: A libpq URL with the role that owns the tables.
    public func grant(at url: String) async throws(PostgresError) {
        try await create(at: url)
        try await Connection.withOwn(at: url) { (connection) throws(PostgresError) in
            _ = try connection.run(Self.text("SELECT grant_runtime($1)::text", name), by: .now + .seconds(30))
        }
    }

    /// Creates the role unless it exists.
    public func create(at url: String) async throws(PostgresError) {
        try await Connection.withOwn(at: url) { (connection) throws(PostgresError) in
            let owner = try connection.run(
                Self.text("SELECT current_user::text WHERE $1 <> ''", name),
                by: .now + .seconds(30)
            )
            guard !owner.hasSameScalars(as: name) else {
                throw PostgresError(
                    .configuration,
                    "MIGRATION_DATABASE_URL and DATABASE_URL have the same role '\(name)': expected the owner of the tables and another role"
                )
            }
            let exists = "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)::text"
            if try connection.run(Self.text(exists, name), by: .now + .seconds(30)) == "true" { return }
            let password = password.map { ["PASSWORD", $0] } ?? []
            // PostgreSQL quotes the name and the password.
            let make =
                password.isEmpty
                ? "format('CREATE ROLE %I LOGIN', $1)" : "format('CREATE ROLE %I LOGIN PASSWORD %L', $1, $2)"
            let statement = try connection.run(
                Self.text("SELECT " + make, name, password.last),
                by: .now + .seconds(30)
            )
            do throws(PostgresError) { try connection.executeScript(statement) } catch {
                // Another server may have been faster.
                guard error.state != .duplicateObject else { return }
                // The statement contains the password.
                throw PostgresError(
                    .configuration,
                    state: error.state,
                    "the role '\(name)' of DATABASE_URL does not exist and cannot be created: create it, or give the owner CREATEROLE"
                )
            }
        }
    }

    private static func text(_ sql: String, _ first: String, _ second: String? = nil) -> Query<String> {
        Query(
            Statement(name: "role", parameterTypes: second == nil ? [.text] : [.text, .text], sql: sql),
            bind: { parameters in
                parameters.append(first)
                if let second { parameters.append(second) }
            },
            read: { (rows) throws(PostgresError) in try rows.one { (row) throws(PostgresError) in try row.read(0) } }
        )
    }
}
