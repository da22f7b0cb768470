#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The programs of one PostgreSQL version.
struct Installation: Hashable {
    /// The directory of `initdb`, `pg_ctl` and `postgres`.
    let folder: String
    /// The version, as in `SHOW server_version`: `15.18 (Debian 15.18-0+deb12u1)`.
    let version: String

    /// The major version, which must match that of a cluster's data.
    var major: Int { Self.major(of: version) ?? 0 }

    func program(_ name: String) -> String { "\(folder)/\(name)" }

    /// The number at the beginning of a version.
    static func major(of version: String) -> Int? { Int(version.prefix { $0.isASCII && $0.isNumber }) }

    /// The current output of `postgres --version`: a package manager may have replaced the program.
    static func version(in folder: String, by programs: ClusterPrograms) async -> String? {
        let words = "postgres (PostgreSQL) "
        let text = try? await programs.run("\(folder)/postgres", ["--version"])
        guard let line = text?.split(separator: "\n").first, line.hasPrefix(words) else { return nil }
        return String(line.dropFirst(words.count))
    }

    /// All installations, the newest first.
    ///
    /// - Parameter folders: Where to look; nil for the directories that Debian and Homebrew use, and `PATH`.
    static func all(in folders: [String]?, by programs: ClusterPrograms) async -> [Installation] {
        var found: [Installation] = []
        for folder in folders ?? usualFolders where hasPrograms(folder) {
            if let version = await version(in: folder, by: programs) {
                found.append(Installation(folder: folder, version: version))
            }
        }
        // If a version is installed twice, the first one counts.
        return found.enumerated().sorted { ($1.element.major, $0.offset) < ($0.element.major, $1.offset) }
            .map(\.element)
    }

    /// The version that created a cluster's data, or the newest version for a new cluster.
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
            the cluster in '\(directory.path)' was created by PostgreSQL \(made), but \(found) is installed; \
            install PostgreSQL \(made) (Debian: apt-get install postgresql-\(made)). \
            With both versions installed, './flotilla upgrade-cluster' upgrades the cluster to the newer one
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
