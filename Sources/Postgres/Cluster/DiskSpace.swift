import ContractRuntime

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// How much room the file system of a folder has.
public struct DiskSpace: Equatable, Sendable {
    /// Bytes that ordinary users can still write.
    public let free: Int
    /// Bytes in all.
    public let total: Int

    /// Nil if the folder cannot be looked at.
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
