#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The user that the cluster runs as when we are root.
struct ClusterOwner {
    let user: uid_t
    let group: gid_t

    /// What runs a command as another user.
    ///
    /// A program does it, because a child of a process with threads cannot: glibc's `setgroups` and `setuid` wait for every thread
    /// that the parent had (seen as a deadlock in `__nptl_setxid`).
    static let program = "setpriv"

    /// The arguments of `program` that run a command as this user.
    func arguments(running command: String) -> [String] {
        ["--reuid", "\(user)", "--regid", "\(group)", "--clear-groups", "--", command]
    }

    /// Nil when we are an ordinary user, who owns the cluster.
    static func current() throws(PostgresError) -> ClusterOwner? {
        guard geteuid() == 0 else { return nil }
        for name in ["postgres", "nobody"] {
            if let entry = getpwnam(name) {
                return ClusterOwner(user: entry.pointee.pw_uid, group: entry.pointee.pw_gid)
            }
        }
        throw PostgresError(
            .configuration,
            "PostgreSQL does not run as root, and there is neither a user 'postgres' nor 'nobody'"
        )
    }
}

/// Where `initdb`, `pg_ctl` and `postgres` lie.
enum ClusterTools {
    /// The newest version among the places where Debian and Homebrew put them, and `PATH`.
    static func find() throws(PostgresError) -> String {
        let roots = ["/usr/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt"]
        let versioned = roots.flatMap { root in
            entries(of: root).compactMap { name -> (version: Int, path: String)? in
                let digits = name.hasPrefix("postgresql@") ? String(name.dropFirst("postgresql@".count)) : name
                return Int(digits).map { ($0, "\(root)/\(name)/bin") }
            }
        }
        let path = getenv("PATH").map { String(cString: $0) } ?? ""
        let candidates =
            versioned.sorted { $0.version > $1.version }.map(\.path) + path.split(separator: ":").map(String.init)
        let found = candidates.first { folder in
            ["initdb", "pg_ctl", "postgres"].allSatisfy { access("\(folder)/\($0)", X_OK) == 0 }
        }
        guard let found else {
            throw PostgresError(
                .configuration,
                "no PostgreSQL server is installed (Debian: apt-get install postgresql); or set DATABASE_URL"
            )
        }
        return found
    }

    /// The names in a folder; none if it cannot be read.
    static func entries(of folder: String) -> [String] {
        guard let handle = opendir(folder) else { return [] }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            names.append(
                withUnsafePointer(to: &entry.pointee.d_name) { name in
                    name.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
            )
        }
        return names
    }
}
