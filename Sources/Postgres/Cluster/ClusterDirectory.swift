import ContractRuntime

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The directory of a cluster: its data, its log, its socket.
struct ClusterDirectory {
    /// The directory itself.
    let path: String
    /// The directory of the socket: `path`, unless that is too long for a socket's address.
    let socket: String

    var data: String { path + "/data" }
    var log: String { path + "/postgresql.log" }
    /// The file of access rules (PostgreSQL manual, "The pg_hba.conf File").
    var accessRules: String { path + "/pg_hba.conf" }
    var pidFile: String { data + "/postmaster.pid" }
    var socketLock: String { socket + "/.s.PGSQL.5432.lock" }

    /// Creates the directory, for `owner` when running as root.
    static func prepare(_ path: String, owner: ClusterOwner?, mayMove: Bool) throws(PostgresError)
        -> ClusterDirectory
    {
        let wanted = absolute(path)
        let chosen = try reachable(wanted, owner, mayMove)
        try make(chosen, owner)
        // The address of a Unix socket has at most 107 bytes (unix(7)); the file name is `/.s.PGSQL.5432`. libpq treats a comma as a
        // separator between hosts.
        let isAddress = chosen.utf8.count <= 90 && !chosen.utf8.contains(UInt8(ascii: ","))
        let socket =
            isAddress ? chosen : "/tmp/flotilla-\(geteuid())-\(String(Fingerprint.of(chosen), radix: 36))"
        if socket != chosen { try make(socket, owner) }
        return ClusterDirectory(path: chosen, socket: socket)
    }

    /// The directory, or its replacement under `/var/lib/flotilla` if its owner cannot reach it.
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

    /// The first existing directory above `path` that `owner` cannot enter.
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

    /// Creates a directory that only its owner can enter, or restricts an existing one: the cluster trusts every client of its socket.
    private static func make(_ path: String, _ owner: ClusterOwner?) throws(PostgresError) {
        var folder = ""
        for part in path.split(separator: "/") {
            folder += "/\(part)"
            if mkdir(folder, folder == path ? 0o700 : 0o755) != 0, errno != EEXIST {
                throw failure("cannot create '\(folder)'")
            }
        }
        try requireOurs(path)
        // A path can be replaced concurrently; an open descriptor cannot.
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("cannot open '\(path)'") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure("cannot examine '\(path)'") }
        // As root we give our own directories to PostgreSQL's user.
        guard status.st_uid == geteuid() || status.st_uid == owner?.user else {
            throw PostgresError(.configuration, "'\(path)' belongs to another user; choose another DATA_DIR")
        }
        if let owner, fchown(descriptor, owner.user, owner.group) != 0 {
            throw failure("cannot change the owner of '\(path)' to PostgreSQL's user")
        }
        guard fchmod(descriptor, 0o700) == 0 else { throw failure("cannot restrict access to '\(path)'") }
    }

    /// Rejects a directory that contains something other than a cluster, such as a home directory: others would lose access to it.
    private static func requireOurs(_ path: String) throws(PostgresError) {
        if access(path + "/data/PG_VERSION", F_OK) == 0 { return }
        let names = entries(of: path)
        if let kept = names.first(where: { $0.hasPrefix("data-") }) {
            let advice = "an upgrade was interrupted; rename '\(kept)' to 'data' and restart"
            throw PostgresError(.configuration, "'\(path)' contains '\(kept)' and no directory 'data': \(advice)")
        }
        let ours = ["data", "data.new", "lock", "pg_hba.conf", "pg_hba.conf.new", "postgresql.log"]
        guard let other = names.first(where: { !ours.contains($0) && !$0.hasPrefix(".s.PGSQL.") }) else { return }
        throw PostgresError(
            .configuration,
            "'\(path)' contains '\(other)' and no cluster; choose a DATA_DIR that is empty or does not exist"
        )
    }

    /// The names in a directory; empty if it cannot be read.
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
        return names.filter { $0 != "." && $0 != ".." }
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

    /// Removes the directory that was created only for the socket. It is empty once the cluster has stopped.
    func removeOwnSocketFolder() {
        if socket != path { rmdir(socket) }
    }

    /// The major version of PostgreSQL that created the data; nil if there is no cluster yet.
    func majorVersion() throws(PostgresError) -> Int? {
        let file = data + "/PG_VERSION"
        guard access(file, F_OK) == 0 else { return nil }
        let text = SmallFile.text(file) ?? ""
        if let version = Installation.major(of: text) { return version }
        let expected = "expected a major version of PostgreSQL, such as 15"
        throw PostgresError(.configuration, "'\(file)' contains '\(text)'; \(expected)")
    }

    func exists(_ name: String) -> Bool { access("\(path)/\(name)", F_OK) == 0 }

    /// Appends text to a file in the directory.
    func append(_ text: String, to name: String) throws(PostgresError) {
        guard let file = fopen("\(path)/\(name)", "a") else { throw Self.failure("cannot write '\(path)/\(name)'") }
        defer { fclose(file) }
        guard fputs(text, file) >= 0 else { throw Self.failure("cannot write '\(path)/\(name)'") }
    }

    /// Replaces the content of a file in the directory and sets its owner. An unchanged file is not written, so that this works on a full
    /// disk.
    func replace(_ file: String, with text: String, owner: ClusterOwner?) throws(PostgresError) {
        if SmallFile.text(file)?.hasSameScalars(as: text) == true { return }
        let new = file + ".new"
        unlink(new)
        // The cluster's user owns the directory: do not follow a link that was placed there.
        let descriptor = open(new, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure("cannot create '\(new)'") }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        guard bytes.withUnsafeBytes({ write(descriptor, $0.baseAddress, $0.count) }) == bytes.count else {
            throw Self.failure("cannot write '\(new)'")
        }
        if let owner, fchown(descriptor, owner.user, owner.group) != 0 {
            throw Self.failure("cannot change the owner of '\(new)' to PostgreSQL's user")
        }
        guard rename(new, file) == 0 else { throw Self.failure("cannot rename '\(new)'") }
    }

    /// Renames an entry of the directory and syncs the change to disk.
    func move(_ name: String, to newName: String) throws(PostgresError) {
        guard rename("\(path)/\(name)", "\(path)/\(newName)") == 0 else {
            throw Self.failure("cannot rename '\(path)/\(name)' to '\(newName)'")
        }
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure("cannot open '\(path)'") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw Self.failure("cannot sync '\(path)' to disk") }
    }

    /// The last lines of a file, for an error message.
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
