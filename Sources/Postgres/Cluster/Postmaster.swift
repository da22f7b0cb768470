#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The process that runs a cluster.
///
/// `postmaster.pid` outlives a crash, and its number may belong to any other process by then: in a container the numbers begin anew with
/// each start. So the process itself is looked at before anything is concluded from the file, or sent to it.
enum Postmaster {
    /// The number of the living postmaster of `directory`; nil if there is none, whatever the file says.
    static func number(in directory: ClusterDirectory) -> pid_t? {
        guard let pid = number(inFile: directory.pidFile), isAlive(pid) else { return nil }
        return isPostmaster(pid, of: directory) ? pid : nil
    }

    /// Removes lock files that name a living process which is not the postmaster: PostgreSQL would take it for one and refuse to start.
    ///
    /// Files that name no living process stay: PostgreSQL examines them itself. It also examines whether processes of the cluster are
    /// left, by its shared memory, whose key is made of the data folder and not of the file (PostgreSQL source, `PGSharedMemoryCreate`).
    static func removeForeignLocks(of directory: ClusterDirectory) {
        for file in [directory.pidFile, directory.socketLock] {
            if let pid = number(inFile: file), isAlive(pid), !isPostmaster(pid, of: directory) { unlink(file) }
        }
    }

    /// The first line of a lock file (PostgreSQL source, `miscadmin.h`, `LOCK_FILE_LINE_PID`).
    private static func number(inFile path: String) -> pid_t? {
        guard let pid = SmallFile.text(path)?.split(separator: "\n").first.flatMap({ pid_t($0) }) else { return nil }
        return pid > 0 ? pid : nil
    }

    private static func isAlive(_ pid: pid_t) -> Bool { kill(pid, 0) == 0 || errno == EPERM }

    /// Whether a living process is PostgreSQL's and works in the data folder. The time of its start is not compared: clocks are set.
    ///
    /// What `/proc` (proc(5)) does not show, as on macOS, counts as the postmaster, as it does for `pg_ctl`.
    private static func isPostmaster(_ pid: pid_t, of directory: ClusterDirectory) -> Bool {
        let folder = "/proc/\(pid)"
        guard let name = SmallFile.text(folder + "/comm") else { return true }
        guard name.contains("postgres") else { return false }
        guard let data = FileID(directory.data) else { return false }
        if let found = FileID("\(folder)/cwd") { return found == data }
        // Where we may not follow that link, as root without capabilities, everybody may read the arguments.
        guard errno == EACCES, let arguments = SmallFile.text(folder + "/cmdline") else { return false }
        return arguments.split(separator: "\0").contains { FileID(String($0)) == data }
    }
}

/// Which file a path leads to.
private struct FileID: Equatable {
    let device: dev_t
    let number: ino_t

    init?(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        (device, number) = (status.st_dev, status.st_ino)
    }
}

/// Files of a few lines.
enum SmallFile {
    /// The first 64 KiB; nil if it cannot be read.
    static func text(_ path: String) -> String? {
        guard let file = fopen(path, "re") else { return nil }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = fread(&bytes, 1, bytes.count, file)
        return ferror(file) == 0 ? String(decoding: bytes.prefix(count), as: UTF8.self) : nil
    }
}
