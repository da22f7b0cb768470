#if TLS
#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Identifies a version of a file without reading it: its inode and the time of its last change.
struct FileIdentity: Equatable, Sendable {
    private let device: dev_t
    private let inode: ino_t
    private let size: off_t
    private let modified: Time
    /// The time of the last status change, which includes changes of owner and mode.
    private let changed: Time

    private struct Time: Equatable {
        let seconds: Int
        let nanoseconds: Int

        init(_ time: timespec) {
            seconds = time.tv_sec
            nanoseconds = time.tv_nsec
        }
    }

    /// Follows symbolic links, because some tools replace files by changing a link. Nil if there is no file.
    init?(path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        device = status.st_dev
        inode = status.st_ino
        size = status.st_size
        #if canImport(Glibc)
        modified = Time(status.st_mtim)
        changed = Time(status.st_ctim)
        #else
        modified = Time(status.st_mtimespec)
        changed = Time(status.st_ctimespec)
        #endif
    }

    /// The identities of a certificate file and its key file.
    static func of(_ files: ServerConfiguration.TLSFiles) -> [FileIdentity?] {
        [FileIdentity(path: files.certificate), FileIdentity(path: files.key)]
    }
}
#endif
