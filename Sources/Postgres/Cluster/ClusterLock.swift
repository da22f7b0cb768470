#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Marks a cluster as used by a running process: a file lock, which the kernel releases when the process ends for any reason.
struct ClusterLock {
    private let descriptor: Int32

    /// Locks the cluster in `directory`. Throws if another process, or this one, already holds the lock.
    init(_ directory: ClusterDirectory) throws(PostgresError) {
        let path = directory.path + "/lock"
        // PostgreSQL must not inherit the descriptor, or the lock would outlive this process.
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw PostgresError(.configuration, "cannot open '\(path)'") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            let message =
                "another server is using the cluster in '\(directory.path)'; stop it, choose another DATA_DIR or set DATABASE_URL"
            throw PostgresError(.configuration, message)
        }
    }

    /// Releases the lock.
    func release() {
        // Closing is not enough: a process that is being forked at this moment also holds the lock until it executes its program.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }
}
