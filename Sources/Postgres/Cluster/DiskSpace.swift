import ContractRuntime

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The free and total space of the file system that contains a directory.
public struct DiskSpace: Equatable, Sendable {
    /// Bytes available to ordinary users.
    public let free: Int
    /// The total number of bytes.
    public let total: Int

    /// Nil if the directory cannot be examined.
    public init?(at path: String) {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { return nil }
        let block = Int(clamping: status.f_frsize)
        free = Int(clamping: status.f_bavail).multipliedSaturated(by: block)
        total = Int(clamping: status.f_blocks).multipliedSaturated(by: block)
    }

    /// Whether there is no room for another segment of the write-ahead log, which takes 16 MiB.
    public var isFull: Bool { free < 16 << 20 }
}
