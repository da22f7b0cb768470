#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The shared memory of a postmaster. Each of its processes is attached to it until it ends.
///
/// PostgreSQL does not start while a process of an earlier postmaster is attached (PostgreSQL source, `PGSharedMemoryCreate`).
struct ClusterMemory {
    private let key: key_t
    private let id: CInt

    /// The memory that the lock file of `directory` names (PostgreSQL source, `LOCK_FILE_LINE_SHMEM_KEY`); nil if it names none.
    init?(of directory: ClusterDirectory) {
        let lines = SmallFile.text(directory.pidFile)?.split(separator: "\n", omittingEmptySubsequences: false) ?? []
        let words = lines.dropFirst(6).first?.split(separator: " ") ?? []
        // PostgreSQL writes the key as an unsigned long.
        guard words.count == 2, let key = words.first.flatMap({ UInt64($0) }), let id = words.last.flatMap({ CInt($0) })
        else { return nil }
        self.key = key_t(truncatingIfNeeded: key)
        self.id = id
    }

    /// Whether any process is attached. Identifiers are reused, so the key is compared.
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
