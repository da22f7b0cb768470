#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The main process of a cluster.
///
/// `postmaster.pid` remains after a crash, and its process id may then belong to any other process: in a container, the ids restart with
/// each start. So this checks the process itself before it relies on the file or sends a signal.
enum Postmaster {
    /// The process id of the running postmaster of `directory`; nil if there is none, regardless of the file.
    static func number(in directory: ClusterDirectory) -> pid_t? {
        guard let pid = number(inFile: directory.pidFile), isAlive(pid) else { return nil }
        return isPostmaster(pid, of: directory) ? pid : nil
    }

    /// Removes lock files that name a running process other than the postmaster: PostgreSQL would mistake it for one and refuse to start.
    ///
    /// Files that name no running process are kept: PostgreSQL checks them itself. It also checks for remaining processes of the cluster by
    /// its shared memory, whose key is derived from the data directory and not from the file (PostgreSQL source, `PGSharedMemoryCreate`).
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

    /// Whether a running process is PostgreSQL's and its working directory is the data directory. Its start time is not compared, because
    /// clocks can be changed.
    ///
    /// A process that `/proc` (proc(5)) does not show, as on macOS, counts as the postmaster, as it does for `pg_ctl`.
    private static func isPostmaster(_ pid: pid_t, of directory: ClusterDirectory) -> Bool {
        let folder = "/proc/\(pid)"
        guard let name = SmallFile.text(folder + "/comm") else { return true }
        guard name.contains("postgres") else { return false }
        guard let data = FileID(directory.data) else { return false }
        if let found = FileID("\(folder)/cwd") { return found == data }
        // If we may not follow that link, as root without capabilities, the arguments are still readable.
        guard errno == EACCES, let arguments = SmallFile.text(folder + "/cmdline") else { return false }
        return arguments.split(separator: "\0").contains { FileID(String($0)) == data }
    }
}

/// The identity of a file.
private struct FileID: Equatable {
    let device: dev_t
    let number: ino_t

    init?(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        (device, number) = (status.st_dev, status.st_ino)
    }
}

/// Reads small files.
enum SmallFile {
    /// The first 64 KiB; nil if the file cannot be read.
    static func text(_ path: String) -> String? {
        guard let file = fopen(path, "re") else { return nil }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = fread(&bytes, 1, bytes.count, file)
        return ferror(file) == 0 ? String(decoding: bytes.prefix(count), as: UTF8.self) : nil
    }
}
