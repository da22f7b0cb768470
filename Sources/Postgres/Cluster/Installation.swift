#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The programs of one PostgreSQL version.
struct Installation: Hashable {
    /// Where `initdb`, `pg_ctl` and `postgres` lie.
    let folder: String
    /// As `SHOW server_version` says it: `15.18 (Debian 15.18-0+deb12u1)`.
    let version: String

    /// The major version, which the data of a cluster belongs to.
    var major: Int { Self.major(of: version) ?? 0 }

    func program(_ name: String) -> String { "\(folder)/\(name)" }

    /// The number that a version begins with.
    static func major(of version: String) -> Int? { Int(version.prefix { $0.isASCII && $0.isNumber }) }

    /// What `postgres --version` says now: a package manager may have exchanged the program.
    static func version(in folder: String, by programs: ClusterPrograms) async -> String? {
        let words = "postgres (PostgreSQL) "
        let text = try? await programs.run("\(folder)/postgres", ["--version"])
        guard let line = text?.split(separator: "\n").first, line.hasPrefix(words) else { return nil }
        return String(line.dropFirst(words.count))
    }

    /// Everything that is installed, the newest first.
    ///
    /// - Parameter folders: Where to look; nil for the places where Debian and Homebrew put it, and `PATH`.
    static func all(in folders: [String]?, by programs: ClusterPrograms) async -> [Installation] {
        var found: [Installation] = []
        for folder in folders ?? usualFolders where hasPrograms(folder) {
            if let version = await version(in: folder, by: programs) {
                found.append(Installation(folder: folder, version: version))
            }
        }
        // Of two of the same version the first one counts.
        return found.enumerated().sorted { ($1.element.major, $0.offset) < ($0.element.major, $1.offset) }
            .map(\.element)
    }

    /// The version that made a cluster's data, or the newest for a cluster that is yet to be made.
    static func choose(
        for directory: ClusterDirectory,
        among installations: [Installation]
    ) throws(PostgresError) -> Installation {
        guard let newest = installations.first else {
            throw PostgresError(
                .configuration,
                "no PostgreSQL server is installed (Debian: apt-get install postgresql); or set DATABASE_URL"
            )
        }
        guard let made = try directory.majorVersion() else { return newest }
        if let match = installations.first(where: { $0.major == made }) { return match }
        let found = installations.map { "\($0.major)" }.joined(separator: ", ")
        throw PostgresError(
            .configuration,
            """
            the cluster in '\(directory.path)' was made by PostgreSQL \(made), and installed is \(found); \
            install PostgreSQL \(made) (Debian: apt-get install postgresql-\(made)). \
            With both versions installed './flotilla upgrade-cluster' moves the cluster to the newer one
            """
        )
    }

    private static var usualFolders: [String] {
        let roots = ["/usr/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt"]
        let versioned = roots.flatMap { root in
            ClusterDirectory.entries(of: root).filter { Int($0) != nil || $0.hasPrefix("postgresql@") }
                .map { "\(root)/\($0)/bin" }
        }
        let path = getenv("PATH").map { String(cString: $0) } ?? ""
        return versioned + path.split(separator: ":").map(String.init)
    }

    private static func hasPrograms(_ folder: String) -> Bool {
        ["initdb", "pg_ctl", "postgres"].allSatisfy { access("\(folder)/\($0)", X_OK) == 0 }
    }
}
