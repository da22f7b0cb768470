#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The folder of a cluster: its data, its log, its socket.
struct ClusterDirectory {
    /// The folder itself.
    let path: String
    /// The folder of the socket: `path` itself unless that is too long for a socket's address.
    let socket: String

    var data: String { path + "/data" }
    var log: String { path + "/postgresql.log" }

    /// Makes the folder, for `owner` when we are root.
    static func prepare(_ path: String, owner: ClusterOwner?, mayMove: Bool) throws(PostgresError)
        -> ClusterDirectory
    {
        let wanted = absolute(path)
        let chosen = try reachable(wanted, owner, mayMove)
        try make(chosen, owner)
        // The address of a Unix socket holds 107 bytes (unix(7)); the name is `/.s.PGSQL.5432`.
        let socket =
            chosen.utf8.count <= 90 ? chosen : "/tmp/flotilla-\(geteuid())-\(String(Fingerprint.of(chosen), radix: 36))"
        if socket != chosen { try make(socket, owner) }
        return ClusterDirectory(path: chosen, socket: socket)
    }

    /// The folder, or the one under `/var/lib/flotilla` that stands for it when its owner cannot get there.
    private static func reachable(_ path: String, _ owner: ClusterOwner?, _ mayMove: Bool) throws(PostgresError)
        -> String
    {
        guard let owner, let obstacle = obstacle(on: path, for: owner) else { return path }
        guard mayMove else {
            throw PostgresError(
                .configuration,
                "PostgreSQL does not run as root, and its user cannot enter '\(obstacle)'; choose another DATA_DIR"
            )
        }
        return "/var/lib/flotilla/\(String(Fingerprint.of(path), radix: 36))"
    }

    /// The first existing folder above `path` that `owner` cannot pass through.
    private static func obstacle(on path: String, for owner: ClusterOwner) -> String? {
        var folder = ""
        for part in path.split(separator: "/").dropLast() {
            folder += "/\(part)"
            var status = stat()
            guard stat(folder, &status) == 0 else { return nil }
            let bit: mode_t =
                if status.st_uid == owner.user { S_IXUSR } else if status.st_gid == owner.group { S_IXGRP } else {
                    S_IXOTH
                }
            if status.st_mode & bit == 0 { return folder }
        }
        return nil
    }

    /// Makes a folder that only its owner enters, or restricts an existing one: the cluster trusts every client of its socket.
    private static func make(_ path: String, _ owner: ClusterOwner?) throws(PostgresError) {
        var folder = ""
        for part in path.split(separator: "/") {
            folder += "/\(part)"
            if mkdir(folder, folder == path ? 0o700 : 0o755) != 0, errno != EEXIST {
                throw failure("cannot make '\(folder)'")
            }
        }
        try requireOurs(path)
        // A path can be exchanged; an open descriptor cannot.
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("cannot open '\(path)'") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure("cannot look at '\(path)'") }
        // As root we give our own folders to PostgreSQL's user.
        guard status.st_uid == geteuid() || status.st_uid == owner?.user else {
            throw PostgresError(.configuration, "'\(path)' belongs to another user; choose another DATA_DIR")
        }
        if let owner, fchown(descriptor, owner.user, owner.group) != 0 {
            throw failure("cannot give '\(path)' to PostgreSQL's user")
        }
        guard fchmod(descriptor, 0o700) == 0 else { throw failure("cannot close '\(path)' to other users") }
    }

    /// Refuses a folder that holds something other than a cluster, such as a home: it would be closed to everybody else.
    private static func requireOurs(_ path: String) throws(PostgresError) {
        if access(path + "/data/PG_VERSION", F_OK) == 0 { return }
        let names = ["data", "lock", "postgresql.log"]
        let other = ClusterTools.entries(of: path).first { name in
            ![".", ".."].contains(name) && !names.contains(name) && !name.hasPrefix(".s.PGSQL.")
        }
        guard let other else { return }
        throw PostgresError(
            .configuration,
            "'\(path)' holds '\(other)' and no cluster; choose a DATA_DIR that is empty or does not exist"
        )
    }

    private static func absolute(_ path: String) -> String {
        if path.hasPrefix("/") { return path }
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let here = getcwd(&buffer, buffer.count).map { String(cString: $0) } ?? ""
        return here + "/" + path
    }

    private static func failure(_ what: String) -> PostgresError {
        PostgresError(.configuration, "\(what): \(String(cString: strerror(errno)))")
    }

    /// Removes the folder that was made for the socket alone, which is empty once the cluster has stopped.
    func removeOwnSocketFolder() {
        if socket != path { rmdir(socket) }
    }

    /// Whether the process lives that the data says it belongs to (PostgreSQL manual, "postmaster.pid").
    var isServerAlive: Bool {
        guard let file = fopen(data + "/postmaster.pid", "r") else { return false }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 32)
        guard fgets(&line, Int32(clamping: line.count), file) != nil else { return false }
        let pid = pid_t(atoi(line))
        return pid > 0 && (kill(pid, 0) == 0 || errno == EPERM)
    }

    func exists(_ name: String) -> Bool { access("\(path)/\(name)", F_OK) == 0 }

    /// Appends text to a file of the folder.
    func append(_ text: String, to name: String) throws(PostgresError) {
        guard let file = fopen("\(path)/\(name)", "a") else { throw Self.failure("cannot write '\(path)/\(name)'") }
        defer { fclose(file) }
        guard fputs(text, file) >= 0 else { throw Self.failure("cannot write '\(path)/\(name)'") }
    }

    /// The last lines of a file, for an error's text.
    func tail(of file: String) -> String {
        guard let handle = fopen(file, "r") else { return "" }
        defer { fclose(handle) }
        fseek(handle, -min(2_000, Self.size(of: file)), SEEK_END)
        var bytes = [UInt8](repeating: 0, count: 2_000)
        let count = fread(&bytes, 1, bytes.count, handle)
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }

    private static func size(of file: String) -> Int {
        var status = stat()
        return stat(file, &status) == 0 ? Int(status.st_size) : 0
    }
}
