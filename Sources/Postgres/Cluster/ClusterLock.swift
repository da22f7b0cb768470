#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Says that a living process uses a cluster: a file lock, which the kernel gives back when the process ends, however it ends.
struct ClusterLock {
    private let descriptor: Int32

    /// Takes the lock of the cluster in `directory`; held by another process, or twice by this one, it is an error.
    init(_ directory: ClusterDirectory) throws(PostgresError) {
        let path = directory.path + "/lock"
        // PostgreSQL must not inherit it, or the lock would outlive us.
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw PostgresError(.configuration, "cannot open '\(path)'") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            let message =
                "another server uses the cluster in '\(directory.path)'; stop it, choose another DATA_DIR or set DATABASE_URL"
            throw PostgresError(.configuration, message)
        }
    }

    /// Gives the lock back.
    func release() {
        // Closing is not enough: a process that is being forked at this moment holds the lock too, until it runs its program.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }
}
