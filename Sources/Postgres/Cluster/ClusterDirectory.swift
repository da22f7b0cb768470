import ContractRuntime

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The folder of a cluster: its data, its log, its socket.
struct ClusterDirectory {
    /// The folder itself.
    let path: String
    /// The folder of the socket: `path` itself unless that cannot be a socket's address.
    let socket: String

    var data: String { path + "/data" }
    var log: String { path + "/postgresql.log" }
    /// Who may connect (PostgreSQL manual, "The pg_hba.conf File").
    var accessRules: String { path + "/pg_hba.conf" }
    var pidFile: String { data + "/postmaster.pid" }
    var socketLock: String { socket + "/.s.PGSQL.5432.lock" }

    /// Makes the folder, for `owner` when we are root.
    static func prepare(_ path: String, owner: ClusterOwner?, mayMove: Bool) throws(PostgresError)
        -> ClusterDirectory
    {
        let wanted = absolute(path)
        let chosen = try reachable(wanted, owner, mayMove)
        try make(chosen, owner)
        // The address of a Unix socket holds 107 bytes (unix(7)); the name is `/.s.PGSQL.5432`. To libpq a comma separates two hosts.
        let isAddress = chosen.utf8.count <= 90 && !chosen.utf8.contains(UInt8(ascii: ","))
        let socket =
            isAddress ? chosen : "/tmp/flotilla-\(geteuid())-\(String(Fingerprint.of(chosen), radix: 36))"
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
        let names = entries(of: path)
        if let kept = names.first(where: { $0.hasPrefix("data-") }) {
            let advice = "an upgrade was interrupted; rename '\(kept)' to 'data' and start again"
            throw PostgresError(.configuration, "'\(path)' holds '\(kept)' and no folder 'data': \(advice)")
        }
        let ours = ["data", "data.new", "lock", "pg_hba.conf", "pg_hba.conf.new", "postgresql.log"]
        guard let other = names.first(where: { !ours.contains($0) && !$0.hasPrefix(".s.PGSQL.") }) else { return }
        throw PostgresError(
            .configuration,
            "'\(path)' holds '\(other)' and no cluster; choose a DATA_DIR that is empty or does not exist"
        )
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

    /// Removes the folder that was made for the socket alone, which is empty once the cluster has stopped.
    func removeOwnSocketFolder() {
        if socket != path { rmdir(socket) }
    }

    /// The major version of PostgreSQL that made the data; nil if there is no cluster yet.
    func majorVersion() throws(PostgresError) -> Int? {
        let file = data + "/PG_VERSION"
        guard access(file, F_OK) == 0 else { return nil }
        let text = SmallFile.text(file) ?? ""
        if let version = Installation.major(of: text) { return version }
        let expected = "expected a major version of PostgreSQL, such as 15"
        throw PostgresError(.configuration, "'\(file)' holds '\(text)'; \(expected)")
    }

    func exists(_ name: String) -> Bool { access("\(path)/\(name)", F_OK) == 0 }

    /// Appends text to a file of the folder.
    func append(_ text: String, to name: String) throws(PostgresError) {
        guard let file = fopen("\(path)/\(name)", "a") else { throw Self.failure("cannot write '\(path)/\(name)'") }
        defer { fclose(file) }
        guard fputs(text, file) >= 0 else { throw Self.failure("cannot write '\(path)/\(name)'") }
    }

    /// Makes a file of the folder have this text, and be `owner`'s. One that has it already is not written, as on a full disk.
    func replace(_ file: String, with text: String, owner: ClusterOwner?) throws(PostgresError) {
        if SmallFile.text(file)?.hasSameScalars(as: text) == true { return }
        let new = file + ".new"
        unlink(new)
        // The folder is the cluster's user's: a link that lies in it must not lead us elsewhere.
        let descriptor = open(new, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure("cannot make '\(new)'") }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        guard bytes.withUnsafeBytes({ write(descriptor, $0.baseAddress, $0.count) }) == bytes.count else {
            throw Self.failure("cannot write '\(new)'")
        }
        if let owner, fchown(descriptor, owner.user, owner.group) != 0 {
            throw Self.failure("cannot give '\(new)' to PostgreSQL's user")
        }
        guard rename(new, file) == 0 else { throw Self.failure("cannot rename '\(new)'") }
    }

    /// Renames an entry of the folder, and waits until the disk knows.
    func move(_ name: String, to newName: String) throws(PostgresError) {
        guard rename("\(path)/\(name)", "\(path)/\(newName)") == 0 else {
            throw Self.failure("cannot rename '\(path)/\(name)' to '\(newName)'")
        }
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure("cannot open '\(path)'") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw Self.failure("cannot write '\(path)' to the disk") }
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
