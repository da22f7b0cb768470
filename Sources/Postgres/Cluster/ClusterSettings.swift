/// The access settings that are passed to PostgreSQL at each start. They override the configuration files (PostgreSQL manual, "Parameter
/// Interaction via the Command Line"), so an incomplete or edited file grants no access.
struct ClusterSettings {
    /// The content of `pg_hba.conf`: any user over the socket, which only the cluster's user can reach, and no other access.
    static let accessRules = """
        # Written by flotilla-server at each start.
        local all         all trust
        local replication all trust

        """

    private let values: [(name: String, value: String)]

    init(_ directory: ClusterDirectory) {
        values = [
            ("listen_addresses", ""), ("port", "5432"), ("unix_socket_directories", Self.listElement(directory.socket)),
            ("unix_socket_permissions", "0700"), ("unix_socket_group", ""), ("hba_file", directory.accessRules),
        ]
    }

    /// The settings for `pg_ctl -o`, which passes them through a shell.
    var postmasterOptions: String {
        values.map { "-c \(Self.shellWord("\($0.name)=\($0.value)"))" }.joined(separator: " ")
    }

    /// A quoted element of a list of names (PostgreSQL source, `SplitDirectoriesString`).
    private static func listElement(_ text: String) -> String { "\"" + escaping("\"", in: text, by: "\"\"") + "\"" }

    private static func shellWord(_ text: String) -> String { "'" + escaping("'", in: text, by: #"'\''"#) + "'" }

    private static func escaping(_ scalar: Unicode.Scalar, in text: String, by replacement: String) -> String {
        text.unicodeScalars.reduce(into: "") { $0 += $1 == scalar ? replacement : String($1) }
    }
}

/// Values of libpq's connection strings (libpq manual, 34.1.1.1 "Keyword/Value Connection Strings").
enum ConnectionText {
    static func quoted(_ text: String) -> String {
        "'" + text.unicodeScalars.reduce(into: "") { $0 += $1 == "'" || $1 == "\\" ? "\\\($1)" : String($1) } + "'"
    }
}
