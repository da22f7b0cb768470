#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The shared memory of a postmaster, which each of its processes has attached until it ends.
///
/// PostgreSQL does not start while a process of an earlier postmaster has it attached (PostgreSQL source, `PGSharedMemoryCreate`).
struct ClusterMemory {
    private let key: key_t
    private let id: CInt

    /// The memory that the lock file of `directory` names (PostgreSQL source, `LOCK_FILE_LINE_SHMEM_KEY`); nil if it names none.
    init?(of directory: ClusterDirectory) {
        let lines = SmallFile.text(directory.pidFile)?.split(separator: "\n", omittingEmptySubsequences: false) ?? []
        guard lines.count > 6 else { return nil }
        let words = lines[6].split(separator: " ")
        // PostgreSQL writes both as unsigned numbers.
        guard words.count == 2, let key = UInt64(words[0]), let id = CInt(words[1]) else { return nil }
        self.key = key_t(truncatingIfNeeded: key)
        self.id = id
    }

    /// Whether any process has it attached. Identifiers are used again, so the key is compared.
    var isAttached: Bool {
        var status = shmid_ds()
        guard shmctl(id, IPC_STAT, &status) == 0, status.shm_nattch > 0 else { return false }
        #if canImport(Glibc)
            return status.shm_perm.__key == key
        #else
            return status.shm_perm._key == key
        #endif
    }
}
